import numpy as np
import pytest

from noclone.link import FixedLoss, Link, SinglePhotonSource, ThresholdDetectors
from noclone.protocols.b92 import B92

# Tamaki and Lütkenhaus, PRA 69, 032316 (2004), Fig. 2: loss and tolerable depolarising rate p.
TOLERABLE = [(0.0, 0.034), (0.2, 0.023), (0.5, 0.012)]


def link_of(loss, depolarisation):
    return Link(
        alice=SinglePhotonSource(clock_rate_hz=1e6),
        channel=FixedLoss(loss_db=-10 * np.log10(1 - loss)),
        bob=ThresholdDetectors(efficiency=1.0, misalignment=2 * depolarisation / 3),
    )


@pytest.mark.parametrize(("loss", "tolerable"), TOLERABLE)
def test_the_tolerable_noise_is_the_papers(loss, tolerable):
    """With p the strength of rho -> (1 - p) rho + (p / 3) sum of s rho s, at the best overlap."""
    best = B92(overlap=0.5, f_ec=1.0).with_arrays({"overlap": np.linspace(0.05, 0.99, 500)})
    assert best.rate(link_of(loss, tolerable * 0.97)).rate_per_pulse.max() > 0
    assert best.rate(link_of(loss, tolerable * 1.03)).rate_per_pulse.max() == 0


def test_discrimination_ends_it_where_the_loss_reaches_the_overlap():
    protocol = B92(overlap=0.6)
    assert float(protocol.rate(link_of(0.55, 0.0)).rate_per_pulse) > 0
    assert float(protocol.rate(link_of(0.61, 0.0)).rate_per_pulse) == 0
