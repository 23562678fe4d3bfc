"""Density evolution: below which error rate belief propagation succeeds on an infinite code.

The densities of the messages are followed on a grid of log-likelihood ratios, for the binary
symmetric channel and an ensemble of codes given by its column and row degrees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from noclone.rates.entropy import binary_entropy

LARGEST_LLR = 28.0
"""Messages beyond it are clipped: an error probability of 1e-12 counts as none."""
CONVERGED = 1e-6
"""Error probability of a message at which decoding counts as successful."""

Density = NDArray[np.float64]


def edge_fractions(nodes: Mapping[int, float]) -> dict[int, float]:
    """Return the fraction of edges on nodes of each degree, from the number of such nodes.

    Examples
    --------
    >>> edge_fractions({2: 3, 6: 1})
    {2: 0.5, 6: 0.5}
    """
    edges = sum(degree * count for degree, count in nodes.items())
    return {degree: degree * count / edges for degree, count in nodes.items()}


def concentrated(mean_degree: float) -> dict[int, float]:
    """Return edge fractions of rows whose degrees are the two integers around their mean.

    Examples
    --------
    >>> concentrated(2.5)
    {2: 0.4, 3: 0.6}
    """
    low = math.floor(mean_degree)
    high_share = mean_degree - low
    return edge_fractions({low: 1 - high_share, low + 1: high_share} if high_share > 1e-9 else {low: 1})


@dataclass(frozen=True)
class Evolution:
    """The course of one run.

    Attributes
    ----------
    converged : bool
        Whether the error probability of a column's message fell below `CONVERGED`.
    error_in : NDArray
        That probability before each iteration, shape (iterations,).
    error_out : dict[int, NDArray]
        After the iteration, had the message come from a column of that degree; same shape.
    """

    converged: bool
    error_in: NDArray[np.float64]
    error_out: dict[int, NDArray[np.float64]]


class Grid:
    """The grid of log-likelihood ratios -N..N times `step`, and its two convolutions.

    Parameters
    ----------
    levels : int
        N; the threshold of a code is off by about 1e-3 of itself at 400.
    """

    def __init__(self, levels: int = 400) -> None:
        self.levels = levels
        self.step = LARGEST_LLR / levels
        self._sums, self._constant_from = _box_plus_table(levels, self.step)
        self._length = fft.next_fast_len(4 * levels + 1, real=True)

    def channel(self, error_rate: float) -> Density:
        """Return the density of the channel's ratio given a correct bit, shape (2 N + 1,)."""
        position = math.log((1 - error_rate) / error_rate) / self.step
        low = int(position)
        share = position - low
        density = np.zeros(2 * self.levels + 1)
        for sign, weight in ((1, 1 - error_rate), (-1, error_rate)):
            density[self.levels + sign * low] += weight * (1 - share)
            density[self.levels + sign * (low + 1)] += weight * share
        return density

    def error(self, density: Density) -> float:
        """Return the probability that a message of this density points the wrong way."""
        return float(density[: self.levels].sum() + density[self.levels] / 2)

    def columns(self, channel: Density, incoming: Density, degrees: Sequence[int]) -> dict[int, Density]:
        """Return the density that a column of each degree sends (ascending degrees, from 2)."""
        powers = [fft.rfft(incoming, self._length)]
        density, added, sent = channel, 0, {}
        for degree in degrees:
            for bit in range((degree - 1 - added).bit_length()):
                if bit == len(powers):
                    doubled = self._clipped(powers[-1] * powers[-1])
                    powers.append(fft.rfft(doubled, self._length))
                if (degree - 1 - added) >> bit & 1:
                    density = self._clipped(fft.rfft(density, self._length) * powers[bit])
            added = degree - 1
            sent[degree] = density
        return sent

    def rows(self, incoming: Density, fractions: Mapping[int, float]) -> Density:
        """Return the density that rows send, mixed over their degrees by edge fraction."""
        positive, negative = incoming[self.levels :], incoming[self.levels :: -1]
        pair = np.stack((positive + negative, positive - negative))
        pair[0, 0] = incoming[self.levels]
        lowest = min(fractions)
        density = self._box_power(pair, lowest - 1)
        mixed = np.zeros_like(pair)
        for degree in range(lowest, max(fractions) + 1):
            mixed += fractions.get(degree, 0.0) * density
            if degree < max(fractions):
                density = self._box(density, pair)
        sent = np.empty(2 * self.levels + 1)
        sent[self.levels :] = (mixed[0] + mixed[1]) / 2
        sent[self.levels :: -1] = (mixed[0] - mixed[1]) / 2
        sent[self.levels] = mixed[0, 0]
        return sent

    def _clipped(self, spectrum: NDArray[np.complex128]) -> Density:
        n = self.levels
        full = np.maximum(fft.irfft(spectrum, self._length)[: 4 * n + 1], 0.0)
        density: Density = full[n : 3 * n + 1].copy()
        density[0] += full[:n].sum()
        density[-1] += full[3 * n + 1 :].sum()
        return density

    def _box(self, a: Density, b: Density) -> Density:
        return _box_plus_density(a, b, self._sums, self._constant_from)

    def _box_power(self, pair: Density, exponent: int) -> Density:
        power = None
        while True:
            if exponent & 1:
                power = pair if power is None else self._box(power, pair)
            exponent >>= 1
            if not exponent:
                assert power is not None
                return power
            pair = self._box(pair, pair)


def evolve(
    column_edges: Mapping[int, float],
    row_edges: Mapping[int, float],
    error_rate: float,
    grid: Grid,
    max_iterations: int = 1000,
    extra_degrees: Sequence[int] = (),
) -> Evolution:
    """Follow the message densities of an ensemble at one error rate.

    Parameters
    ----------
    column_edges, row_edges : Mapping[int, float]
        Fraction of edges on columns (rows) of each degree; columns from degree 2.
    error_rate : float
        Crossover probability of the binary symmetric channel.
    grid : Grid
        The grid of log-likelihood ratios.
    max_iterations : int
        A run that takes longer counts as not converged.
    extra_degrees : Sequence[int]
        Column degrees outside the ensemble for which `error_out` is wanted too.

    Returns
    -------
    Evolution
        Whether it converged, and its course.

    Notes
    -----
    Richardson and Urbanke, "The capacity of low-density parity-check codes under
    message-passing decoding", IEEE Trans. Inf. Theory 47, 599 (2001), eqs. 9-11; the grid
    form follows Chung et al., IEEE Commun. Lett. 5, 58 (2001).

    Examples
    --------
    >>> below = evolve({3: 1.0}, {6: 1.0}, 0.080, Grid(200))
    >>> above = evolve({3: 1.0}, {6: 1.0}, 0.088, Grid(200))
    >>> below.converged, above.converged
    (True, False)
    """
    channel = grid.channel(error_rate)
    degrees = sorted({*column_edges, *extra_degrees})
    message = channel
    error = grid.error(message)
    error_in: list[float] = []
    error_out: dict[int, list[float]] = {degree: [] for degree in degrees}
    while error >= CONVERGED and len(error_in) < max_iterations:
        sent = grid.columns(channel, grid.rows(message, row_edges), degrees)
        error_in.append(error)
        for degree in degrees:
            error_out[degree].append(grid.error(sent[degree]))
        message = sum(fraction * sent[degree] for degree, fraction in column_edges.items())  # type: ignore[assignment]
        message /= message.sum()
        previous, error = error, grid.error(message)
        if len(error_in) > 5 and previous - error < 2e-6 * previous:
            break
    outs = {degree: np.array(values) for degree, values in error_out.items()}
    return Evolution(error < CONVERGED, np.array(error_in), outs)


def threshold(nodes: Mapping[int, int], rows: int, grid: Grid, tolerance: float = 1e-3) -> float:
    """Return the largest error rate at which the ensemble converges.

    Parameters
    ----------
    nodes : Mapping[int, int]
        Number of columns of each degree.
    rows : int
        Number of rows; their degrees are as equal as the edges allow.
    grid : Grid
        The grid of log-likelihood ratios.
    tolerance : float
        Relative width of the final bracket; its lower end is returned.

    Examples
    --------
    Richardson and Urbanke (2001) give 0.084 for the regular (3, 6) ensemble.

    >>> round(threshold({3: 2}, 1, Grid(200)), 3)
    0.084
    """
    columns = sum(nodes.values())
    column_edges = edge_fractions(nodes)
    row_edges = concentrated(sum(d * c for d, c in nodes.items()) / rows)
    high = shannon_error_rate(rows / columns)
    low = high / 2
    while high - low > tolerance * high:
        middle = (low + high) / 2
        if evolve(column_edges, row_edges, middle, grid).converged:
            low = middle
        else:
            high = middle
    return low


def shannon_error_rate(leak: float) -> float:
    """Return the error rate whose entropy is `leak` bits per bit.

    Examples
    --------
    >>> round(shannon_error_rate(0.5), 4)
    0.11
    """
    low, high = 0.0, 0.5
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if binary_entropy(middle) < leak else (low, middle)
    return low


@numba.njit(cache=True)
def _box_plus_table(levels: int, step: float) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
    """Return rounded 2 artanh(tanh(x/2) tanh(y/2)) for grid magnitudes, and where each row flattens."""
    sums = np.zeros((levels + 1, levels + 1), np.int16)
    constant_from = np.zeros(levels + 1, np.int64)
    for i in range(1, levels + 1):
        for j in range(1, levels + 1):
            x, y = i * step, j * step
            value = min(x, y) + math.log1p(math.exp(-(x + y))) - math.log1p(math.exp(-abs(x - y)))
            sums[i, j] = int(value / step + 0.5)
        j = levels
        while j > 0 and sums[i, j - 1] == sums[i, levels]:
            j -= 1
        constant_from[i] = j
    return sums, constant_from


@numba.njit(cache=True)
def _box_plus_density(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    sums: NDArray[np.int16],
    constant_from: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Density of the box-plus of two independent messages.

    Row 0 of a density is that of the magnitude, row 1 the part of either sign subtracted;
    both multiply. Where one magnitude is far above the other the sum no longer depends on
    it, so only a band of pairs is visited and the rest comes from cumulated weights.
    """
    levels = a.shape[1] - 1
    out = np.zeros((2, levels + 1))
    tail_a = np.zeros((2, levels + 2))
    tail_b = np.zeros((2, levels + 2))
    for k in range(levels, -1, -1):
        for part in range(2):
            tail_a[part, k] = tail_a[part, k + 1] + a[part, k]
            tail_b[part, k] = tail_b[part, k + 1] + b[part, k]
    out[0, 0] = a[0, 0] * tail_b[0, 0] + b[0, 0] * tail_a[0, 1]
    for i in range(1, levels + 1):
        a0, a1, b0, b1 = a[0, i], a[1, i], b[0, i], b[1, i]
        edge = max(constant_from[i], i + 1)
        k = sums[i, i]
        out[0, k] += a0 * b0
        out[1, k] += a1 * b1
        for j in range(i + 1, edge):
            k = sums[i, j]
            out[0, k] += a0 * b[0, j] + b0 * a[0, j]
            out[1, k] += a1 * b[1, j] + b1 * a[1, j]
        k = sums[i, levels]
        out[0, k] += a0 * tail_b[0, edge] + b0 * tail_a[0, edge]
        out[1, k] += a1 * tail_b[1, edge] + b1 * tail_a[1, edge]
    return out
