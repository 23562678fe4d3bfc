"""A Grid: one setup with some fields running over arrays, evaluated in one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.link import Link
from noclone.setup.setup import Setup

if TYPE_CHECKING:
    from noclone.protocols.protocol import Protocol


@dataclass(frozen=True)
class Grid:
    """Setups on a grid.

    Attributes
    ----------
    setup : Setup
        The setup whose fields vary.
    axes : mapping
        Dotted field name to its values (n_i,); the grid is their outer product, in this order.
    link, protocol
        As in the setup, with arrays of broadcastable shape in the fields that vary.
    """

    setup: Setup
    axes: Mapping[str, NDArray[np.float64]]
    link: Link
    protocol: Protocol

    @classmethod
    def over(cls, setup: Setup, axes: Mapping[str, Any], together: Mapping[str, Any] | None = None) -> Grid:
        """Build the grid; ranges are checked for every value, and whole setups at points spread over it.

        Parameters
        ----------
        setup : Setup
            What does not vary.
        axes : mapping
            Dotted field name to its values.
        together : mapping, optional
            Fields that vary jointly along one further, last axis; all of the same length.
        """
        values = {name: np.asarray(value, dtype=float).ravel() for name, value in axes.items()}
        joint = {name: np.asarray(value, dtype=float).ravel() for name, value in (together or {}).items()}
        rank = len(values) + bool(joint)
        changes: dict[str, dict[str, Any]] = {}
        for position, (name, value) in enumerate([*values.items(), *joint.items()]):
            if value.size == 0:
                raise InvalidInput(name, "must have at least one value on its axis, but has none")
            setup.get(name)
            shape = [1] * rank
            shape[min(position, rank - 1)] = value.size
            for each in setup.names(name):
                station, _, rest = each.partition(".")
                changes.setdefault(station, {})[rest] = value.reshape(shape)
        parts = {}
        for station, fields in changes.items():
            try:
                parts[station] = setup.part(station).with_arrays(fields)
            except InvalidInput as error:
                raise error.under(station) from None
        protocol = parts.pop("protocol", setup.protocol)
        for point in _samples(values, joint):
            setup.replace(point)
        return cls(setup, values, setup.link.replaced(parts), protocol)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each axis."""
        return tuple(value.size for value in self.axes.values())


SAMPLES = 4
"""Values of each axis at which a grid is checked as single setups, besides its corners."""


def _samples(
    axes: Mapping[str, NDArray[np.float64]], joint: Mapping[str, NDArray[np.float64]]
) -> Iterator[dict[str, float]]:
    """Yield points of a grid: along each axis with the others at their first value, and the corners.

    A range is a matter of one field; that a protocol uses a field, or that shares sum to 1, is one of the
    whole setup. Fields that vary jointly are looked at in their first values.
    """
    first = {name: float(values[0]) for name, values in (*axes.items(), *joint.items())}
    for name, values in axes.items():
        for index in np.unique(np.linspace(0, values.size - 1, SAMPLES).astype(int)):
            yield {**first, name: float(values[index])}
    if joint and not axes:
        yield first
    if 1 < len(axes) <= 4:
        for corner in product(*((values.min(), values.max()) for values in axes.values())):
            yield first | {name: float(value) for name, value in zip(axes, corner, strict=True)}
