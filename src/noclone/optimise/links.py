"""The links of a grid in a row, as a search wants them: any of them, at any of many parameters at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import specs
from noclone.protocols.key_rate import KeyRate
from noclone.setup import Grid, rate

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Links:
    """The links of a grid, numbered, with the question that is asked of each.

    Parameters
    ----------
    grid : Grid
        Of shape (...), its uncertainties aside.
    pulses, sifted_bits, asymptotic, bound
        As in `noclone.rate`; a size of the block may be an array, which then belongs to the grid.

    Attributes
    ----------
    shape : tuple of int
        Of the grid, sizes of the block included.
    varying : mapping
        Dotted name to array of every field that varies.

    Raises
    ------
    InvalidInput
        If a size of the block does not broadcast with the grid.
    """

    def __init__(
        self,
        grid: Grid,
        *,
        pulses: ArrayLike | None,
        sifted_bits: ArrayLike | None,
        asymptotic: bool,
        bound: str | None,
    ) -> None:
        # A band of the rate costs hundreds of rates and is not what is maximised.
        self.setup = dataclasses.replace(grid.setup, uncertainty={})
        self.asymptotic, self.bound = asymptotic, bound
        self.varying = dict(_arrays(grid))
        given = {"pulses": pulses, "sifted_bits": sifted_bits}
        sizes = {name: np.asarray(size, float) for name, size in given.items() if size is not None}
        try:
            shapes = (array.shape for array in [*self.varying.values(), *sizes.values()])
            self.shape = np.broadcast_shapes(*shapes)
        except ValueError:
            raise InvalidInput(
                "block size", "must be one number or an array that broadcasts with the grid"
            ) from None
        self._fields, self._sizes = (
            {name: np.broadcast_to(array, self.shape).ravel() for name, array in arrays.items()}
            for arrays in (self.varying, sizes)
        )

    def __len__(self) -> int:
        return int(np.prod(self.shape, dtype=int))

    def rate(self, rows: Whole, fields: Mapping[str, Floats]) -> KeyRate:
        """Return what `noclone.rate` says of some links.

        Parameters
        ----------
        rows : ndarray of int, shape (n,)
            Numbers of the links.
        fields : mapping
            Dotted name to values, of a shape that broadcasts with (n, T): T parameters for each link.
        """
        values = {name: array[rows, None] for name, array in self._fields.items()} | dict(fields)
        changes: dict[str, dict[str, Floats]] = {}
        for name, value in values.items():
            station, _, field = name.partition(".")
            changes.setdefault(station, {})[field] = value
        parts = {station: self.setup.part(station).with_arrays(given) for station, given in changes.items()}
        protocol = parts.pop("protocol", self.setup.protocol)
        grid = Grid(self.setup, {}, self.setup.link.replaced(parts), protocol)
        sizes = {name: size[rows, None] for name, size in self._sizes.items()}
        return rate(grid, **sizes, asymptotic=self.asymptotic, bound=self.bound)

    def fractions(self, rows: Whole, fields: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """Return key bits per sifted bit, negative if there is no key, and sifted bits per second; (n, T)."""
        answer = self.rate(rows, fields)
        with np.errstate(divide="ignore", invalid="ignore"):
            fraction = np.where(
                answer.sifted_bits > 0, sum(answer.terms.values()) / answer.sifted_bits, -np.inf
            )
        per_round = answer.sifted_bits / (1.0 if answer.pulses is None else answer.pulses)
        sifted = per_round * np.asarray(answer.clock_rate_hz)
        shape = np.broadcast_shapes((len(rows), 1), fraction.shape)
        return np.broadcast_to(fraction, shape), np.broadcast_to(sifted, shape)


def _arrays(grid: Grid) -> Iterator[tuple[str, Floats]]:
    """Yield the dotted name and the values of every field that is an array."""
    for station, part in {**grid.link.devices, "protocol": grid.protocol}.items():
        for name in specs(type(part)):
            value = getattr(part, name)
            if isinstance(value, tuple):
                yield from ((f"{station}.{name}[{i}]", item) for i, item in enumerate(value) if np.ndim(item))
            elif np.ndim(value):
                yield f"{station}.{name}", value
