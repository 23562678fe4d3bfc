"""Eves that adapt: what they learn, against values that no learner produced."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom, ncx2, norm

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.learn.adaptive import game, tabular
from noclone.learn.adaptive.checkpoints import FIXED, RANDOM, Checkpoints
from noclone.learn.adaptive.foresight import best_policy
from noclone.learn.adaptive.hardware import HARDWARE, Hardware
from noclone.learn.adaptive.stakes import claimed_bits, stakes
from noclone.learn.adaptive.summary import leaderboard


def stopped(checkpoints: Checkpoints, error_prob: float) -> float:
    """Return the probability of an alarm at fixed checkpoints, from that of each disclosed bit's error."""
    most, alive = checkpoints.most_errors(), np.ones(1)
    for block in range(1, checkpoints.blocks + 1):
        alive = np.convolve(
            alive, binom.pmf(np.arange(checkpoints.window + 1), checkpoints.window, error_prob)
        )
        alive[most[block * checkpoints.window] + 1 :] = 0
    return float(1 - alive.sum())


def test_the_test_at_checkpoints_is_binomial():
    plan = Checkpoints(noise=0.03)
    most = plan.most_errors()
    disclosed = np.arange(1, len(most))
    share = plan.false_alarm_rate / plan.blocks
    assert (binom.sf(most[1:], disclosed, 0.03) <= share).all()
    tight = most[1:] > 0
    assert (binom.sf(most[1:][tight] - 1, disclosed[tight], 0.03) > share).all()


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_sessions_are_stopped_as_often_as_the_law_says(fraction):
    plan = Checkpoints(noise=0.05, false_alarm_rate=0.05)
    expected = stopped(plan, 0.05 + fraction / 4 * (1 - 2 * 0.05))
    sessions = 20_000
    found = tabular.play(plan, tabular.always(plan, fraction), sessions).detection
    assert abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / sessions) + 1e-12
    if fraction == 0:
        assert expected <= plan.false_alarm_rate


@pytest.mark.parametrize("intervals", [FIXED, RANDOM])
def test_an_eve_who_never_minds_an_alarm_knows_half_of_the_key(intervals):
    plan = Checkpoints(intervals=intervals, noise=0.2, false_alarm_rate=1e-12, alarm_cost=0)
    found = tabular.play(plan, tabular.always(plan), 5000)
    rounds = plan.blocks * plan.interval
    shown = (
        plan.window if intervals == FIXED else plan.interval * (1 - (1 - 1 / plan.interval) ** plan.window)
    )
    assert found.key_bits == pytest.approx(rounds - plan.blocks * shown, rel=0.02)
    assert found.bits == pytest.approx(found.key_bits / 2, rel=0.02)


def test_optimum_equals_brute_force_over_all_policies_of_one_block():
    plan = Checkpoints(blocks=1, interval=5, window=3, noise=0.02, false_alarm_rate=0.05, alarm_cost=30)
    most = plan.most_errors()[3]
    values = []
    for actions in product((0, 1), repeat=5):  # nothing is heard before the only checkpoint
        shown = sum(actions[2:])
        law = np.convolve(
            binom.pmf(np.arange(4), shown, plan.error_prob), binom.pmf(np.arange(4), 3 - shown, plan.noise)
        )
        values.append(sum(actions[:2]) / 2 - plan.alarm_cost * law[most + 1 :].sum())
    assert best_policy(plan).earnings == pytest.approx(max(values), abs=1e-12)


def test_optimum_without_windows_to_hide_from_is_that_of_independent_rounds():
    # Window 1: every round is its own checkpoint with probability 1 / interval.
    plan = Checkpoints(
        blocks=1, interval=4, window=1, noise=0.0, false_alarm_rate=0.5, intervals=RANDOM, alarm_cost=4
    )
    # Per round: half a bit unless the block ends here, and then an alarm with probability 1/4.
    each = (1 - 1 / 4) * 0.5 - 1 / 4 * 1 / 4 * 4
    assert best_policy(plan).earnings == pytest.approx(max(0.0, each * 4), abs=1e-8)


@pytest.mark.parametrize("intervals", [FIXED, RANDOM])
def test_no_learner_beats_the_optimum(intervals):
    plan = Checkpoints(intervals=intervals)
    best = best_policy(plan)
    for method in tabular.METHODS:
        found = tabular.play(plan, tabular.learn(plan, method), 20_000)
        assert found.earnings <= best.earnings + 0.5
    assert best.detection < 0.01


def test_fixed_checkpoints_teach_eve_to_hide_and_random_ones_find_her_again():
    fixed, random = Checkpoints(), Checkpoints(intervals=RANDOM)
    assert tabular.play(fixed, tabular.always(fixed)).detection > 0.95
    policies = [tabular.learn(fixed, "q-learning", seed=seed) for seed in range(1, 4)]
    hidden = [tabular.play(fixed, policy) for policy in policies]
    assert np.mean([each.detection for each in hidden]) < 0.01
    assert (
        np.mean([each.bits - each.charged_bits for each in hidden]) > 0
    )  # more than privacy amplification takes
    found = [tabular.play(random, policy) for policy in policies]
    assert np.mean([each.detection for each in found]) > 0.1
    again = [tabular.play(random, tabular.learn(random, "q-learning", seed=seed)) for seed in range(1, 4)]
    assert np.mean([each.bits - each.charged_bits for each in again]) < 0  # all that she knows is charged


def test_learning_is_reproducible():
    plan = Checkpoints()
    first, second, other = (tabular.learn(plan, "sarsa", 500, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_checkpoints_refuse_what_they_cannot_be():
    with pytest.raises(InvalidInput, match="window must be at most the interval"):
        Checkpoints(interval=3, window=4)
    with pytest.raises(InvalidInput, match="method"):
        tabular.learn(Checkpoints(), "dqn")


# The game ------------------------------------------------------------------------------------------------


SETUP = nc.load("lim-2014")


def test_honest_stakes_are_those_of_the_setup():
    honest = stakes(SETUP)
    counts, _ = SETUP.recorded.counts(SETUP.link)
    assert honest.taken == 0
    np.testing.assert_allclose(honest.detections, counts.detections, rtol=2e-3)
    np.testing.assert_allclose(honest.errors, counts.errors, rtol=2e-3)


def test_attacks_inside_the_proofs_take_nothing_but_lower_the_key():
    honest = claimed_bits(SETUP, stakes(SETUP), SETUP.pulses)
    for attack in (nc.attacks.InterceptResend(fraction=0.1), nc.attacks.PhotonNumberSplitting(fraction=0.3)):
        at_stake = stakes(SETUP, attack)
        assert at_stake.taken == 0
        assert claimed_bits(SETUP, at_stake, SETUP.pulses) < honest


def test_attacks_outside_the_proofs_take_what_they_know():
    keyed = stakes(SETUP).detections[0].sum()
    horse = stakes(SETUP, nc.attacks.TrojanHorse(fraction=1, back_photons=0.01))
    # Two coherent states of opposite phase and 0.01 photons: Helstrom's error, then 1 - h.
    wrong = (1 - np.sqrt(1 - np.exp(-0.04))) / 2
    known = 1 + wrong * np.log2(wrong) + (1 - wrong) * np.log2(1 - wrong)
    assert horse.taken == pytest.approx(keyed * known, rel=1e-3)
    assert stakes(SETUP, nc.attacks.TimeShift(fraction=0.5, ratio=1)).taken == pytest.approx(0, abs=1e-12)


def test_moves_stay_within_the_hardware():
    for hardware in HARDWARE.values():
        moves = hardware.moves()
        for move in [*moves, *(near for each in moves[:40] for near in hardware.nearby(each, 4))]:
            assert hardware.finest_fraction <= move.fraction <= 1
            assert getattr(move, "shift_ps", 0) <= hardware.largest_shift_ps
            if move.NAME == "trojan-horse":
                injected = move.back_photons * 1e6
                assert hardware.finest_photons_into_alice * 0.999 <= injected
                assert injected <= hardware.photons_into_alice * 1.001
    assert not any(move.NAME == "detector-blinding" for move in Hardware(photons_into_bob=1e6).moves())


@pytest.fixture(scope="module")
def ground():
    """Return a game in which Eve can blind and inject light."""
    light = {"photons_into_alice": 4e3, "finest_photons_into_alice": 1e3}
    hardware = Hardware(finest_fraction=0.25, blocks=False, largest_shift_ps=0, **light)
    return game.Ground(SETUP, hardware, seed=1)


class MonitorAlone:
    """A model that looks at nothing but Alice's monitor."""

    def decision_function(self, windows):
        return -windows[
            :, 13 + 1 + 3
        ]  # after the counts, double clicks and three moments of the arrival times


def test_eve_finds_the_optimum_that_follows_from_the_monitor_s_noise():
    # A monitor reads 1 nW with 2 % of noise, a window averages 16 readings; b photons back are 1e6 b into
    # Alice's station, of which the monitor sees 6.4e-6 nW each. Eve maximises what she knows in kept windows.
    limit, back = 1 + 3 * 0.02 / 4, np.linspace(1e-4, 0.01, 2000)
    wrong = (1 - np.sqrt(1 - np.exp(-4 * back))) / 2
    known = 1 + wrong * np.log2(wrong) + (1 - wrong) * np.log2(1 - wrong)
    kept = norm.cdf((limit - 1 - 6.4 * back) / (0.005 * (1 + 6.4 * back)))
    best = (known * kept).max()
    hardware = Hardware(finest_fraction=1, blocks=False, largest_shift_ps=0, photons_into_bob=0)
    free = game.Ground(SETUP, hardware, seed=3)
    guard = game.Guard((MonitorAlone(),), (-limit,))
    move = game.best_responses(free, guard, 270)[0]
    at = np.abs(back - move.back_photons).argmin()
    assert known[at] * kept[at] > 0.95 * best
    found = game.outcome(free, guard, move, 540)
    assert abs(1 - found.discarded - kept[at]) < 4 * np.sqrt(kept[at] * (1 - kept[at]) / 540)


def test_a_guard_by_its_law_sees_eve_as_often_as_the_noncentral_law_says():
    # Only the monitor moves: by 6.4 nW per photon back, where a window's mean is read with .005 nW of noise.
    free = game.Ground(SETUP, Hardware(), seed=4)
    guard = game.Guard.of_law(free, 405, 1e-6)
    features, limit = free.windows(None, "fit", 405).shape[1], -guard.models[0].offset_
    assert limit == pytest.approx(ncx2.isf(1e-6, features, 0), rel=0.1)
    assert not guard.alarms(free.windows(None, "test", 270)).any()
    for back_photons in (0.002, 0.0045, 0.009):
        horse = nc.attacks.TrojanHorse(fraction=1, back_photons=back_photons)
        far = (6.4 * back_photons / 0.005) ** 2
        seen = guard.alarms(free.windows(horse, "test", 135)).mean()
        assert seen == pytest.approx(ncx2.sf(limit, features, far), abs=0.08)


def test_a_second_model_never_lets_eve_take_more(ground):
    calibration = ground.windows(None, "calibration", 135)
    naive = game.trained_against(ground, game.strongest(ground.hardware), 135, 20)
    taken = {}
    for name, models in {"naive": [naive], "both": [naive, game.one_class(ground, 135)]}.items():
        guard = game.Guard.calibrated(models, calibration, 0.02)
        assert guard.alarms(calibration).mean() <= 0.02
        found = game.best_responses(ground, guard, 32)
        taken[name] = game.outcome(ground, guard, found[0] if found else None, 64).taken
    assert taken["both"] <= taken["naive"]
    quiet = game.outcome(ground, guard, None, 135)
    assert quiet.taken == 0
    assert quiet.secure == pytest.approx(1 - quiet.discarded, abs=0.02)


def test_training_by_play_adds_models_that_know_her_moves(ground):
    models = game.trained_by_play(ground, 1, 0.02, honest=135, calibration=135, each=20, queries=32)
    assert len(models) == 2
    guard = game.Guard.calibrated(models, ground.windows(None, "calibration", 135), 0.02)
    for move in game.strongest(ground.hardware):
        assert guard.alarms(ground.windows(move, "test", 32)).all()


def test_leaderboard_rows_have_ceilings():
    rows = [
        {"part": "checkpoints", "intervals": "fixed", "noise": 0.01, "policy": "optimum", "earnings": 20.0},
        *(
            {
                "part": "checkpoints",
                "intervals": "fixed",
                "noise": 0.01,
                "policy": "sarsa",
                "earnings": 15.0 + s,
            }
            for s in range(3)
        ),
        *({"part": "game", "hardware": "field", "guard": "g", "rate": 0.01, "secure": 0.8} for _ in range(2)),
    ]
    found = leaderboard(rows)
    assert [(row["score"], row["ceiling"]) for row in found] == [(16.0, 20.0), (0.8, 1.0)]
    assert found[1]["half_width"] == 0
