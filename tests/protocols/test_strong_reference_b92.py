import numpy as np
import pytest

from noclone.link import FixedLoss, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.strong_reference_b92 import StrongReferenceB92
from noclone.rates.entropy import binary_entropy


def link_of(loss_db, misalignment, dark=0.0):
    return Link(
        alice=WeakCoherentSource(intensities=(0.15,), clock_rate_hz=1e9),
        channel=FixedLoss(loss_db=loss_db),
        bob=ThresholdDetectors(efficiency=0.5, misalignment=misalignment, dark_count_prob=dark),
    )


def test_loss_alone_leaves_what_splitting_the_light_leaves():
    light = 0.15 * 0.5 * 0.1
    lost = (1 - np.exp(-2 * (0.15 - light))) / 2
    expected = (1 - np.exp(-4 * light)) / 2 * (1 - binary_entropy(lost))
    rate = StrongReferenceB92(f_ec=1.0).rate(link_of(10.0, 0.0)).rate_per_pulse
    assert rate == pytest.approx(float(expected), rel=1e-5)


def test_the_rate_is_linear_in_the_transmittance():
    link = link_of(0.0, 0.005, 1e-10)
    losses = np.linspace(20.0, 50.0, 7)
    grid = link.replaced({"channel": link.channel.with_arrays({"loss_db": losses})})
    rates = StrongReferenceB92().rate(grid).rate_per_pulse
    assert np.polyfit(-losses / 10, np.log10(rates), 1)[0] == pytest.approx(1.0, abs=2e-3)
