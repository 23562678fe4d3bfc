"""Eve and the watcher play: she knows it and does what pays most, it learns from what she did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone import watchers
from noclone.core.seeds import kernel_seed
from noclone.learn.adaptive.hardware import Hardware
from noclone.learn.adaptive.stakes import Stakes, claimed_bits, stakes
from noclone.protocols.pulse_attack import PulseAttack
from noclone.protocols.readings import NAMES as READINGS
from noclone.records.pulse_features import pulse_columns
from noclone.records.telemetry import joined
from noclone.setup import Setup
from noclone.simulation.drift import FIELD
from noclone.simulation.pulse_telemetry import pulse_telemetry

Floats = NDArray[np.float64]
Move = PulseAttack | None
"""What Eve does to all blocks; None where she lies low."""

PULSES_PER_BLOCK = 1e7
WINDOW = 16
"""Blocks that the parties keep or discard together, after looking at the mean of their telemetry."""
INTERVAL_S = 20.0
_WINDOWS_PER_RUN = 270
"""A run lasts a day: 270 windows of 16 blocks, one every 20 s."""
_FIRST_LOOK = 32
"""Windows after which Eve gives a move up if every one of them raised an alarm."""

_SPANS = (4.0, 4.0**0.25)
"""Factors within which Eve looks around her best moves, one after the other."""


@dataclass(eq=False)
class Ground:
    """Where the game is played: a setup, Eve's hardware, and telemetry that is drawn once it is needed.

    Parameters
    ----------
    setup : Setup
    hardware : Hardware
    seed : int
        The same seed gives the same game.
    """

    setup: Setup
    hardware: Hardware
    seed: int = 1
    _drawn: dict[tuple[Move, str, int], Floats] = field(default_factory=dict, repr=False)
    _stakes: dict[Move, Stakes] = field(default_factory=dict, repr=False)

    def windows(self, move: Move, use: str, count: int) -> Floats:
        """Return telemetry, shape (count, WINDOW * columns); every `use` has drift and counts of its own."""
        key = (move, use, count)
        if key not in self._drawn:
            starts = range(0, count, _WINDOWS_PER_RUN)
            seed = int(kernel_seed(self.seed, f"game {use} {count} {move!r}")) % 2**31
            parts = [
                pulse_telemetry(
                    self.setup,
                    WINDOW * min(_WINDOWS_PER_RUN, count - start),
                    PULSES_PER_BLOCK,
                    attack=move,
                    drift=FIELD,
                    interval_s=INTERVAL_S,
                    seed=seed,
                    run=run,
                ).windows(WINDOW)
                for run, start in enumerate(starts)
            ]
            # What is kept is the mean: no guard of this game looks at the order of the blocks.
            rows = joined(parts).values.reshape(count, WINDOW, -1)
            self._drawn[key] = rows.mean(axis=1)
        return self._drawn[key]

    def stakes(self, move: Move) -> Stakes:
        """Return what is at stake under a move."""
        if move not in self._stakes:
            self._stakes[move] = stakes(self.setup, move)
        return self._stakes[move]

    def earned(self, move: PulseAttack, kept: float) -> float:
        """Return what Eve gets out of ``setup.pulses`` pulses, in bits, at most what the parties make."""
        pulses = kept * float(self.setup.pulses)
        at_stake = self.stakes(move)
        taken = at_stake.taken * pulses
        return min(taken, claimed_bits(self.setup, at_stake, pulses)) if taken > 0 else 0.0


@dataclass(frozen=True, eq=False)
class Guard:
    """What decides whether a window is kept: fitted models, and the score of each below which it is not."""

    models: tuple[Any, ...]
    thresholds: tuple[float, ...]

    @classmethod
    def calibrated(cls, models: Sequence[Any], honest: Floats, false_alarm_rate: float) -> Guard:
        """Return a guard that discards at most `false_alarm_rate` of these honest windows.

        Each model alone discards an equal part. No model may have been fitted to these windows.
        """
        part = false_alarm_rate / len(models)
        lowest = [float(np.quantile(each.decision_function(honest), part, method="lower")) for each in models]
        return cls(tuple(models), tuple(lowest))

    @classmethod
    def of_law(cls, ground: Ground, windows: int, false_alarm_rate: float) -> Guard:
        """Return the chi-square test, fitted to honest windows, with the threshold that its own law gives.

        For rates too small to be calibrated with held-out windows. Against an Eve to whom alarms are free
        such a guard keeps more: the higher the threshold, the smaller the spread of the statistic beside
        it, and the fewer alarms she risks at her optimum; what she takes grows much more slowly.
        """
        return cls((one_class(ground, windows, false_alarm_rate),), (0.0,))

    def alarms(self, windows: Floats) -> NDArray[np.bool_]:
        """Return which windows are discarded."""
        pairs = zip(self.models, self.thresholds, strict=True)
        raised: NDArray[np.bool_] = np.any(
            [model.decision_function(windows) < lowest for model, lowest in pairs], axis=0
        )
        return raised


def best_responses(ground: Ground, guard: Guard, queries: int, most: int = 1) -> list[PulseAttack]:
    """Return the moves that earn Eve most against a guard that she knows, the best first.

    She estimates how often a move raises an alarm from `queries` windows of her own, and wants most bits that
    the parties believe secret, in windows that are kept. An alarm costs her the window and nothing else. She
    searches a coarse grid, then around the best of it in steps of 41 % and of 9 %: with coarser ones she
    misses her optimum, and the guard looks better than it is. A move that earns less than a bit is none.
    """
    earned: dict[PulseAttack, float] = {}

    def try_all(moves: Sequence[PulseAttack]) -> list[PulseAttack]:
        hopes = {move: ground.earned(move, 1.0) for move in moves if move not in earned}
        for move, hope in sorted(hopes.items(), key=lambda item: -item[1]):
            ranked = sorted(earned.values(), reverse=True)
            if hope < max(1.0, ranked[most - 1] if len(ranked) >= most else 0.0):
                break  # not even without any alarm
            first = guard.alarms(ground.windows(move, "first look", _FIRST_LOOK))
            kept = 0.0 if first.all() else 1 - guard.alarms(ground.windows(move, "query", queries)).mean()
            earned[move] = ground.earned(move, float(kept))
        paying = [move for move, bits in earned.items() if bits >= 1]
        return sorted(paying, key=lambda move: -earned[move])[:most]

    found = try_all(ground.hardware.moves())
    for span in _SPANS:
        found = try_all([near for move in found for near in ground.hardware.nearby(move, span)])
    return found


@dataclass(frozen=True)
class Outcome:
    """What becomes of the key when Eve makes the same move all the time.

    Attributes
    ----------
    move : str
    discarded : float
        Share of the windows.
    claimed : float
        Key that the parties distil from what they keep, relative to the honest key: that of all windows,
        without Eve and without a guard.
    taken : float
        How much of it Eve knows, relative to the honest key.
    """

    move: str
    discarded: float
    claimed: float
    taken: float

    @property
    def secure(self) -> float:
        """Share of the honest key that is kept and that Eve does not know."""
        return self.claimed - self.taken


def outcome(ground: Ground, guard: Guard, move: Move, windows: int) -> Outcome:
    """Return what a move leads to, on windows that neither side has seen."""
    discarded = float(guard.alarms(ground.windows(move, "test", windows)).mean())
    pulses = float(ground.setup.pulses)
    whole = claimed_bits(ground.setup, ground.stakes(None), pulses)
    claimed = claimed_bits(ground.setup, ground.stakes(move), (1 - discarded) * pulses) / whole
    taken = 0.0 if move is None else ground.earned(move, 1 - discarded) / whole
    return Outcome("none" if move is None else repr(move), discarded, claimed, taken)


def one_class(ground: Ground, windows: int, false_alarm_rate: float = 0.01) -> Any:
    """Return the chi-square test, fitted to honest windows."""
    honest = ground.windows(None, "fit", windows)
    test = watchers.get("chi-square").estimator("one-class", _columns(ground.setup))
    return test.set_params(false_alarm_rate=false_alarm_rate).fit(honest)


def trained_against(ground: Ground, moves: Sequence[PulseAttack], windows: int, each: int) -> Any:
    """Return boosted trees, fitted to honest windows and to `each` windows of every move."""
    honest = ground.windows(None, "fit", windows)
    rows = np.concatenate([honest, *(ground.windows(move, "fit", each) for move in moves)])
    labels = np.repeat([1, 0], [len(honest), len(rows) - len(honest)])
    trees = watchers.get("gradient-boosting").estimator("classification", _columns(ground.setup))
    return trees.set_params(random_state=int(kernel_seed(ground.seed, "game trees")) % 2**31).fit(
        rows, labels
    )


def _columns(setup: Setup) -> tuple[str, ...]:
    return (*pulse_columns(len(setup.recorded.intensity_probs)), "double_clicks", *READINGS)


def strongest(hardware: Hardware) -> list[PulseAttack]:
    """Return the strongest move of each kind: what is trained against where nobody expects an adversary.

    Examples
    --------
    >>> [move.NAME for move in strongest(Hardware(photons_into_bob=0))]
    ['intercept-resend', 'photon-number-splitting', 'time-shift', 'trojan-horse']
    """
    return list({move.NAME: move for move in hardware.moves()}.values())


def trained_by_play(
    ground: Ground,
    rounds: int,
    false_alarm_rate: float,
    *,
    honest: int,
    calibration: int,
    each: int,
    queries: int,
) -> list[Any]:
    """Return the chi-square test and trees that have learned from Eve's best responses, round by round.

    The double oracle of McMahan, Gordon and Blum (ICML 2003) without mixing: all moves that paid in any round
    stay in the training set as hard negatives.
    """
    models = [one_class(ground, honest)]
    normal = ground.windows(None, "calibration", calibration)
    moves = strongest(ground.hardware)
    for _ in range(rounds):
        trees = trained_against(ground, moves, honest, each)
        models = [models[0], trees]
        found = best_responses(ground, Guard.calibrated(models, normal, false_alarm_rate), queries, most=3)
        fresh = [move for move in found if move not in moves]
        if not fresh:
            break
        moves = [*moves, *fresh]
    return models
