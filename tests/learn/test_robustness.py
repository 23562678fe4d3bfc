"""Unknown and coexisting attacks, drift and evasion, with fast watchers and few windows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.learn.robustness import robustness_report, training
from noclone.learn.robustness.coexisting import coexisting
from noclone.learn.robustness.draws import DRIFTS, Sizes, draw
from noclone.learn.robustness.drifting import drifting
from noclone.learn.robustness.evasion import BEST_STEP, EPSILONS, directions, evasion, slopes
from noclone.learn.robustness.links import LINKS, WINDOW, pulse_link, symbol_link
from noclone.learn.robustness.report import drawn as drawn_once
from noclone.learn.robustness.report import suited
from noclone.learn.robustness.training import learns_attacks, ready, taught, tuned
from noclone.learn.robustness.trials import Trial, summary
from noclone.learn.robustness.unknown import unknown
from noclone.records.telemetry import NORMAL
from noclone.watchers import get, watchers
from noclone.watching.calibration import calibrate

SMALL = Sizes(normal=198, known=12, fresh=40, attacked=8)


@pytest.fixture(scope="module")
def drawn():
    return drawn_once("pulses", 1, SMALL)


@pytest.fixture(scope="module")
def names(drawn):
    return [attack.NAME for attack in drawn.link.attacks]


@pytest.fixture(scope="module")
def settings():
    setup = nc.load("lim-2014")
    return setup.recorded.pulse_settings(setup.link)


@pytest.mark.parametrize("link", [pulse_link, symbol_link])
def test_draws_are_reproducible_and_share_no_run(link):
    sizes = Sizes(3, 1, 1, 1)
    first, again, other = draw(link(), 1, sizes), draw(link(), 1, sizes), draw(link(), 2, sizes)
    np.testing.assert_array_equal(first.normal["field"].values, again.normal["field"].values)
    assert not np.array_equal(first.normal["field"].values, other.normal["field"].values)
    windows = first.normal["field"].windows(WINDOW)
    assert len(windows) == 3
    assert set(windows.labels) == {NORMAL}
    assert not np.array_equal(first.normal["field"].values, first.normal["none"].values)
    for name, telemetry in first.both.items():
        assert set(telemetry.labels) == {name}
        assert len(name.split("+")) == 2
    movable = set(first.link.movable)
    assert movable <= set(first.normal["field"].columns)
    assert not {"qber[0]", "excess_noise", "alice_monitor_nw", "shot_noise"} & movable


def test_twice_the_field_is_twice_as_far():
    times = np.arange(5) * 60.0
    once, twice = (DRIFTS[name].weather(times, np.random.default_rng(1)) for name in ("field", "twice field"))
    np.testing.assert_allclose(twice.delay_ps, 2 * once.delay_ps)
    np.testing.assert_allclose(np.log(twice.transmittance), 2 * np.log(once.transmittance))


def test_thresholds_keep_the_false_alarm_rate(drawn, names):
    calibrated = ready(get("chi-square"), drawn, names)
    far = calibrated.alarms(calibrated.scores(drawn.fresh["field"])).mean()
    assert far <= 0.01 + 3 * math.sqrt(0.01 / 40)  # of 40 windows


def test_an_unknown_attack_is_not_among_what_was_learned(drawn, names, monkeypatch):
    seen = []

    def spy(*given, attacks, **others):
        seen.append({label for part in attacks for label in part.labels.tolist()})
        return calibrate(*given, attacks=attacks, **others)

    monkeypatch.setattr(training, "calibrate", spy)
    trials = unknown(dict.fromkeys(names, get("naive-bayes")), drawn)
    assert [trial.attack for trial in trials] == names
    assert seen == [set(names) - {left} for left in names]


def test_a_one_class_watcher_is_the_same_whatever_is_left_out(drawn, names):
    watcher = get("chi-square")
    assert not learns_attacks(watcher)
    trials = unknown(dict.fromkeys(names, watcher), drawn)
    calibrated = ready(watcher, drawn, [])
    for trial in trials:
        alarms = calibrated.alarms(calibrated.scores(drawn.attacked["field"][trial.attack]))
        assert trial.tpr == alarms.mean()


def test_settings_are_chosen_from_the_space(drawn, names):
    watcher = get("logistic")
    chosen = tuned(watcher, drawn, names[:2])
    space = watcher.space("classification")
    given, found = (each.make("classification").get_params() for each in (watcher, chosen))
    changed = {
        name: found[name] for name in found if repr(found[name]) != repr(given[name]) and name in space
    }
    assert all(value in space[name] for name, value in changed.items())


def test_pairs_are_named_by_binary_relevance_only(drawn, names):
    plain, relevance = (
        coexisting(ready(get(each), drawn, names), taught(get(each), drawn, names), drawn)
        for each in ("logistic", "binary-relevance")
    )
    assert all(trial.extras["subset_accuracy"] == 0 for trial in plain)
    assert max(trial.extras["subset_accuracy"] for trial in relevance) > 0.5
    assert np.mean([trial.extras["hamming_loss"] for trial in relevance]) < np.mean(
        [trial.extras["hamming_loss"] for trial in plain]
    )
    assert all(
        trial.extras == {} for trial in coexisting(ready(get("chi-square"), drawn, names), None, drawn)
    )


def test_a_watcher_that_never_saw_drift_takes_it_for_an_attack(drawn, names):
    learned = {each: ready(get("chi-square"), drawn, names, each) for each in ("none", "field")}
    rates = {
        (each, trial.case): trial.far
        for each, watcher in learned.items()
        for trial in drifting(watcher, each, drawn)
    }
    assert rates["none", "drift none, learned with none"] <= 0.05
    assert rates["none", "drift field, learned with none"] > 0.5
    assert rates["field", "drift field, learned with field"] <= 0.05
    assert (
        rates["none", "drift twice field, learned with none"]
        >= rates["none", "drift field, learned with none"]
    )


def test_slope_of_a_step_is_found_by_a_wider_probe():
    def tree(rows):
        return np.where(rows[:, 0] > 0.3, 2.0, 1.0)

    found = slopes(tree, np.array([[0.0], [5.0]]), np.eye(1))
    assert found[0, 0] > 0
    assert found[1, 0] == 0


def test_slope_between_infinite_scores_is_none():
    rows = np.array([[1.0, 2.0]])
    assert slopes(lambda X: np.full(len(X), np.inf), rows, np.eye(2)).tolist() == [[0.0, 0.0]]


def test_moves_by_block_and_of_all_blocks():
    spread = np.array([1.0, 2.0, 3.0])
    apart = directions(("a", "b", "c"), ("c", "a"), spread, 2, by_block=True)
    together = directions(("a", "b", "c"), ("c", "a"), spread, 2, by_block=False)
    assert apart.tolist() == [[0, 0, 3, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 3], [0, 0, 0, 1, 0, 0]]
    np.testing.assert_array_equal(together, apart[:2] + apart[2:])


@pytest.mark.parametrize("name", ["logistic", "cusum"])
def test_a_step_of_evasion_lowers_the_alarms(drawn, names, name):
    trials = evasion(ready(get(name), drawn, names), drawn)
    assert {trial.case for trial in trials} == {
        BEST_STEP,
        *(f"{each:g} standard deviations" for each in EPSILONS),
    }
    half = [trial for trial in trials if trial.case.startswith("0.5")]
    assert [trial.attack for trial in half] == names
    for best in (trial for trial in trials if trial.case == BEST_STEP):
        drops = [each.extras["drop"] for each in trials if each.attack == best.attack]
        assert best.extras["drop"] == max(drops) >= 0


def test_features_that_eve_cannot_move_stay(drawn, names):
    calibrated = ready(get("logistic"), drawn, names)
    rows = drawn.attacked["field"][names[0]].windows(WINDOW)
    spread = drawn.normal["field"].values.std(axis=0)
    moves = directions(calibrated.columns, drawn.link.movable, spread, WINDOW, by_block=False)
    still = [name.split("@")[0] not in drawn.link.movable for name in rows.columns]
    assert not moves[:, still].any()
    assert moves[:, np.logical_not(still)].any(axis=0).all()


def test_interval_is_that_of_student():
    tprs = [0.7, 0.8, 0.9, 0.85, 0.75]
    found = summary([Trial("unknown", "a", "left out", tpr, 0.01) for tpr in tprs])
    assert found["tpr"] == pytest.approx(np.mean(tprs))
    assert found["half_width"] == pytest.approx(t.ppf(0.975, 4) * np.std(tprs, ddof=1) / math.sqrt(5))
    assert found["far_half_width"] == 0


def test_report_has_a_row_per_test_attack_and_case():
    rows = robustness_report(["chi-square"], ["pulses"], seeds=(1, 2), sizes=SMALL)
    tests = {test: sum(row["test"] == test for row in rows) for test in {row["test"] for row in rows}}
    assert tests == {"unknown": 5, "coexisting": 3, "drifting": 2 * 3 * 5, "evasion": 5 * 5}
    for row in rows:
        assert (row["watcher"], row["family"], row["link"], row["seeds"]) == (
            "chi-square",
            "exact",
            "pulses",
            2,
        )
        assert 0 <= row["tpr"] <= 1
        assert 0 <= row["far"] <= 1
    with pytest.raises(InvalidInput, match="watcher 'chi'"):
        robustness_report(["chi"])
    with pytest.raises(InvalidInput, match="link 'fibre'"):
        robustness_report(["chi-square"], ["fibre"])


def test_every_watcher_suits_some_link():
    assert set().union(*(suited(link()) for link in LINKS.values())) == set(watchers())
