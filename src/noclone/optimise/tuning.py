"""`tune`: the parameters with which a setup, or each setup of a grid, gives most key."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import split_index
from noclone.optimise.batched import Maxima, maximise, spread_starts
from noclone.optimise.decoy_bb84 import FreeParameters
from noclone.optimise.free import FreeFields
from noclone.optimise.links import Links
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.setup import Grid, Setup

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

CANDIDATES = 1024
"""Points at which every link is tried first, besides its own parameters."""
CLIMBS = 8
"""The best of them from which the search climbs: rates have several tops where a bound is clipped."""
APART = 1.0
"""How far these lie from each other, in the coordinates of the search."""
LINKS_AT_ONCE = 128
"""Links that advance together: enough to spread the cost of a call, few enough for little memory."""


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
    return (
        f"{float(value):.4g}" if value.ndim == 0 else f"{value.min():.4g} … {value.max():.4g} {value.shape}"
    )


def tune(
    setup: Setup | Grid,
    *,
    pulses: ArrayLike | None = None,
    sifted_bits: ArrayLike | None = None,
    asymptotic: bool = False,
    bound: str | None = None,
) -> Tuned:
    """Return the parameters that give most key: intensities, their shares, the basis bias, ….

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
    What is chosen, and between which limits, is each protocol's `FREE`; decoy BB84 has coordinates of its
    own in `noclone.optimise.decoy_bb84`. There an intensity below .01 is taken for the vacuum and
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
    free = _free(grid.setup)
    if not free.stems:
        raise InvalidInput("protocol", f"has nothing to tune: {grid.protocol.NAME} leaves no choice")
    links = Links(grid, pulses=pulses, sifted_bits=sifted_bits, asymptotic=asymptotic, bound=bound)
    for name in links.varying:
        if split_index(name)[0] in free.stems:
            raise InvalidInput(name, "must not vary over the grid, because it is what tune chooses")

    batches = np.split(np.arange(len(links)), range(LINKS_AT_ONCE, len(links), LINKS_AT_ONCE))
    found = [_search(links, free, rows) for rows in batches]
    chosen = free.fields(np.concatenate([maxima.points for maxima in found]))
    before, after = np.empty(len(links)), np.empty(len(links))
    better = np.zeros(len(links), bool)
    for rows in batches:
        old = links.rate(rows, {})
        new = links.rate(rows, {name: value[rows, None] for name, value in chosen.items()})
        before[rows, None], after[rows, None] = old.rate_per_pulse, new.rate_per_pulse
        better[rows, None] = new.rate_bps > old.rate_bps
    parameters = {
        name: np.where(better, value, grid.setup.get(name)).reshape(links.shape)
        for name, value in chosen.items()
    }
    tuned = None
    if isinstance(setup, Setup) and not links.shape:
        tuned = setup.replace({name: float(value) for name, value in parameters.items()})
    return Tuned(
        parameters=parameters,
        rate_before=before.reshape(links.shape),
        rate_after=np.where(better, after, before).reshape(links.shape),
        evaluations=sum(maxima.evaluations for maxima in found),
        seconds=time.perf_counter() - began,
        setup=tuned,
    )


def tunable(setup: Setup) -> bool:
    """Say whether a setup's protocol leaves the parties any choice.

    Examples
    --------
    >>> import noclone as nc
    >>> tunable(nc.load("decoy-bb84"))
    True
    """
    return bool(_free(setup).stems)


def _free(setup: Setup) -> FreeParameters | FreeFields:
    return FreeParameters.of(setup) if type(setup.protocol) is DecoyBB84 else FreeFields.of(setup)


def _search(links: Links, free: FreeParameters | FreeFields, rows: Whole) -> Maxima:
    """Return the best points of some links: candidates first, then climbs from the best of them."""
    low, high = free.box.T
    own = free.coordinates(links.setup)
    candidates = np.concatenate([free.candidates(CANDIDATES), own[None]])
    fraction, sifted = links.fractions(rows, free.fields(candidates[None]))
    heights = _height(fraction, sifted)
    starts = spread_starts(heights, candidates, APART, CLIMBS)
    starts = np.concatenate([starts, np.broadcast_to(own, (len(rows), 1, own.size))], axis=1)
    # So that the two pieces of the height meet without a sharp bend; a link without detections has no scale.
    scale = np.fmax(links.fractions(rows, free.fields(starts[:, :1]))[1], np.finfo(float).tiny)

    def objective(which: Whole, points: Floats) -> Floats:
        fraction, sifted = links.fractions(rows[which], free.fields(points))
        return _height(fraction, sifted / scale[which])

    found = maximise(objective, low, high, starts)
    return dataclasses.replace(found, evaluations=found.evaluations + heights.size)


def _height(fraction: Floats, sifted: Floats) -> Floats:
    """Return what is maximised: the rate per second, or the key bits that each sifted bit lacks for a key.

    The unclipped rate itself would lead astray there: it is best where nothing is sent.
    """
    height: Floats = np.fmax(fraction, 0) * sifted + np.fmin(fraction, 0)
    return height
