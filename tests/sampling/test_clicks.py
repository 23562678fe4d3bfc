"""The click-level simulation: exact cases, expectations, blocks, reproducibility."""

import numpy as np
import pytest
from scipy import stats

from noclone.core.errors import InvalidInput
from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.sampling import clicks, photons, pulses

PERFECT = DetectionModel(1.0, 1.0)
ONE = np.array([1])
# One photon that carries bit 1, measured in its basis.
ALWAYS_ONE = pulses.PulseSettings(np.ones(1), photons.single()[None], ONE, ONE, ONE, ONE == 1)


# Both bits, a basis that does not match, a weaker intensity.
DECOY = pulses.PulseSettings(
    probs=np.array([0.4, 0.3, 0.2, 0.1]),
    photon_probs=photons.poisson([0.5, 0.5, 0.5, 0.1]),
    sent_basis=np.array([0, 0, 1, 1]),
    sent_bit=np.array([0, 1, 1, 0]),
    measured_basis=np.array([0, 0, 0, 1]),
    signal=np.array([True, True, True, False]),
)


def run(model, settings, memory, count, seed=1, workers=1):
    table = pulses.honest_table(model, settings)
    return clicks.joined(list(clicks.sample(table, memory, count, seed, workers)))


def test_a_perfect_link_clicks_at_every_pulse():
    got = run(PERFECT, ALWAYS_ONE, DetectorMemory(), 1000)
    assert got.position.tolist() == list(range(1000))
    assert (got.outcome == 1).all()
    assert (got.photons == 1).all()
    assert (got.flags == 0).all()
    assert got.sent.tolist() == [1000]


def test_a_dead_time_of_nine_leaves_every_tenth_pulse():
    got = run(PERFECT, ALWAYS_ONE, DetectorMemory(dead_pulses=9), 1000)
    assert got.position.tolist() == list(range(0, 1000, 10))


def test_certain_afterpulses_follow_each_other_for_ever():
    rare = DetectionModel(1e-4, 1.0)
    got = run(rare, ALWAYS_ONE, DetectorMemory(dead_pulses=4, afterpulse_prob=1.0), 10**6)
    assert np.unique(np.diff(got.position)).tolist() == [5]
    assert len(got.position) > 150_000  # far more than the light explains, so the arrays had to grow
    assert not got.afterpulse[0]
    light = ~got.afterpulse[1:]
    assert light.mean() == pytest.approx(1e-4, rel=0.9)


def test_darkness_gives_no_clicks_but_pulses_are_sent():
    got = run(DetectionModel(0.0, 1.0), DECOY, DetectorMemory(), 10**7)
    assert len(got.position) == 0
    assert got.counts().shape == (4, 2)
    assert stats.chisquare(got.sent, 1e7 * DECOY.probs).pvalue > 1e-4


def test_dark_counts_alone_have_random_bits_and_any_photon_number():
    got = run(DetectionModel(0.0, 1.0, dark_count_prob=0.01), DECOY, DetectorMemory(), 10**7)
    assert len(got.position) == pytest.approx(1e7 * (1 - 0.99**2), abs=4.5 * 450)
    assert got.outcome.mean() == pytest.approx(0.5, abs=4.5 * 0.5 / 446)
    signal = DECOY.signal[got.setting]
    numbers = np.bincount(got.photons[signal], minlength=16)[:16]
    expected = signal.sum() * stats.poisson.pmf(np.arange(6), 0.5)
    assert stats.chisquare(numbers[:6], expected * numbers[:6].sum() / expected.sum()).pvalue > 1e-4


@pytest.mark.parametrize(
    "memory",
    [
        DetectorMemory(),
        DetectorMemory(dead_pulses=200),
        DetectorMemory(dead_pulses=30, afterpulse_prob=0.2, afterpulse_mean_pulses=50.0),
    ],
)
def test_click_rates_of_each_detector_are_those_of_the_renewal_process(memory):
    model, count = DetectionModel(0.3, 0.2, 1e-4, 0.02), 1 << 26
    got = run(model, DECOY, memory, count)
    expected = memory.expected_patterns(DECOY.probs, pulses.honest_table(model, DECOY).by_setting())
    for detector in (0, 1):
        fired = got.double_click | (got.outcome == detector)
        # Chunks give the variance, which dead time lowers and after-pulses raise.
        chunks = np.bincount(got.position[fired] * 64 // count, minlength=64)
        rate = DECOY.probs @ expected[:, [1 + detector, 3]].sum(1)
        z = (chunks.mean() - rate * count / 64) / (chunks.std(ddof=1) / 8)
        assert abs(z) < 4.5
        by_setting = np.bincount(got.setting[fired], minlength=4)
        mean = count * DECOY.probs * expected[:, [1 + detector, 3]].sum(1)
        # The spread of the rates is at most Poisson's times 1 / (1 - p)^2, from after-pulse trains.
        spread = np.sqrt(mean) / (1 - memory.afterpulse_prob)
        assert (np.abs(by_setting - mean) / spread).max() < 4.5


def test_settings_sent_follow_their_probabilities_and_contain_the_clicks():
    memory = DetectorMemory(dead_pulses=30, afterpulse_prob=0.2, afterpulse_mean_pulses=50.0)
    got = run(DetectionModel(0.9, 0.9, 1e-3, 0.02), DECOY, memory, 10**7)
    assert got.sent.sum() == 10**7
    assert (got.counts().sum(1) <= got.sent).all()
    assert stats.chisquare(got.sent, 1e7 * DECOY.probs).pvalue > 1e-4


def test_blocks_tile_the_run_and_no_worker_changes_them():
    table = pulses.honest_table(DetectionModel(1e-3, 0.2, 1e-7, 0.02), DECOY)
    memory = DetectorMemory(dead_pulses=10, afterpulse_prob=0.05, afterpulse_mean_pulses=5.0)
    count = 3 * clicks.BLOCK_PULSES + 12345
    runs = [list(clicks.sample(table, memory, count, seed=4, workers=workers)) for workers in (1, 2, 5)]
    assert [block.pulses for block in runs[0]] == 3 * [clicks.BLOCK_PULSES] + [12345]
    for start, block in enumerate(runs[0]):
        inside = block.position - start * clicks.BLOCK_PULSES
        assert ((inside >= 0) & (inside < block.pulses)).all()
        assert (np.diff(block.position) > 0).all()
    whole = [clicks.joined(blocks) for blocks in runs]
    for other in whole[1:]:
        for column in ("sent", "position", "setting", "outcome", "photons", "flags"):
            np.testing.assert_array_equal(getattr(whole[0], column), getattr(other, column))
    again = clicks.joined(list(clicks.sample(table, memory, count, seed=5)))
    assert again.position.tolist() != whole[0].position.tolist()


def test_select_and_counts():
    got = run(DetectionModel(0.9, 0.9, 1e-2, 0.02), DECOY, DetectorMemory(), 10**6)
    single = got.select(~got.double_click)
    assert 0 < got.double_click.sum() == len(got.position) - len(single.position)
    assert not single.double_click.any()
    assert got.counts().sum() == len(got.position)
    assert got.counts()[3, 1] == ((got.setting == 3) & (got.outcome == 1)).sum()


@pytest.mark.parametrize(("count", "workers", "name"), [(0, 1, "pulses"), (10, 0, "workers")])
def test_sample_refuses(count, workers, name):
    table = pulses.honest_table(PERFECT, ALWAYS_ONE)
    with pytest.raises(InvalidInput, match=f"{name} must be at least 1"):
        list(clicks.sample(table, DetectorMemory(), count, 1, workers))
