import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link.timing import FWHM_PER_SIGMA
from noclone.sampling.time_tags import BobsClock, TaggedPairs

CLOCK = BobsClock(offset_ps=3e8, rate=1e-5, drift_per_s=1e-9)


@pytest.fixture(scope="module")
def drawn():
    return TaggedPairs(qber=0.04, basis_prob=0.7).sample(duration_s=5, seed=4, clock=CLOCK)


def sigmas(count, mean):
    return abs(count - mean) / np.sqrt(mean)


def test_rates_are_those_asked_for(drawn):
    assert sigmas(len(drawn.alice_ps), 5e5) < 4
    assert sigmas(len(drawn.bob_ps), 5e5) < 4
    assert sigmas(len(drawn.true_alice), 5e4) < 4
    assert drawn.alice_ps.max() < 5e12 + 1000


def test_gaps_are_exponential(drawn):
    gaps = np.diff(drawn.alice_ps)
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.01)


def test_times_of_pairs_follow_the_clock_and_the_jitter(drawn):
    alice, bob = drawn.alice_ps[drawn.true_alice], drawn.bob_ps[drawn.true_bob]
    error = bob - alice - CLOCK.delay_ps(alice)
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(error))
    assert error.std() * FWHM_PER_SIGMA == pytest.approx(350, rel=0.02)


def test_outcomes_of_pairs(drawn):
    alice, bob = drawn.alice_channel[drawn.true_alice], drawn.bob_channel[drawn.true_bob]
    pairs = len(alice)
    for basis, share in ((0, 0.49), (1, 0.09)):
        both = (alice >> 1 == basis) & (bob >> 1 == basis)
        wrong = both & (alice != bob)
        assert sigmas(both.sum(), share * pairs) < 4
        assert sigmas(wrong.sum(), 0.04 * share * pairs) < 4
    unequal = alice >> 1 != bob >> 1
    assert (alice & 1)[unequal].mean() == pytest.approx(0.5, abs=0.02)
    assert ((alice ^ bob) & 1)[unequal].mean() == pytest.approx(0.5, abs=0.02)


def test_truth_is_in_order_and_one_to_one(drawn):
    assert (np.diff(drawn.true_alice) > 0).all()
    assert len(np.unique(drawn.true_bob)) == len(drawn.true_bob)


def test_nothing_is_tagged_before_bobs_clock_reads_zero():
    early = TaggedPairs().sample(duration_s=0.1, seed=1, clock=BobsClock(offset_ps=-1e9))
    assert early.bob_ps.min() >= 0
    assert early.bob_ps.max() < 0.1e12 - 1e9 + 1000


def test_dead_time_separates_clicks_of_one_detector():
    slow = TaggedPairs(dead_time_ps=1e6).sample(duration_s=1, seed=1)
    for channel in range(4):
        assert np.diff(slow.bob_ps[slow.bob_channel == channel]).min() >= 1e6
    # Four detectors share the clicks, each of which blinds one of them for 1 microsecond.
    assert sigmas(len(slow.bob_ps), 1e5 / (1 + 1e5 / 4 * 1e-6)) < 4


def test_seed_decides():
    first, again, other = (TaggedPairs().sample(duration_s=0.05, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.bob_ps, again.bob_ps)
    assert np.array_equal(first.true_bob, again.true_bob)
    assert not np.array_equal(first.bob_ps[:100], other.bob_ps[:100])


@pytest.mark.parametrize("duration", [0, -1, float("nan"), 1e4])
def test_impossible_durations(duration):
    with pytest.raises(InvalidInput, match=r"duration_s must be above 0 with at most 2e\+08 tags"):
        TaggedPairs().sample(duration_s=duration, seed=1)
