"""Calibration keeps its false-alarm rate whatever the law, and refuses what it cannot keep."""

import numpy as np
import pytest

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.records.telemetry import Telemetry
from noclone.simulation.drift import FIELD
from noclone.simulation.link_telemetry import link_telemetry
from noclone.watchers import get
from noclone.watching import Stream, calibrate, judge
from noclone.watching.watch import calibrated_for, look_at

COLUMNS = ("a", "b", "c")


def drawn(blocks, seed, shift=0.0, law="normal"):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(blocks, 3)) if law == "normal" else rng.exponential(size=(blocks, 3)) ** 2
    return Telemetry(COLUMNS, noise + shift)


@pytest.mark.parametrize("law", ["normal", "skewed"])
@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_the_false_alarm_rate_is_kept_in_the_mean_over_calibrations(law, rate):
    alarms = [
        calibrated.alarms(calibrated.scores(drawn(500, 900 + seed, law=law))).mean()
        for seed in range(30)
        for calibrated in [calibrate(get("chi-square"), drawn(600, seed, law=law), rate)]
    ]
    # A calibration with n held-back rows has a rate of beta law (n + 1 - k, k); the mean is at most `rate`.
    error = np.std(alarms) / np.sqrt(len(alarms))
    assert np.mean(alarms) <= rate + 3 * error
    assert np.mean(alarms) >= rate - 1 / 301 - 3 * error


def test_p_values_are_uniform_on_normal_rows():
    calibrated = calibrate(get("chi-square"), drawn(4000, 1))
    p_values = calibrated.p_values(calibrated.scores(drawn(4000, 2)))
    for level in (0.05, 0.25, 0.5, 0.75):
        assert np.mean(p_values <= level) == pytest.approx(level, abs=0.035)


def test_rows_of_one_run_do_not_lie_on_both_sides():
    """A watcher that has seen a run's drift would find it normal: the threshold comes from other runs."""
    rng = np.random.default_rng(3)
    runs = np.repeat(np.arange(10), 200)
    normal = Telemetry(
        COLUMNS, rng.normal(size=(2000, 3)) * 0.01 + rng.normal(size=10)[runs][:, None], runs=runs
    )
    fresh_runs = np.repeat(np.arange(40), 20)
    fresh = Telemetry(COLUMNS, rng.normal(size=(800, 3)) * 0.01 + rng.normal(size=40)[fresh_runs][:, None])
    calibrated = calibrate(get("knn-distance"), normal, 0.2)
    assert calibrated.alarms(calibrated.scores(fresh)).mean() < 0.5
    mixed = calibrate(get("knn-distance"), Telemetry(COLUMNS, rng.permutation(normal.values)), 0.2)
    assert mixed.alarms(mixed.scores(fresh)).mean() > 0.6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: calibrate(get("chi-square"), drawn(100, 1), 0.01), "normal blocks must be at least 198 for"),
        (lambda: calibrate(get("chi-square"), drawn(600, 1), 0.0), "false_alarm_rate must be above 0"),
        (lambda: calibrate(get("chi-square"), drawn(600, 1), 0.7), "false_alarm_rate must be above 0"),
        (
            lambda: calibrate(get("chi-square"), Telemetry(COLUMNS, np.ones((600, 3)))),
            "telemetry must vary, but every column of the normal blocks is constant",
        ),
        (
            lambda: calibrate(get("decoy-z"), drawn(600, 1)),
            r"telemetry must have the columns clicks\[0\], clicks\[1\], but has only a, b, c",
        ),
        (
            lambda: calibrate(get("naive-bayes"), drawn(600, 1)),
            "watcher naive-bayes learns from attacks, but none were given",
        ),
        (
            lambda: look_at(Telemetry(("a", "b"), np.ones((5, 2))), drawn(600, 1)),
            "telemetry must have the columns c, but has only a, b",
        ),
        (
            lambda: look_at(drawn(3, 2), drawn(4000, 1), window=5),
            "telemetry must have at least 5 blocks, but has 3",
        ),
        (lambda: look_at(drawn(3, 2), drawn(600, 1), watcher="chi-squared"), "did you mean chi-square"),
    ],
)
def test_bad_input_gets_a_sentence(make, message):
    with pytest.raises(InvalidInput, match=message):
        make()


def test_telemetry_of_another_link_raises_the_alarm_and_names_the_feature():
    seen = look_at(drawn(20, 5, shift=np.array([0.0, 4.0, 0.0])), drawn(600, 1))
    assert seen.verdict.alarm
    assert seen.verdict.evidence[0].feature == "b"
    assert not look_at(drawn(20, 6), drawn(600, 1)).verdict.alarm


def test_a_watcher_that_learns_from_attacks_is_taught_by_labelled_blocks():
    strange = drawn(200, 8, shift=2.0)
    labelled = Telemetry(
        COLUMNS,
        np.vstack([drawn(600, 7).values, strange.values]),
        np.repeat(["normal", "shifted"], [600, 200]),
    )
    calibrated = calibrated_for(labelled, "naive-bayes")
    assert calibrated.alarms(calibrated.scores(drawn(300, 9, shift=2.0))).mean() > 0.5
    assert calibrated.alarms(calibrated.scores(drawn(3000, 10))).mean() < 0.03


def test_a_stream_says_of_each_block_what_the_whole_says():
    calibrated = calibrate(get("chi-square"), drawn(600, 1))
    fresh = drawn(40, 2, shift=1.0)
    stream = Stream(calibrated)
    seen = [stream.push(dict(zip(COLUMNS, row, strict=True))) for row in fresh.values]
    np.testing.assert_allclose([each.score for each in seen], calibrated.scores(fresh))
    assert [each.alarm for each in seen] == calibrated.alarms(calibrated.scores(fresh)).tolist()


def test_a_stream_of_windows_waits_until_one_is_full():
    stream = Stream(calibrate(get("cusum"), drawn(4000, 1), window=4))
    seen = [stream.push(dict.fromkeys(COLUMNS, 0.0)) for _ in range(6)]
    assert [each is None for each in seen] == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"a": 1.0, "b": 1.0}, "block must have the features c, but has not"),
        ({"a": 1.0, "b": 1.0, "c": float("inf")}, "c must be finite, but is inf in block 0"),
    ],
)
def test_a_block_that_is_none_is_refused(block, message):
    with pytest.raises(InvalidInput, match=message):
        Stream(calibrate(get("chi-square"), drawn(600, 1))).push(block)


def test_a_taught_watcher_names_what_it_sees():
    rng = np.random.default_rng(4)
    shifts = {"normal": (0, 0, 0), "left": (5, 0, 0), "right": (0, 5, 0), "left+right": (5, 5, 0)}
    labels = np.repeat(list(shifts), [600, 100, 100, 100])
    values = rng.normal(size=(900, 3)) + np.array([shifts[label] for label in labels])
    taught = Telemetry(COLUMNS, values, labels)
    both = Telemetry(COLUMNS, rng.normal(size=(20, 3)) + np.array(shifts["left+right"]))
    for watcher in ("logistic", "binary-relevance"):
        verdict = look_at(both, taught, watcher=watcher).verdict
        assert verdict.likely[0][0] == "left+right"
        assert verdict.likely[0][1] > 0.8
    assert look_at(both, taught).verdict.likely == ()


@pytest.mark.parametrize(("normal_blocks", "rows"), [(200, 100), (600, 1), (600, 20)])
def test_a_run_of_several_blocks_alarms_as_rarely_as_said(normal_blocks, rows):
    rate, alarms = 0.05, []
    for seed in range(400):
        calibrated = calibrate(get("chi-square"), drawn(normal_blocks, seed), rate)
        alarms.append(judge(calibrated, drawn(rows, 5000 + seed), "").alarm)
    assert np.mean(alarms) <= rate + 3 * np.sqrt(rate * (1 - rate) / 400)


def test_many_blocks_that_are_each_a_little_strange_raise_the_alarm():
    """None needs to be beyond the threshold: the average tells."""
    calibrated = calibrate(get("chi-square"), drawn(600, 1))
    verdict = judge(calibrated, drawn(200, 2, shift=np.array([0.9, 0.0, 0.0])), "")
    assert len(verdict.alarming) < 20
    assert verdict.alarm


@pytest.mark.parametrize("runs", [1, 10])
def test_a_drifting_link_alarms_as_rarely_as_said(runs):
    """Blocks of a run share its drift: a fresh run's are not exchangeable with those of others."""
    setup, alarms = nc.load("lim-2014"), []
    for seed in range(2):
        usual = link_telemetry(setup, 800 // runs, runs=runs, drift=FIELD, seed=100 + seed)
        for run in range(15):
            fresh = link_telemetry(setup, 40, drift=FIELD, seed=1000 + 50 * seed + run)
            alarms.append(look_at(fresh, usual, false_alarm_rate=0.02).verdict.alarm)
    assert sum(alarms) <= 3  # of 30 at 2 %: more has a probability of .3 %


def test_drift_does_not_hide_an_attack():
    setup = nc.load("lim-2014")
    usual = link_telemetry(setup, 80, runs=10, drift=FIELD, seed=100)
    eve = [nc.attacks.PhotonNumberSplitting(fraction=0.5)]
    assert look_at(link_telemetry(setup, 40, attacks=eve, drift=FIELD, seed=7), usual).verdict.alarm
