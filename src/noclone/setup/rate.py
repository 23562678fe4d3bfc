"""`rate`: how much key a setup or a grid of setups gives."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from noclone.core.errors import InvalidInput
from noclone.core.fields import specs, split_index
from noclone.core.seeds import stream
from noclone.protocols.key_rate import KeyRate
from noclone.setup.grid import Grid
from noclone.setup.setup import Setup

BAND_DRAWS = 401
"""Draws behind the band of a rate whose setup carries uncertainties."""


def rate(
    setup: Setup | Grid,
    *,
    pulses: ArrayLike | None = None,
    sifted_bits: ArrayLike | None = None,
    asymptotic: bool = False,
    bound: str | None = None,
) -> KeyRate:
    """Return the key rate that a bound allows.

    Parameters
    ----------
    setup : Setup or Grid
        One link, or arrays of them.
    pulses : array_like, optional
        Pulses of the block; the setup's own by default.
    sifted_bits : array_like, optional
        Keyed events of the block instead of pulses.
    asymptotic : bool
        No statistical fluctuations: infinitely many pulses.
    bound : str, optional
        Name of the bound; the protocol's own by default.

    Returns
    -------
    KeyRate
        Arrays of the grid's shape; for a setup with uncertainties a band besides.

    Raises
    ------
    InvalidInput
        If more than one block size is given, it is not positive, or the bound does not exist.

    Examples
    --------
    >>> import noclone as nc
    >>> answer = nc.rate(nc.load("lim-2014"))
    >>> bool(2.5e6 < answer.key_bits < 2.8e6)
    True
    """
    if not isinstance(setup, (Setup, Grid)):
        raise InvalidInput("setup", f"must be a Setup or a Grid, but is {type(setup).__name__}")
    grid = setup if isinstance(setup, Grid) else Grid.over(setup, {})
    sizes = {"pulses": pulses, "sifted_bits": sifted_bits}
    given = [name for name, size in sizes.items() if size is not None]
    if len(given) + asymptotic > 1:
        raise InvalidInput("block size", "must be given once: pulses, sifted bits or asymptotic")
    for name in given:
        try:
            size = np.asarray(sizes[name])
            size = size.astype(float) if size.dtype.kind in "iuf" else np.array(np.nan)
        except ValueError:
            size = np.array(np.nan)
        if not np.all((size > 0) & (size <= 1e18)):
            raise InvalidInput(name, f"must be above 0 and at most 1e18, but is {sizes[name]!r}")
        try:
            np.broadcast_shapes(size.shape, grid.shape)
        except ValueError:
            raise InvalidInput(
                name, f"must be one number or fit the grid of shape {grid.shape}, but has shape {size.shape}"
            ) from None
    question: dict[str, Any] = {"pulses": pulses, "sifted_bits": sifted_bits, "bound": bound}
    if not given and not asymptotic:
        question["pulses"] = grid.setup.pulses
    answer = grid.protocol.rate(grid.link, **question)
    uncertain = set(grid.setup.uncertainty) - set(grid.axes)
    band = _band(grid, question) if uncertain else None
    return dataclasses.replace(answer, band=band, axes=grid.axes)


def _band(grid: Grid, question: dict[str, Any]) -> tuple[Any, Any]:
    """Draw the uncertain fields from normal distributions cut at their ranges; seeded, so repeatable."""
    uncertain = {name: sigma for name, sigma in grid.setup.uncertainty.items() if name not in grid.axes}
    draws = stream(0, "uncertainty").standard_normal((len(uncertain), BAND_DRAWS))
    together = {}
    for row, (name, sigma) in zip(draws, uncertain.items(), strict=True):
        station, _, field = grid.setup.names(name)[0].partition(".")
        spec = specs(type(grid.setup.part(station)))[split_index(field)[0]]
        together[name] = np.clip(grid.setup.get(name) + sigma * row, spec.low, spec.high)
    drawn = Grid.over(grid.setup, grid.axes, together)
    answer = drawn.protocol.rate(drawn.link, **question)
    low, high = np.quantile(answer.rate_per_pulse, [0.05, 0.95], axis=-1)
    return low, high
