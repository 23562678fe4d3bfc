"""A Grid: one setup with some fields running over arrays, evaluated in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
        """Build the grid; ranges are checked for every value.

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
        return cls(setup, values, setup.link.replaced(parts), protocol)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each axis."""
        return tuple(value.size for value in self.axes.values())
