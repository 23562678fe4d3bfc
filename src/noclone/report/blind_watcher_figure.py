"""Why error rates alone do not see photon-number splitting: the same blocks, watched in two ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.learn.split_photons import ATTACK, SETUP
from noclone.report.canvas import BLUE, INK, VERMILION, sheet
from noclone.report.notation import percent
from noclone.simulation.pulse_telemetry import pulse_telemetry
from noclone.watchers import get
from noclone.watching import calibrate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

PULSES = 10**7
"""Per block: some 5000 clicks of the decoy."""
FALSE_ALARM_RATE = 0.01
BLOCKS = 4000
_HEIGHT_IN = 3.4
_BINS = 40


@dataclass(frozen=True, eq=False)
class Side:
    """What one watcher says of normal and attacked blocks that it was not calibrated with.

    Attributes
    ----------
    watcher : str
    normal, attacked : array, shape (blocks,)
        How far each block is from normal, in standard deviations.
    threshold : float
        Beyond it there is an alarm.
    """

    watcher: str
    normal: Floats
    attacked: Floats
    threshold: float

    @property
    def false_alarms(self) -> float:
        """Share of normal blocks that raise the alarm."""
        return float((self.normal > self.threshold).mean())

    @property
    def detected(self) -> float:
        """Share of attacked blocks that do."""
        return float((self.attacked > self.threshold).mean())

    @property
    def three_sigma(self) -> float:
        """Three standard deviations of the difference of the two shares, if they are one probability."""
        share = (self.false_alarms + self.detected) / 2
        counts = 1 / len(self.normal) + 1 / len(self.attacked)
        return 3 * float(np.sqrt(share * (1 - share) * counts))


def blind_and_seeing(blocks: int = BLOCKS, seed: int = 1) -> tuple[Side, Side]:
    """Return what the errors, and what the decoys show of photon-number splitting of 30 % of the pulses.

    Parameters
    ----------
    blocks : int
        Normal and attacked ones to be judged, each; twice as many normal ones calibrate the watchers.
    seed : int

    Returns
    -------
    errors : Side
        The watcher `binomial`, which counts the errors of all intensities; its p-value as the standard
        deviations that a normal law exceeds so rarely.
    decoys : Side
        The watcher `decoy-z`; its largest z-value.

    Examples
    --------
    >>> errors, decoys = blind_and_seeing(blocks=400)
    >>> abs(errors.detected - errors.false_alarms) <= errors.three_sigma, decoys.detected
    (True, 1.0)
    """
    usual = pulse_telemetry(SETUP, 2 * blocks, PULSES, seed=seed, run=0)
    fresh = pulse_telemetry(SETUP, blocks, PULSES, seed=seed, run=1)
    struck = pulse_telemetry(SETUP, blocks, PULSES, seed=seed, run=2, attack=ATTACK)

    def side(name: str, sigmas: Callable[[Floats], Floats]) -> Side:
        calibrated = calibrate(get(name), usual, FALSE_ALARM_RATE)
        limit = -calibrated.estimator.offset_  # alarm scores are counted from the watcher's own limit
        normal, attacked = (sigmas(calibrated.scores(each) + limit) for each in (fresh, struck))
        threshold = sigmas(np.array([calibrated.threshold + limit]))
        return Side(name, normal, attacked, float(threshold[0]))

    def deviate(minus_log_p: Floats) -> Floats:
        return np.asarray(norm.isf(np.exp(-minus_log_p)))

    return side("binomial", deviate), side("decoy-z", np.asarray)


def blind_watcher_figure(sides: tuple[Side, Side], path: Path | str) -> None:
    """Write the picture of both watchers.

    Parameters
    ----------
    sides : pair of Side
        From `blind_and_seeing`.
    path : path-like
        Ends in ``.svg`` or ``.png``.

    Raises
    ------
    InvalidInput
        If it ends in something else or cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png"):
        raise InvalidInput(str(path), "must end in .svg or .png")
    errors, decoys = sides
    about = {"Date": None} if kind == "svg" else None
    with sheet(_HEIGHT_IN, facecolor="white") as figure:
        left, right = figure.subplots(1, 2)
        _draw(left, errors, "error rates against normal")
        _draw(right, decoys, "gains and their ratios against normal")
        apart = 100 * abs(errors.detected - errors.false_alarms)
        left.set_title(
            f"Errors: {percent(errors.detected, 3)} of attacked blocks\n"
            f"alarm, and {percent(errors.false_alarms, 3)} of normal ones:\n"
            f"{apart:.2f} points apart (3σ: {100 * errors.three_sigma:.2f})",
            loc="left",
        )
        right.set_title(
            f"Decoys: {percent(decoys.detected, 3)} of attacked blocks\n"
            f"alarm, and {percent(decoys.false_alarms, 3)} of normal ones;\n"
            f"the least is {decoys.attacked.min():.1f}σ from normal",
            loc="left",
        )
        left.set_ylabel("blocks")
        figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=160, metadata=about))


def _draw(axes: Axes, side: Side, what: str) -> None:
    low = min(side.normal.min(), side.attacked.min())
    high = max(side.normal.max(), side.attacked.max())
    edges = np.linspace(low, high, _BINS).tolist()
    axes.hist(side.normal, edges, color=BLUE, alpha=0.6, label="normal blocks")
    axes.hist(
        side.attacked, edges, histtype="step", color=VERMILION, linewidth=1.6,
        label=f"{percent(ATTACK.fraction, 2)} of the pulses split",
    )  # fmt: skip
    limit = f"threshold, {percent(FALSE_ALARM_RATE, 1)} false alarms"
    axes.axvline(side.threshold, color=INK, linestyle="--", linewidth=1.2, label=limit)
    axes.set_xlabel(f"{what} (σ)")
