"""A watch that goes on: blocks come in one by one, alarms go out as they are raised."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.records.telemetry import Telemetry
from noclone.watching.calibration import Calibrated


@dataclass(frozen=True)
class Seen:
    """What the watcher says of the latest block.

    Attributes
    ----------
    block : int
        Number of the block, from 0.
    score, p_value : float
    alarm : bool
    """

    block: int
    score: float
    p_value: float
    alarm: bool


class Stream:
    """A calibrated watcher that is given one block after the other.

    Parameters
    ----------
    calibrated : Calibrated

    Examples
    --------
    >>> from noclone.watchers import get
    >>> from noclone.watching.calibration import calibrate
    >>> normal = Telemetry(("a",), np.random.default_rng(1).normal(size=(400, 1)))
    >>> stream = Stream(calibrate(get("chi-square"), normal))
    >>> [stream.push({"a": value}).alarm for value in (0.1, -0.4, 7.0)]
    [False, False, True]
    """

    def __init__(self, calibrated: Calibrated) -> None:
        self.calibrated = calibrated
        self._recent: deque[list[float]] = deque(maxlen=calibrated.window)
        self._blocks = 0

    def push(self, block: Mapping[str, float]) -> Seen | None:
        """Take a block by its features' names; return what it looks like, None until a window is full.

        Raises
        ------
        InvalidInput
            If a feature is missing or is not finite.
        """
        columns = self.calibrated.columns
        missing = [name for name in columns if name not in block]
        if missing:
            raise InvalidInput("block", f"must have the features {', '.join(missing)}, but has not")
        values = [float(block[name]) for name in columns]
        row = Telemetry(columns, np.array([values]))  # refuses what is not finite
        self._recent.append(row.values[0].tolist())
        self._blocks += 1
        if len(self._recent) < self.calibrated.window:
            return None
        recent = Telemetry(columns, np.array(self._recent))
        score = float(self.calibrated.scores(recent)[0])
        p_value = float(self.calibrated.p_values(np.array([score]))[0])
        return Seen(self._blocks - 1, score, p_value, score > self.calibrated.threshold)
