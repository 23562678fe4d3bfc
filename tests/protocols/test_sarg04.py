import numpy as np
import pytest

from noclone.link import FixedLoss, Link, SinglePhotonSource, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.sarg04 import SARG04
from noclone.protocols.three_state import ThreeState


def link_of(source, misalignment, loss_db=0.0):
    return Link(
        alice=source,
        channel=FixedLoss(loss_db=loss_db),
        bob=ThresholdDetectors(efficiency=1.0, misalignment=misalignment),
    )


@pytest.mark.parametrize(
    ("strength", "certified"),
    [(0.02, 0.185734380), (0.05, 0.121690699), (0.10, 0.041669210), (0.12, 0.015103950)],
)
def test_it_is_below_the_certified_optimum(strength, certified):
    """A certified numerical proof from the full statistics; the closed form reads the error rate alone."""
    photon = SinglePhotonSource(clock_rate_hz=1e6)
    answer = SARG04(f_ec=1.0).rate(link_of(photon, strength / 2))
    assert float(answer.sifted_bits) == pytest.approx(0.25 + strength / 4)
    assert float(answer.qber) == pytest.approx(strength / 4 / (0.25 + strength / 4))
    assert certified / 2 < float(answer.rate_per_pulse) < certified or strength > 0.05
    assert float(answer.rate_per_pulse) < certified


def test_pairs_of_photons_give_key_only_below_their_threshold():
    source = WeakCoherentSource(intensities=(0.3,), clock_rate_hz=1e9)
    clean, noisy = (SARG04(f_ec=1.0).rate(link_of(source, error, 10.0)) for error in (0.001, 0.3))
    assert clean.terms["photon pairs"] > 0
    assert noisy.terms["photon pairs"] == pytest.approx(0.0, abs=1e-12)


def test_with_decoys_it_is_behind_bb84_at_every_loss():
    losses, lights = np.linspace(0.0, 40.0, 9)[:, None], np.geomspace(0.01, 1.0, 100)
    link = link_of(WeakCoherentSource(intensities=(0.5,), clock_rate_hz=1e9), 0.01)
    grid = link.replaced(
        {
            "alice": link.alice.with_arrays({"intensities[0]": lights}),
            "channel": link.channel.with_arrays({"loss_db": losses}),
        }
    )
    own, other = (
        each.rate(grid).rate_per_pulse.max(axis=1) for each in (SARG04(), ThreeState(basis_prob=0.9))
    )
    # Sifting to half, as BB84 with equal choices does.
    assert np.all(own < other / 0.81 / 2)
