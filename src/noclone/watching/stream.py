"""A watch that goes on: blocks come in one by one, alarms go out as they are raised."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.kinds import check_kind
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

    Raises
    ------
    InvalidInput
        If it is something else.

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
        check_kind("calibrated", calibrated, Calibrated)
        self.calibrated = calibrated
        self._recent: deque[list[float]] = deque(maxlen=calibrated.window)
        self._blocks = 0

    def push(self, block: Mapping[str, float | str]) -> Seen | None:
        """Take a block by its features' names; return what it looks like, None until a window is full.

        Raises
        ------
        InvalidInput
            If a feature is missing, no number, or not finite; other things in the block are not looked at.
        """
        check_kind(f"block {self._blocks}", block, Mapping)
        columns = self.calibrated.columns
        missing = [name for name in columns if name not in block]
        if missing:
            raise InvalidInput("block", f"must have the features {', '.join(missing)}, but has not")
        self._recent.append([self._number(name, block[name]) for name in columns])
        self._blocks += 1
        if len(self._recent) < self.calibrated.window:
            return None
        recent = Telemetry(columns, np.array(self._recent))
        score = float(self.calibrated.scores(recent)[0])
        p_value = float(self.calibrated.p_values(np.array([score]))[0])
        return Seen(self._blocks - 1, score, p_value, score > self.calibrated.threshold)

    def _number(self, name: str, given: Any) -> float:
        try:
            value = float(given)
        except (TypeError, ValueError):
            raise InvalidInput(
                f"block {self._blocks}", f"must hold a number for {name}, but holds {given!r}"
            ) from None
        if not math.isfinite(value):
            raise InvalidInput(name, f"must be finite, but is {value} in block {self._blocks}")
        return value
