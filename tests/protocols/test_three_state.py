import numpy as np
import pytest

from noclone.link import FixedLoss, Link, SinglePhotonSource, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.three_state import ThreeState
from noclone.rates.entropy import binary_entropy


@pytest.mark.parametrize(("qber", "certified"), [(0.02, 0.179279728), (0.05, 0.106801521)])
def test_it_is_the_certified_rate(qber, certified):
    # By a certified numerical proof of the three-state protocol at equal choices (an independent solver).
    link = Link(
        alice=SinglePhotonSource(clock_rate_hz=1e6),
        channel=FixedLoss(loss_db=0.0),
        bob=ThresholdDetectors(efficiency=1.0, misalignment=qber),
    )
    rate = float(ThreeState(basis_prob=0.5, f_ec=1.0).rate(link).rate_per_pulse)
    assert rate == pytest.approx(certified, abs=2e-9)
    assert rate == pytest.approx((1 - 2 * float(binary_entropy(qber))) / 4, rel=1e-12)


def test_with_decoys_it_has_the_rate_of_bb84():
    """Ma et al., PRA 72, 012326 (2005), eq. (11), with both detectors' dark counts counted exactly."""
    eta, dark, error, mu = 0.01, 1e-6, 0.02, 0.5
    link = Link(
        alice=WeakCoherentSource(intensities=(mu,), clock_rate_hz=1e9),
        channel=FixedLoss(loss_db=20.0),
        bob=ThresholdDetectors(efficiency=1.0, dark_count_prob=dark, misalignment=error),
    )
    background = 1 - (1 - dark) ** 2
    gain = 1 - (1 - background) * np.exp(-eta * mu)
    wrong = error * -np.expm1(-eta * mu) + background / 2 * np.exp(-eta * mu)
    single = background + eta - background * eta
    single_wrong = error * eta + background / 2 * (1 - eta)
    rate = single * mu * np.exp(-mu) * (1 - binary_entropy(single_wrong / single))
    rate -= 1.16 * gain * binary_entropy(wrong / gain)
    ours = float(ThreeState(basis_prob=0.8).rate(link).rate_per_pulse) / 0.64
    assert ours == pytest.approx(float(rate), rel=1e-4)
