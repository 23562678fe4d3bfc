"""BBM92 with a continuous source: statistics against simulated time tags, optimum, units."""

import dataclasses

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import Fibre, FixedLoss, Link, MeasuredTransmittance, ThresholdDetectors
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
    "noise": (link(1e6, 2e-9, 1e-10, dark=5e-3), ContinuousBBM92(basis_prob=0.9)),
    "varying": (VARYING, ContinuousBBM92(basis_prob=0.6)),
    "late": (
        link(5e7, 1e-9, 3e-10).replaced(
            {
                "alice": ThresholdDetectors(
                    efficiency=0.7, jitter_s=4e-10, jitter_tail_share=0.4, jitter_tail_s=5e-10
                ),
                "bob": ThresholdDetectors(efficiency=0.6, jitter_tail_share=0.3, jitter_tail_s=2e-9),
            }
        ),
        ContinuousBBM92(),
    ),
    "dispersion and neighbours": (
        link(5e7, 1e-9, 3e-10, jitter_s=2e-10).replaced(
            {
                "channel_a": Fibre(length_km=20, dispersion_ps_per_nm_km=17, linewidth_nm=2.0),
                "channel_b": Fibre(
                    length_km=30, dispersion_ps_per_nm_km=17, linewidth_nm=2.0, forward_power_mw=0.01
                ),
            }
        ),
        ContinuousBBM92(),
    ),
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


def with_receivers(jitter_s, timing_spread_s=2e-11):
    where, protocol = ContinuousBBM92.typical(50.0)
    station = dataclasses.replace(where.alice, jitter_s=jitter_s)
    middle = dataclasses.replace(where.middle, timing_spread_s=timing_spread_s)
    return where.replaced({"alice": station, "bob": station, "middle": middle}), protocol


@pytest.mark.parametrize("jitter_s", [0.0, 1e-13, 2e-11, 5.5e-11, 2e-10, 5e-9])
def test_jitter_of_the_detectors_is_spread_like_that_of_the_source(jitter_s):
    at_detectors, protocol = with_receivers(jitter_s)
    total = np.sqrt(2e-11**2 + 2 * jitter_s**2)
    at_source, _ = with_receivers(0.0, total)
    expected = protocol.statistics(at_source)
    for name, value in protocol.statistics(at_detectors).items():
        assert float(value) == pytest.approx(float(expected[name]), rel=1e-12)
    rate, same = (protocol.rate(each).rate_per_pulse for each in (at_detectors, at_source))
    assert float(rate) == pytest.approx(float(same), rel=1e-10)


def test_more_jitter_is_never_more_key():
    values = np.concatenate([[0.0], np.geomspace(1e-13, 1e-8, 300)])
    alone = [float(protocol.rate(where).rate_per_pulse) for where, protocol in map(with_receivers, values)]
    assert alone[0] > 1e-3
    assert np.all(np.diff(alone) <= 1e-12)
    where, protocol = with_receivers(0.0)
    both = where.alice.with_arrays({"jitter_s": values})
    grid = protocol.rate(where.replaced({"alice": both, "bob": both})).rate_per_pulse
    np.testing.assert_allclose(grid, alone, rtol=1e-12)
    late = where.alice.with_arrays({"jitter_tail_share": np.linspace(0, 1, 50), "jitter_tail_s": 2e-10})
    assert np.all(np.diff(protocol.rate(where.replaced({"bob": late})).rate_per_pulse) <= 0)


def test_one_point_on_a_grid_is_the_scalar():
    where, protocol = ContinuousBBM92.typical(50.0)
    for name in ("jitter_s", "gate_width_s", "efficiency", "dark_count_prob"):
        one = where.bob.with_arrays({name: np.array([getattr(where.bob, name)])})
        found = protocol.rate(where.replaced({"bob": one})).rate_per_pulse
        np.testing.assert_allclose(found, [float(protocol.rate(where).rate_per_pulse)], rtol=1e-12)


def test_the_share_within_the_window_is_that_of_drawn_delays():
    """Every delay drawn by itself; the pairs are so few that nothing else falls into their windows."""
    window, rng, count = 1e-10, np.random.default_rng(9), 1_000_000
    fibre = Fibre(length_km=5, attenuation_db_per_km=0, dispersion_ps_per_nm_km=17, linewidth_nm=0.8)
    none = Fibre(length_km=0)
    alice = ThresholdDetectors(efficiency=1, jitter_s=6e-11, jitter_tail_share=0.3, jitter_tail_s=8e-11)
    bob = ThresholdDetectors(efficiency=1, jitter_s=3e-11, jitter_tail_share=0.2, jitter_tail_s=3e-11)
    middle = ContinuousPairSource(pair_rate_hz=1.0, coincidence_window_s=window, timing_spread_s=4e-11)
    where = Link(alice=alice, channels=(fibre, none), middle=middle, bob=bob)
    widths = np.array([4e-11, 6e-11, 3e-11, 17 * 5 * 0.8e-12]) / 2.3548200450309493
    difference = sum(rng.normal(0, width, count) for width in widths)
    difference += (rng.random(count) < 0.3) * rng.exponential(8e-11, count)
    difference -= (rng.random(count) < 0.2) * rng.exponential(3e-11, count)
    expected = np.mean(np.abs(difference) <= window / 2)
    seen = float(ContinuousBBM92().statistics(where)["coincidence"]) / window
    assert seen == pytest.approx(expected, abs=4.5 * np.sqrt(expected * (1 - expected) / count))


def test_windows_with_many_detections_are_refused_and_worth_nothing_on_a_grid():
    where, protocol = ContinuousBBM92.typical(10.0)
    wide = where.replaced({"middle": dataclasses.replace(where.middle, coincidence_window_s=1e-3)})
    with pytest.raises(InvalidInput, match="coincidence_window_s must be so short"):
        protocol.check_link(wide)
    grid = where.middle.with_arrays({"coincidence_window_s": np.array([9.5e-11, 1e-3])})
    rates = protocol.rate(where.replaced({"middle": grid})).rate_per_pulse
    assert rates[0] == protocol.rate(where).rate_per_pulse > 0
    assert rates[1] == 0
