"""`tune`: the parameters with which a setup, or each setup of a grid, gives most key."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import specs
from noclone.optimise.batched import Maxima, maximise, spread_starts
from noclone.optimise.decoy_bb84 import FreeParameters
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.protocols.key_rate import KeyRate
from noclone.setup import Grid, Setup, rate
from noclone.setup.setup import STATIONS

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

CANDIDATES = 1024
"""Points at which every link is tried first, besides its own parameters."""
CLIMBS = 8
"""The best of them, apart from each other, from which the search climbs."""
APART = 1.0
LINKS_AT_ONCE = 64
"""Links that advance together: enough to spread the cost of a call, few enough to stay in the cache."""


@dataclass(frozen=True)
class Tuned:
    """The best parameters found, and what they are worth.

    Attributes
    ----------
    parameters : mapping
        Dotted field name to the values that were chosen, each of the grid's shape.
    rate_before, rate_after : ndarray, shape (...)
        Secret bits per pulse with the parameters of the setup and with the chosen ones, as `noclone.rate`
        gives them. Where both are 0 no parameters with a key were found, and the parameters are unchanged.
    evaluations : int
        Rates that the search looked at, all links together.
    seconds : float
        Time that it took.
    setup : Setup or None
        The setup with the chosen parameters; None for a grid.
    """

    parameters: Mapping[str, Floats]
    rate_before: Floats
    rate_after: Floats
    evaluations: int
    seconds: float
    setup: Setup | None

    def __str__(self) -> str:
        """Return parameters and rates as an aligned table."""
        shown = {name: _show(value) for name, value in self.parameters.items()}
        shown["key rate before"] = f"{_show(self.rate_before)} bits per pulse"
        shown["key rate after"] = f"{_show(self.rate_after)} bits per pulse"
        without = np.count_nonzero(self.rate_after == 0)
        if without:
            shown["no key"] = "whatever the parameters" if self.rate_after.ndim == 0 else f"{without} links"
        shown["search"] = f"{self.evaluations:,} rates in {self.seconds:.2f} s"
        width = max(map(len, shown))
        return "\n".join(f"{name:<{width}}  {text}" for name, text in shown.items())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; numbers become lists on a grid."""
        return {
            "parameters": {name: value.tolist() for name, value in self.parameters.items()},
            "rate_before": self.rate_before.tolist(),
            "rate_after": self.rate_after.tolist(),
            "evaluations": self.evaluations,
            "seconds": self.seconds,
        }


def _show(value: Floats) -> str:
    return f"{float(value):.4g}" if value.ndim == 0 else f"{value.min():.4g} … {value.max():.4g} {value.shape}"


def tune(
    setup: Setup | Grid,
    *,
    pulses: ArrayLike | None = None,
    sifted_bits: ArrayLike | None = None,
    asymptotic: bool = False,
    bound: str | None = None,
) -> Tuned:
    """Return the parameters that give most key: intensities, their shares, and the basis bias.

    Parameters
    ----------
    setup : Setup or Grid
        One link, or arrays of them: each is tuned by itself.
    pulses, sifted_bits : array_like, optional
        Size of the block as in `noclone.rate`; an array that broadcasts with the grid is a grid as well.
    asymptotic : bool
        No statistical fluctuations.
    bound : str, optional
        Name of the bound; the protocol's own by default.

    Returns
    -------
    Tuned

    Raises
    ------
    InvalidInput
        As `noclone.rate`; if the protocol has nothing to choose, or the grid varies what is to be chosen.

    Notes
    -----
    The ranges are those of `noclone.optimise.decoy_bb84`: an intensity below .01 is taken for the vacuum and
    stays as it is, and no other is brought below it. The basis bias is tuned where both bases are keyed,
    too; it leaves 1/2 only where that gives more key. Without statistical fluctuations a larger share of
    the brightest intensity and of one basis is always better, so that both end at their limits.

    Examples
    --------
    >>> import noclone as nc
    >>> tuned = tune(nc.load("rusca-2018"))
    >>> bool(tuned.rate_after > tuned.rate_before)
    True
    """
    began = time.perf_counter()
    grid = setup if isinstance(setup, Grid) else Grid.over(setup, {})
    if not isinstance(grid.protocol, DecoyBB84):
        known = f"must be {DecoyBB84.NAME} to be tuned"
        raise InvalidInput("protocol", f"{known}, but is {grid.protocol.NAME}")
    links = _Links(grid, {"pulses": pulses, "sifted_bits": sifted_bits}, asymptotic, bound)
    free = FreeParameters.of(grid.setup)
    for name in links.varying:
        if name.partition("[")[0] in free.FIELDS:
            raise InvalidInput(name, "must not be an axis of the grid, because it is what tune chooses")
    count = int(np.prod(links.shape, dtype=int))
    pieces = [np.arange(first, min(first + LINKS_AT_ONCE, count)) for first in range(0, count, LINKS_AT_ONCE)]
    found = [_search(links, free, rows) for rows in pieces]
    own = {name: grid.setup.get(name) for name in free.fields(found[0].points)}
    points = np.concatenate([part.points for part in found])
    before, after = (
        np.concatenate([links.rate(rows, choice(rows)).rate_per_pulse + np.zeros((len(rows), 1)) for rows in pieces])
        for choice in (lambda rows: {}, lambda rows: free.fields(points[rows, None]))
    )
    before, after = before[:, 0], after[:, 0]
    better = after > before
    parameters = {
        name: np.where(better, value, own[name]).reshape(links.shape) for name, value in free.fields(points).items()
    }
    single = isinstance(setup, Setup) and not links.shape
    return Tuned(
        parameters=parameters,
        rate_before=before.reshape(links.shape),
        rate_after=np.fmax(after, before).reshape(links.shape),
        evaluations=sum(part.evaluations for part in found),
        seconds=time.perf_counter() - began,
        setup=setup.replace({name: float(value) for name, value in parameters.items()}) if single else None,
    )


class _Links:
    """The links of a grid in a row: their rates at any parameters."""

    def __init__(
        self, grid: Grid, sizes: Mapping[str, ArrayLike | None], asymptotic: bool, bound: str | None
    ) -> None:
        # Without its uncertainties: bands are not what is maximised.
        self.setup = dataclasses.replace(grid.setup, uncertainty={})
        self.asymptotic, self.bound = asymptotic, bound
        self.varying = dict(_arrays(grid))
        given = {name: np.asarray(size, float) for name, size in sizes.items() if size is not None}
        self.shape = np.broadcast_shapes(*(value.shape for value in [*self.varying.values(), *given.values()]))
        self._flat = {name: np.broadcast_to(value, self.shape).ravel() for name, value in self.varying.items()}
        self._sizes = {name: np.broadcast_to(value, self.shape).ravel() for name, value in given.items()}

    def rate(self, rows: Whole, fields: Mapping[str, Floats]) -> KeyRate:
        """Return the rates of links (n,) with fields of shapes that broadcast with (n, T)."""
        changes: dict[str, dict[str, Floats]] = {}
        for name, value in [*((name, value[rows, None]) for name, value in self._flat.items()), *fields.items()]:
            station, _, field = name.partition(".")
            changes.setdefault(station, {})[field] = value
        parts = {station: self.setup.part(station).with_arrays(values) for station, values in changes.items()}
        protocol = parts.pop("protocol", self.setup.protocol)
        grid = Grid(self.setup, {}, dataclasses.replace(self.setup.link, **parts), protocol)
        sizes = {name: value[rows, None] for name, value in self._sizes.items()}
        return rate(grid, **sizes, asymptotic=self.asymptotic, bound=self.bound)

    def height(self, rows: Whole, fields: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """Return unclipped key bits per sifted bit, and sifted bits per pulse."""
        answer = self.rate(rows, fields)
        with np.errstate(divide="ignore", invalid="ignore"):
            fraction = sum(answer.terms.values()) / answer.sifted_bits
        return fraction, answer.sifted_bits / (1.0 if answer.pulses is None else answer.pulses)


def _arrays(grid: Grid) -> Iterator[tuple[str, Floats]]:
    """Yield the dotted names and values of all fields that are arrays."""
    for station in STATIONS:
        part = grid.protocol if station == "protocol" else getattr(grid.link, station)
        for name in specs(type(part)):
            value = getattr(part, name)
            if isinstance(value, tuple):
                yield from ((f"{station}.{name}[{i}]", item) for i, item in enumerate(value) if np.ndim(item))
            elif np.ndim(value):
                yield f"{station}.{name}", value


def _search(links: _Links, free: FreeParameters, rows: Whole) -> Maxima:
    """Return the best points of some links: candidates first, then climbs from the best of them."""
    low, high = free.box.T
    candidates = np.concatenate([free.candidates(CANDIDATES), free.coordinates(links.setup)[None]])
    fraction, sifted = links.height(rows, free.fields(candidates[None]))
    height = np.where(fraction > 0, fraction * sifted, fraction) + np.zeros((len(rows), 1))
    starts = spread_starts(height, candidates, APART, CLIMBS)
    starts = np.concatenate([starts, candidates[None, -1:] + np.zeros((len(rows), 1, 1))], axis=1)
    scale = links.height(rows, free.fields(starts[:, :1]))[1][:, 0]

    def objective(which: Whole, points: Floats) -> Floats:
        # Where there is no key, the rate itself is no guide: it is best where nothing is sent.
        fraction, sifted = links.height(rows[which], free.fields(points))
        return np.where(fraction > 0, fraction * sifted / scale[which, None], fraction)

    found = maximise(objective, low, high, starts)
    return dataclasses.replace(found, evaluations=found.evaluations + height.size)
