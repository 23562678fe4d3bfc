"""BBM92 with a continuous source: statistics against simulated time tags, optimum, units."""

import numpy as np
import pytest

from noclone.link import FixedLoss, Link, MeasuredTransmittance, ThresholdDetectors
from noclone.link.pair_sources import ContinuousPairSource
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.continuous_bbm92 import ContinuousBBM92, close_pairs, dark_rate_hz


def link(pair_rate_hz, window_s, spread_s, error=0.0, loss=(3.0, 5.0), dark=1e-4, jitter_s=0.0):
    return Link(
        alice=ThresholdDetectors(
            efficiency=0.8,
            dark_count_prob=dark,
            misalignment=0.01,
            gate_width_s=1e-8,
            jitter_s=jitter_s,
        ),
        channels=tuple(FixedLoss(loss_db=each) for each in loss),
        middle=ContinuousPairSource(
            pair_rate_hz=pair_rate_hz,
            coincidence_window_s=window_s,
            timing_spread_s=spread_s,
            polarisation_error=error,
        ),
        bob=ThresholdDetectors(efficiency=0.5, dark_count_prob=3 * dark, misalignment=0.04),
    )


VARYING = link(2e7, 1e-9, 5e-10).replaced(
    {"channel_b": MeasuredTransmittance(duration_s=(1, 3), transmittance=(0.9, 0.2))}
)

LINKS = {
    "good": (link(1e8, 3e-10, 1e-10, loss=(1.0, 1.0)), ContinuousBBM92()),
    "wide jitter": (link(5e7, 1e-9, 2e-9, error=0.05), ContinuousBBM92(basis_prob=0.7)),
    "one bad detector": (link(5e7, 1e-9, 5e-10, jitter_s=1.5e-9), ContinuousBBM92()),
    "perfect timing": (link(3e7, 1e-9, 0.0), ContinuousBBM92()),
    "noise": (link(1e6, 1e-8, 1e-10, dark=5e-3), ContinuousBBM92(basis_prob=0.9)),
    "varying": (VARYING, ContinuousBBM92(basis_prob=0.6)),
}


def test_nothing_is_wrong_with_it():
    assert check_protocol(ContinuousBBM92) == ()


@pytest.mark.parametrize("name", LINKS)
def test_time_tags_agree_with_the_statistics(name):
    where, protocol = LINKS[name]
    protocol.check_link(where)
    rounds = 1_000_000
    seen = protocol.sample(where, rounds, np.random.default_rng(21))
    for row in compare(protocol.statistics(where), seen, rounds):
        assert row.p_value > 1e-4, row


def test_accidentals_alone_err_half_of_the_time():
    where = link(1e4, 1e-7, 1e-10, loss=(150.0, 150.0), dark=1e-2)
    shown = ContinuousBBM92().statistics(where)
    expected = dark_rate_hz(where.alice) * dark_rate_hz(where.bob) * 1e-7**2
    assert float(shown["coincidence"]) == pytest.approx(float(expected), rel=1e-6)
    assert float(shown["error"] / shown["sifted"]) == pytest.approx(0.5)


def test_row_of_the_reference_table_as_a_link():
    """Neumann et al.'s model at B = 1e8/s, eta = .1: 336 601 bits per second and an error rate of 2.428 %."""
    station = ThresholdDetectors(efficiency=0.1, dark_count_prob=1 - np.exp(-150e-9), gate_width_s=1e-9)
    none = FixedLoss(loss_db=0.0)
    middle = ContinuousPairSource(
        pair_rate_hz=1e8, coincidence_window_s=3e-10, timing_spread_s=1e-10, polarisation_error=0.01
    )
    where = Link(alice=station, channels=(none, none), middle=middle, bob=station)
    rate = ContinuousBBM92(f_ec=1.1).rate(where)
    assert float(rate.rate_bps) == pytest.approx(336600.748, rel=1e-6)
    assert float(rate.qber) == pytest.approx(0.02428, abs=5e-6)


def test_brightness_and_window_have_an_optimum():
    """Per second; the typical link is close to it."""
    where, protocol = ContinuousBBM92.typical(60.0)
    pair_rate, window = np.meshgrid(np.geomspace(1e7, 1e10, 61), np.geomspace(1e-11, 1e-9, 61))
    grid = where.middle.with_arrays({"pair_rate_hz": pair_rate, "coincidence_window_s": window})
    rates = protocol.rate(where.replaced({"middle": grid})).rate_bps
    best = np.unravel_index(rates.argmax(), rates.shape)
    assert 0 < best[0] < 60
    assert 0 < best[1] < 60
    assert float(protocol.rate(where).rate_bps) > 0.97 * rates.max()


def test_close_pairs_are_all_found():
    rng = np.random.default_rng(3)
    first, second = np.sort(rng.random(300)), np.sort(rng.random(200))
    found = set(zip(*(part.tolist() for part in close_pairs(first, second, 0.01)), strict=True))
    near = np.argwhere(np.abs(first[:, None] - second[None]) <= 0.01)
    assert found == {tuple(each) for each in near.tolist()}
