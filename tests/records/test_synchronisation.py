import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.records.clock_model import ClockModel
from noclone.records.coincidences import CHANNELS, _count_pairs, coincidences, correlations, outcomes, records
from noclone.records.coincidences import _nearest as nearest
from noclone.records.record import check_same_run
from noclone.records.synchronisation import near, synchronise
from noclone.records.time_tags import TimeTags
from noclone.sampling.time_tags import BobsClock, TaggedPairs

CLOCK = BobsClock(offset_ps=-6.1e8, rate=1e-5, drift_per_s=1e-9)


def tags_of(drawn):
    return (
        TimeTags(time_ps=drawn.alice_ps, channel=drawn.alice_channel, simulated=True),
        TimeTags(time_ps=drawn.bob_ps, channel=drawn.bob_channel, simulated=True),
    )


def at_rate(rate_hz, share=0.1):
    """So many tags per second on each side, of which about this share has a partner."""
    return TaggedPairs(
        pair_rate_hz=rate_hz / share,
        alice_efficiency=share,
        bob_efficiency=share,
        alice_background_hz=rate_hz / 100,
        bob_background_hz=rate_hz / 100,
    )


def largest_error(model, truth):
    times = np.linspace(model.knots_ps[0], model.knots_ps[-1], 10_001)
    return abs(model.delay_ps(times) - truth.delay_ps(times)).max()


def share_found(found, drawn, truth, window_ps):
    """Of the pairs that perfect clocks would have put into the window, how many are among the found."""
    alice, bob = drawn.alice_ps[drawn.true_alice], drawn.bob_ps[drawn.true_bob]
    possible = abs(bob - alice - truth.delay_ps(alice)) <= window_ps / 2
    bob_of = np.full(len(drawn.alice_ps), -1)
    bob_of[found.alice] = found.bob
    return (bob_of[drawn.true_alice] == drawn.true_bob)[possible].mean()


def false_ones(found, drawn):
    partner = np.full(len(drawn.alice_ps), -1)
    partner[drawn.true_alice] = drawn.true_bob
    return int((partner[found.alice] != found.bob).sum())


@pytest.fixture(scope="module")
def million():
    """Two files' worth of a million tags, and what is found in them."""
    drawn = TaggedPairs(qber=0.03).sample(duration_s=10, seed=5, clock=CLOCK)
    alice, bob = tags_of(drawn)
    synchronise(*tags_of(TaggedPairs().sample(duration_s=0.1, seed=1)))  # compiles
    begin = time.process_time()
    model = synchronise(alice, bob)
    found = coincidences(alice, bob, model, 1000)
    return drawn, alice, bob, model, found, time.process_time() - begin


def test_a_million_tags_a_side(million):
    drawn, _, _, model, found, seconds = million
    assert largest_error(model, CLOCK) < 50
    assert share_found(found, drawn, CLOCK, 1000) > 0.99
    assert model.spread_ps == pytest.approx(350 / 2.3548, rel=0.03)
    assert model.followed == 1
    assert seconds < 10


def test_the_figures_of_the_clock(million):
    model = million[3]
    assert model.offset_ps == pytest.approx(float(CLOCK.delay_ps(model.knots_ps[0])), abs=20)
    assert model.rate == pytest.approx(1e-5 + model.knots_ps[0] * 1e-21, abs=2e-11)
    assert model.drift_per_s == pytest.approx(1e-9, abs=5e-12)
    assert model.wander_ps().std() < 15


def test_accidentals_agree_with_the_truth(million):
    drawn, _, _, _, found, _ = million
    assert abs(false_ones(found, drawn) - found.accidentals) < 4 * np.sqrt(found.accidentals)


def test_accidentals_where_they_are_many():
    drawn = at_rate(5e6).sample(duration_s=0.2, seed=8, clock=CLOCK)
    alice, bob = tags_of(drawn)
    found = coincidences(alice, bob, synchronise(alice, bob), 1000)
    false = false_ones(found, drawn)
    assert false > 3000
    assert abs(false - found.accidentals) < 4 * np.sqrt(false)


def test_error_rates_agree_with_the_truth(million):
    drawn, alice, bob, _, found, _ = million
    share = false_ones(found, drawn) / len(found)
    for basis in correlations(found, outcomes(alice), outcomes(bob)):
        expected = 0.03 * (1 - share) + 0.5 * share
        deviation = np.sqrt(expected * (1 - expected) / basis.sifted_bits)
        assert abs(basis.qber - expected) < 4 * deviation
        assert basis.visibility == 1 - 2 * basis.qber
        assert basis.sifted_bits == pytest.approx(len(found) / 4, rel=0.03)


def test_records_hold_the_coincidences(million):
    _, alice, bob, _, found, _ = million
    hers, his = records(alice, bob, found, (CHANNELS, CHANNELS), "continuous-bbm92")
    check_same_run(hers, his)
    assert len(found) - 10 <= len(hers) == len(his) <= len(found)
    assert hers.run.simulated
    assert hers.run.clock_rate_hz == 1e9
    assert hers.run.pulses == pytest.approx(1e10, rel=1e-3)
    z, x = correlations(found, outcomes(alice), outcomes(bob))
    equal = hers.basis == his.basis
    assert abs(int(equal.sum()) - z.sifted_bits - x.sifted_bits) <= 10
    assert (hers.bit != his.bit)[equal].mean() == pytest.approx(0.03, abs=0.005)


def test_exchanged_channels_turn_the_correlation_over(million):
    _, alice, bob, _, found, _ = million
    turned = correlations(found, outcomes(alice), outcomes(bob, (1, 0, 2, 3)))
    plain = correlations(found, outcomes(alice), outcomes(bob))
    assert turned[0].errors == plain[0].sifted_bits - plain[0].errors
    assert turned[1] == plain[1]


def test_swapped_parties_have_the_opposite_delay_and_the_same_coincidences(million):
    drawn, alice, bob, _, found, _ = million
    model = synchronise(bob, alice)
    swapped = coincidences(bob, alice, model, 1000)
    assert model.offset_ps == pytest.approx(-CLOCK.offset_ps, abs=1e5)
    both = np.intersect1d(swapped.bob * 2**32 + swapped.alice, found.alice * 2**32 + found.bob)
    assert len(both) > 0.999 * len(found)
    assert (
        share_found(dataclasses.replace(found, alice=swapped.bob, bob=swapped.alice), drawn, CLOCK, 1000)
        > 0.99
    )


def test_a_clock_that_has_run_for_weeks_loses_no_picosecond(million):
    _, alice, bob, _, found, _ = million
    old = [TimeTags(time_ps=tags.time_ps + 2**61, channel=tags.channel) for tags in (alice, bob)]
    model = synchronise(*old)
    again = coincidences(*old, model, 1000)
    assert model.offset_ps == pytest.approx(million[3].offset_ps, abs=5)
    both = np.intersect1d(again.alice * 2**32 + again.bob, found.alice * 2**32 + found.bob)
    assert len(both) > 0.9999 * len(found)
    hers, _ = records(*old, again, (CHANNELS, CHANNELS), "continuous-bbm92")
    assert hers.pulse_index[0] * 1000 == pytest.approx(
        alice.time_ps[found.alice[0]] - alice.time_ps[0], abs=1000
    )


@pytest.mark.parametrize(
    ("clock", "source", "seconds"),
    [
        (BobsClock(offset_ps=1e9, rate=1e-5, drift_per_s=1e-9), TaggedPairs(), 2),
        (BobsClock(offset_ps=-1e9, rate=-1e-5, drift_per_s=-1e-9), TaggedPairs(), 2),
        (BobsClock(offset_ps=1e9, rate=5e-5), TaggedPairs(), 1),
        (BobsClock(), TaggedPairs(), 0.02),
        (BobsClock(offset_ps=4e8, rate=3e-6, drift_per_s=1e-8), TaggedPairs(), 10),
        (CLOCK, at_rate(1e4, 0.1), 50),
        (CLOCK, at_rate(1e6, 0.1), 0.5),
        (CLOCK, at_rate(1e7, 0.1), 0.1),
        (CLOCK, at_rate(1e5, 0.04), 5),
        (CLOCK, at_rate(1e5, 0.02), 10),
        (CLOCK, TaggedPairs(jitter_fwhm_ps=20), 2),
        (CLOCK, TaggedPairs(dead_time_ps=1e6), 2),
    ],
)  # fmt: skip
def test_other_clocks_and_sources(clock, source, seconds):
    drawn = source.sample(duration_s=seconds, seed=3, clock=clock)
    alice, bob = tags_of(drawn)
    model = synchronise(alice, bob)
    assert largest_error(model, clock) < 100
    assert share_found(coincidences(alice, bob, model, 1000), drawn, clock, 1000) > 0.99


def test_a_wide_peak():
    drawn = TaggedPairs(jitter_fwhm_ps=2500).sample(duration_s=3, seed=3, clock=CLOCK)
    alice, bob = tags_of(drawn)
    model = synchronise(alice, bob)
    assert share_found(coincidences(alice, bob, model, 6000), drawn, CLOCK, 6000) > 0.99


def without(tags, low_s, high_s, rng):
    """Replace a stretch by uncorrelated tags of the same rate."""
    times = tags.time_ps.copy()
    inside = (times >= low_s * 1e12) & (times < high_s * 1e12)
    times[inside] = np.sort(rng.integers(int(low_s * 1e12), int(high_s * 1e12), inside.sum()))
    return TimeTags(time_ps=times, channel=tags.channel)


@pytest.mark.parametrize(("low_s", "high_s"), [(0, 1), (2, 2.5), (3, 4)])
def test_a_source_that_is_off_for_a_while(low_s, high_s):
    clock = BobsClock(offset_ps=3e8, rate=1e-5)
    drawn = TaggedPairs(pair_rate_hz=2e5).sample(duration_s=4, seed=3, clock=clock)
    alice, bob = tags_of(drawn)
    gap = high_s - low_s
    model = synchronise(without(alice, low_s, high_s, np.random.default_rng(1)), bob)
    assert model.followed == pytest.approx(1 - gap / 4, abs=0.1)  # slices that are lit in part count
    lit = np.concatenate([np.linspace(0.1, low_s - 0.1, 50), np.linspace(high_s + 0.1, 3.9, 50)]) * 1e12
    lit = lit[(lit > 0) & (lit < 3.95e12) & ((lit < low_s * 1e12) | (lit > high_s * 1e12))]
    assert abs(model.delay_ps(lit) - clock.delay_ps(lit)).max() < 60


def test_a_clock_that_wanders_is_followed():
    drawn = TaggedPairs().sample(duration_s=5, seed=3)
    wander = 3000 * np.sin(2 * np.pi * drawn.bob_ps / 2e12)  # up to 9 ppb, as no parabola goes
    alice, bob = tags_of(
        dataclasses.replace(drawn, bob_ps=drawn.bob_ps + 10**7 + np.rint(wander).astype(int))
    )
    model = synchronise(alice, bob)
    times = np.linspace(0.05, 4.95, 1000) * 1e12
    assert abs(model.delay_ps(times) - 1e7 - 3000 * np.sin(2 * np.pi * times / 2e12)).max() < 60


@pytest.mark.parametrize(
    "source",
    [
        TaggedPairs(alice_efficiency=0, alice_background_hz=1e5),
        TaggedPairs(alice_efficiency=0, alice_background_hz=5e6, bob_background_hz=5e6),
        TaggedPairs(pair_rate_hz=0, alice_background_hz=30, bob_background_hz=30),
    ],
)
def test_no_correlation_is_one_sentence(source):
    with pytest.raises(InvalidInput) as refused:
        synchronise(*tags_of(source.sample(duration_s=0.3, seed=9, clock=CLOCK)), max_rate=1e-5)
    assert str(refused.value) == (
        "the two tag files must hold photon pairs, but show no correlation within 1 ms of offset "
        "and 10 ppm of rate."
    )


def test_an_offset_beyond_the_limit_is_not_found_but_with_a_higher_limit():
    drawn = TaggedPairs().sample(duration_s=1, seed=2, clock=BobsClock(offset_ps=2e9))
    alice, bob = tags_of(drawn)
    with pytest.raises(InvalidInput, match="no correlation within 1 ms of offset and 1 ppm"):
        synchronise(alice, bob, max_rate=1e-6)
    assert synchronise(alice, bob, max_offset_ps=3e9).offset_ps == pytest.approx(2e9, abs=50)
    assert synchronise(alice, bob, max_offset_ps=2e9, max_rate=0).offset_ps == pytest.approx(2e9, abs=50)


def test_files_that_cannot_belong_together():
    alice, bob = tags_of(TaggedPairs().sample(duration_s=0.1, seed=2))
    later = TimeTags(time_ps=bob.time_ps + 10**12, channel=bob.channel)
    with pytest.raises(InvalidInput, match="must be of two parties, but hold the same times"):
        synchronise(alice, alice)
    with pytest.raises(
        InvalidInput, match=r"must overlap in time, but run from .*e-06 s to 0.0999539 s and from 1 s"
    ):
        synchronise(alice, later)
    for limits in ({"max_offset_ps": -1}, {"max_offset_ps": 1e13}, {"max_rate": float("nan")}):
        with pytest.raises(InvalidInput, match=f"{next(iter(limits))} must lie between 0 and"):
            synchronise(alice, bob, **limits)
    with pytest.raises(InvalidInput, match="the window must be a finite width above 0 ps"):
        coincidences(alice, bob, ClockModel(np.array([0.0, 1.0]), np.zeros(2), 1.0, 1.0), 0)


def test_outcomes_name_what_is_wrong():
    tags = TimeTags(time_ps=[1, 2], channel=[0, 7])
    with pytest.raises(InvalidInput, match="channel must be one of 0, 1, 2, 3, but is 7 in row 1"):
        outcomes(tags)
    for channels in ((0, 1, 2), (0, 1, 2, 2), (0, 1, 2, 256), (-1, 0, 1, 2)):
        with pytest.raises(InvalidInput, match="channels must be four different numbers from 0 to 255"):
            outcomes(tags, channels)


def test_readings_are_interpolated_between_knots():
    model = ClockModel(np.array([0.0, 1e6, 3e6]), np.array([0.0, 1000.0, -500.0]), 1.0, 1.0)
    times = np.arange(0, 3_100_000, 7919)
    assert np.array_equal(
        model.read(times), times + np.rint(np.interp(times, model.knots_ps, model.delays_ps))
    )


TIMES = st.lists(st.integers(0, 60), max_size=25).map(lambda times: np.sort(np.array(times, np.int64)))


def first_nearest(times, time):
    return int(np.argmin(abs(times - time)))  # the earlier if tied, as of all equal ones


@given(TIMES.filter(len), TIMES.filter(len), st.integers(0, 20))
def test_nearest_against_its_definition(expected, bob, reach):
    definition = [
        (i, j)
        for i in range(len(expected))
        for j in range(len(bob))
        if abs(bob[j] - expected[i]) <= reach
        and first_nearest(bob, expected[i]) == j
        and first_nearest(expected, bob[j]) == i
    ]
    assert list(zip(*map(np.ndarray.tolist, nearest(expected, bob, float(reach))), strict=True)) == definition


@given(TIMES, TIMES, st.integers(0, 20), st.integers(1, 20))
def test_counting_against_the_table_of_all_pairs(expected, bob, low, more):
    difference = bob[None, :] - expected[:, None]
    # On the left the near end is excluded and the far end included, as on the right.
    inside = (abs(difference) > low) & (abs(difference) <= low + more)
    assert _count_pairs(expected, bob, float(low), float(low + more)) == inside.sum()
    tag, found = near(expected, bob, float(low))
    assert np.array_equal(found, difference[abs(difference) <= low])
    assert np.array_equal(tag, np.nonzero(abs(difference) <= low)[0])
