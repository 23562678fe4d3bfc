"""What a protocol declares as free, as the coordinates of a box that a search can roam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from noclone.core.fields import specs, split_index
from noclone.protocols.protocol import Free
from noclone.setup import Setup

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FreeFields:
    """The coordinates of what a protocol's `FREE` names: values, their logarithms, or log odds of shares.

    Examples
    --------
    >>> import noclone as nc
    >>> free = FreeFields((Free("alice.intensities[0]", 0.01, 1.0, "log"),))
    >>> {name: value.round(3).tolist() for name, value in free.fields(np.log([[0.1]])).items()}
    {'alice.intensities[0]': [0.1]}
    """

    free: tuple[Free, ...]
    shares: tuple[int, ...] = ()
    """How many shares each field on the scale "odds" has, in order."""

    @classmethod
    def of(cls, setup: Setup) -> Self:
        """Return the free fields of a setup's protocol that this setup has."""
        free = tuple(each for each in setup.protocol.FREE if _exists(setup, each))
        return cls(free, tuple(len(setup.get(each.name)) for each in free if each.scale == "odds"))

    @property
    def stems(self) -> set[str]:
        """Dotted names without indices; none of them may vary over a grid that is tuned."""
        return {split_index(each.name)[0] for each in self.free}

    @property
    def box(self) -> Floats:
        """Lower and upper end of every coordinate, shape (d, 2)."""
        sides, shares = [], iter(self.shares)
        for each in self.free:
            side = (each.low, each.high) if each.scale == "linear" else tuple(np.log([each.low, each.high]))
            sides += [side] * (next(shares) - 1 if each.scale == "odds" else 1)
        return np.array(sides)

    def candidates(self, count: int) -> Floats:
        """Return points (count, d) that cover the box evenly."""
        low, high = self.box.T
        points = qmc.Halton(len(low), scramble=False).random(count + 1)[1:]
        spread: Floats = low + (high - low) * points
        return spread

    def fields(self, points: Floats) -> dict[str, Floats]:
        """Return the values of the free fields by dotted name, each of shape (...), at points (..., d)."""
        at, shares = iter(np.moveaxis(points, -1, 0)), iter(self.shares)
        result: dict[str, Floats] = {}
        for each in self.free:
            if each.scale == "odds":
                others = [np.exp(next(at)) for _ in range(next(shares) - 1)]
                odds = np.stack([np.ones(points.shape[:-1]), *others])
                parts = odds / odds.sum(axis=0)
                result |= {f"{each.name}[{k}]": part for k, part in enumerate(parts)}
            else:
                value = next(at)
                # exp(log(high)) may round above high, which the field would refuse.
                result[each.name] = (
                    value if each.scale == "linear" else np.clip(np.exp(value), each.low, each.high)
                )
        return result

    def coordinates(self, setup: Setup) -> Floats:
        """Return the point (d,) of the box that is near to a setup's own parameters."""
        point: list[float] = []
        for each in self.free:
            own = np.asarray(setup.get(each.name), float)
            if each.scale == "odds":
                point += np.log(np.maximum(own[1:], 1e-300) / own[0]).tolist()
            else:
                point.append(float(own if each.scale == "linear" else np.log(np.maximum(own, 1e-300))))
        inside: Floats = np.clip(point, *self.box.T)
        return inside


def _own(setup: Setup, name: str) -> float:
    stem, index = split_index(name)
    value = setup.get(stem)
    if index is None:
        return float(value)
    return float(value[index]) if index < len(value) else float("inf")


def _exists(setup: Setup, free: Free) -> bool:
    """Say whether this setup has the field: sources differ in kind and in their number of intensities."""
    stem, index = split_index(free.name)
    station, _, name = stem.partition(".")
    if station not in setup.parts or name not in specs(type(setup.part(station))):
        return False
    if free.scale == "log" and _own(setup, free.name) < free.low:
        return False  # the vacuum of a source whose decoys may be tuned stays what it is
    if index is not None:
        return index < len(setup.get(stem))
    return free.scale != "odds" or len(setup.get(free.name)) > 1
