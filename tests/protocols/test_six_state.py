import numpy as np
import pytest
from scipy.optimize import brentq

from noclone.core.errors import InvalidInput
from noclone.link import FixedLoss, Link, SinglePhotonSource, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.six_state import SixState


def ideal(qber, loss_db=0.0):
    return Link(
        alice=SinglePhotonSource(clock_rate_hz=1e6),
        channel=FixedLoss(loss_db=loss_db),
        bob=ThresholdDetectors(efficiency=1.0, misalignment=qber),
    )


def test_the_threshold_is_that_of_the_literature():
    # Scarani et al., Rev. Mod. Phys. 81, 1301 (2009), appendix A.
    def total(qber):
        return float(sum(SixState(f_ec=1.0).key(ideal(qber), "infinite-decoy", None).terms.values()))

    assert brentq(total, 0.05, 0.2, xtol=1e-12) == pytest.approx(0.12619308327682116, rel=1e-6)


def test_a_finite_key_grows_towards_the_limit():
    protocol = SixState(basis_prob=0.9, f_ec=1.16)
    link = ideal(0.02, 10.0)
    sizes = 10.0 ** np.arange(5, 24)
    rates = protocol.rate(link, pulses=sizes).rate_per_pulse
    assert rates[0] == 0.0
    assert np.all(np.diff(rates) >= 0)
    limit = protocol.rate(link)
    assert rates[-1] == pytest.approx(float(limit.rate_per_pulse), rel=1e-4)
    assert limit.security.regime == "asymptotic"
    assert protocol.rate(link, pulses=1e10).security.attacks == "collective"


def test_no_block_gives_no_key_without_light():
    dark = Link(
        alice=SinglePhotonSource(clock_rate_hz=1e6),
        channel=FixedLoss(loss_db=0.0),
        bob=ThresholdDetectors(efficiency=0.0),
    )
    assert float(SixState().rate(dark, pulses=1e9).rate_per_pulse) == 0.0


def test_the_finite_bound_refuses_a_laser():
    link = Link(
        alice=WeakCoherentSource(intensities=(0.5,), clock_rate_hz=1e9),
        channel=FixedLoss(loss_db=3.0),
        bob=ThresholdDetectors(efficiency=0.5),
    )
    with pytest.raises(InvalidInput, match="must be infinite-decoy for a weak-coherent source"):
        SixState().rate(link)
    assert SixState().rate(link, bound="infinite-decoy").rate_per_pulse > 0
