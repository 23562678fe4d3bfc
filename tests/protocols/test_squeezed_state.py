"""Squeezed states: what squeezing gains, its limits, statistics against samples."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import FixedLoss, Link
from noclone.link.coherent import CoherentReceiver, GaussianModulation
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.gg02 import GG02
from noclone.protocols.squeezed_state import SqueezedState


def link_of(t, v_a=6.0, s=0.3, xi=0.01, eta=0.8, v_el=0.02, **bob):
    return Link(
        alice=GaussianModulation(
            modulation_variance_snu=v_a, squeezed_variance_snu=s, excess_noise_snu=xi, clock_rate_hz=1e8
        ),
        channel=FixedLoss(loss_db=-10 * np.log10(t)),
        bob=CoherentReceiver(efficiency=eta, electronic_noise_snu=v_el, **{"trusted": True} | bob),
    )


def rate(protocol, link, **how):
    return float(protocol.rate(link, **how).rate_per_pulse)


def test_it_is_sound():
    assert check_protocol(SqueezedState) == ()


@pytest.mark.parametrize("t", [0.9, 0.3, 0.03])
def test_without_squeezing_it_is_gg02_with_half_of_the_symbols(t):
    link = link_of(t, s=1.0)
    assert rate(SqueezedState(), link) == pytest.approx(rate(GG02(), link) / 2, rel=1e-12)


@pytest.mark.parametrize("t", [0.9, 0.3, 0.03])
def test_squeezing_gains_at_the_same_thermal_variance(t):
    rates = [rate(SqueezedState(), link_of(t, v_a=6.3 - s, s=s)) for s in (1.0, 0.7, 0.4, 0.2)]
    assert np.all(np.diff(rates) > 0)


def test_heterodyne_noise_on_bobs_side_defends_against_a_noisy_channel():
    """Garcia-Patron and Cerf, PRL 102, 130501 (2009): the longest tolerable noise of the four protocols."""
    noises, tolerated = np.linspace(0, 1, 201), []
    for detection in ("homodyne", "heterodyne"):
        link = link_of(0.6, v_a=40.0, s=0.05, eta=1.0, v_el=0.0, detection=detection)
        grid = link.replaced({"alice": link.alice.with_arrays({"excess_noise_snu": noises})})
        rates = SqueezedState(reconciliation_efficiency=1.0).rate(grid).rate_per_pulse
        tolerated.append(noises[rates > 0].max())
    assert tolerated[1] > tolerated[0] + 0.05


@pytest.mark.parametrize("bound", ["leverrier-2010", "pirandola-2021"])
@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_finite_blocks(bound, detection):
    link, protocol = link_of(0.3, detection=detection), SqueezedState(estimation_share=0.2)
    rates = protocol.rate(link, bound=bound, pulses=10.0 ** np.arange(6, 17)).rate_per_pulse
    assert np.all(np.diff(rates) >= 0)
    assert rates[-1] == pytest.approx(rate(protocol, link, bound=bound), rel=1e-4)
    assert rates[-1] == pytest.approx(0.8 * rate(protocol, link), rel=1e-4)


LINKS = [
    link_of(0.8),
    link_of(0.2, s=0.1, v_a=12.0),
    link_of(0.5, detection="heterodyne"),
    link_of(0.9, s=0.5, xi=0.2, detection="heterodyne", adc_bits=5, adc_range=16.0),
    link_of(0.05, s=0.9, v_a=1.0),
]


@pytest.mark.parametrize("index", range(len(LINKS)))
def test_samples_agree_with_statistics(index):
    link, protocol, rounds = LINKS[index], SqueezedState(), 300_000
    sampled = protocol.sample(link, rounds, np.random.default_rng(200 + index))
    for row in compare(protocol.statistics(link), sampled, rounds):
        assert row.p_value > 1e-4, row


def test_a_grid_that_shows_the_squeezing_is_refused():
    link = link_of(0.5)
    grid = link.replaced({"alice": link.alice.with_arrays({"squeezed_variance_snu": [0.3, 0.1]})})
    with pytest.raises(InvalidInput, match=r"alice.modulation_variance_snu must be at least 9.9"):
        SqueezedState().check_link(grid)
