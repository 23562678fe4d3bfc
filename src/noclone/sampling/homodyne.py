"""Readings of a homodyne receiver: the law of one, its exact moments, and blocks drawn symbol by symbol."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Parameter = Any
"""A number, or an array over blocks."""


class Moments(NamedTuple):
    """Moments of a reading; shape of the model's parameters each.

    Attributes
    ----------
    mean, variance : array
        In V and V^2.
    third, fourth : array
        Central moments, in V^3 and V^4.
    covariance : array
        With Alice's displacement, in V times the root of a shot-noise unit.
    """

    mean: Floats
    variance: Floats
    third: Floats
    fourth: Floats
    covariance: Floats


class Reading(NamedTuple):
    """The law of one reading: a limit, cut at both sides, on a Gaussian signal, Gaussian noise and offsets.

    Attributes
    ----------
    modulation_snu : float or array
        Variance of Alice's displacement of a quadrature.
    gain_v : float or array
        Volts per root of a shot-noise unit of that displacement.
    phase_variance : float or array
        Of the angle, in rad^2, by which the measured quadrature is off.
    noise_v2 : float or array
        Variance of everything else that is Gaussian, in V^2.
    resent : float or array
        Share of the symbols that Eve measured and sent on.
    resent_noise_v2 : float or array
        What that adds to the variance of those.
    offset_v, swing_v : float or array
        What is added to every reading, and what is added with a random sign.
    limit_v : float or array
        Readings beyond this, on either side, are read as this.
    """

    modulation_snu: Parameter
    gain_v: Parameter
    phase_variance: Parameter
    noise_v2: Parameter
    resent: Parameter
    resent_noise_v2: Parameter
    offset_v: Parameter
    swing_v: Parameter
    limit_v: Parameter

    def over(self, blocks: int) -> Floats:
        """Return the attributes as a table, shape (blocks, attributes): a row each makes a Reading again."""
        return np.column_stack([np.broadcast_to(np.asarray(each, float), (blocks,)) for each in self])

    def draw(self, symbols: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw symbols of a block with scalar parameters.

        Returns
        -------
        sent, read : arrays, shape (symbols,)
            Alice's displacements in roots of shot-noise units, and Bob's readings in volts. Which symbols Eve
            resends is random in number only: they come first, and order means nothing here.
        """
        width = np.sqrt(self.modulation_snu)
        sent = width * rng.standard_normal(symbols)
        read = np.sqrt(self.noise_v2) * rng.standard_normal(symbols)
        if self.phase_variance > 0:
            angle = np.sqrt(self.phase_variance) * rng.standard_normal(symbols)
            other = width * rng.standard_normal(symbols)
            read += self.gain_v * (sent * np.cos(angle) + other * np.sin(angle))
        else:
            read += self.gain_v * sent
        if self.resent > 0:
            count = symbols if self.resent == 1 else rng.binomial(symbols, self.resent)
            read[:count] += np.sqrt(self.resent_noise_v2) * rng.standard_normal(count)
        if self.swing_v != 0:
            read += self.swing_v * (2 * rng.integers(0, 2, symbols) - 1)
        read += self.offset_v
        np.clip(read, -self.limit_v, self.limit_v, out=read)
        return sent, read

    def moments(self) -> Moments:
        """Return the exact moments of a reading.

        Examples
        --------
        >>> moments = Reading(10.0, 0.1, 0.0, 0.9, 0.0, 0.0, 0.5, 0.0, 9.0).moments()
        >>> round(float(moments.mean), 6), round(float(moments.variance), 6)
        (0.5, 1.0)
        """
        signal = self.gain_v**2 * self.modulation_snu
        raw = [np.zeros(()) for _ in range(4)]
        linear = np.zeros(())
        for share, extra in ((1 - self.resent, 0.0), (self.resent, self.resent_noise_v2)):
            deviation = np.sqrt(signal + self.noise_v2 + extra)
            for sign in (-1, 1):
                parts, inside = _clipped(self.offset_v + sign * self.swing_v, deviation, self.limit_v)
                raw = [total + share / 2 * part for total, part in zip(raw, parts, strict=True)]
                linear = linear + share / 2 * inside
        mean, second, third, fourth = raw
        return Moments(
            mean,
            second - mean**2,
            third - 3 * mean * second + 2 * mean**3,
            fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4,
            # Stein's lemma: a cut reading follows the signal only where it is not cut.
            linear * np.exp(-self.phase_variance / 2) * self.gain_v * self.modulation_snu,
        )


def _clipped(mean: Parameter, deviation: Parameter, limit: Parameter) -> tuple[list[Floats], Floats]:
    """Return E[y], …, E[y^4] of a Gaussian cut at both limits, and the probability that it is not cut."""
    low, high = ((np.asarray(edge - mean, float) / deviation).clip(-40, 40) for edge in (-limit, limit))
    edge_low, edge_high = (np.exp(-(edge**2) / 2) / np.sqrt(2 * np.pi) for edge in (low, high))
    below, above = ndtr(low), ndtr(-high)
    # E[z^k; low < z < high] of a standard Gaussian, by parts.
    standard = [1 - below - above, edge_low - edge_high]
    for power in range(2, 5):
        tail = high ** (power - 1) * edge_high - low ** (power - 1) * edge_low
        standard.append((power - 1) * standard[power - 2] - tail)
    top, bottom = mean + deviation * high, mean + deviation * low
    binomials = ((1,), (1, 1), (1, 2, 1), (1, 3, 3, 1), (1, 4, 6, 4, 1))
    moments = [
        sum(
            weight * mean ** (power - k) * deviation**k * standard[k]
            for k, weight in enumerate(binomials[power])
        )
        + above * top**power
        + below * bottom**power
        for power in range(1, 5)
    ]
    return [np.asarray(each, float) for each in moments], standard[0]


class BlockStatistics(NamedTuple):
    """What a block's symbols give; shape (...) each.

    Attributes
    ----------
    mean, variance : float or array
        Of readings without attenuation, in V and V^2.
    covariance, sent_variance : float or array
        Of those readings with Alice's displacements, and of these.
    monitor_variance, monitor_kurtosis : float or array
        Variance, in V^2, and excess kurtosis of the attenuated readings.
    """

    mean: Any
    variance: Any
    covariance: Any
    sent_variance: Any
    monitor_variance: Any
    monitor_kurtosis: Any


def draw_block(
    parts: list[tuple[int, Reading]], monitor_parts: list[tuple[int, Reading]], rng: np.random.Generator
) -> BlockStatistics:
    """Draw a block, symbol by symbol, and return its statistics.

    Parameters
    ----------
    parts, monitor_parts : list of (symbols, Reading)
        How many symbols of which law there are, without attenuation and with.
    rng : numpy.random.Generator

    Examples
    --------
    >>> law = Reading(10.0, 0.1, 0.0, 0.9, 0.0, 0.0, 0.5, 0.0, 9.0)
    >>> seen = draw_block([(9000, law)], [(1000, law)], np.random.default_rng(1))
    >>> bool(0.95 < seen.variance < 1.05)
    True
    """
    sent, read = _drawn(parts, rng)
    _, faint = _drawn(monitor_parts, rng)
    sent -= sent.mean()
    mean = read.mean()
    read -= mean
    faint -= faint.mean()
    squares = faint * faint
    spread = squares.mean()
    degrees = len(read) - 1
    return BlockStatistics(
        mean,
        (read @ read) / degrees,
        (sent @ read) / degrees,
        (sent @ sent) / degrees,
        spread * len(faint) / (len(faint) - 1),
        (squares @ squares) / len(faint) / spread**2 - 3,
    )


def _drawn(parts: list[tuple[int, Reading]], rng: np.random.Generator) -> tuple[Floats, Floats]:
    drawn = [law.draw(symbols, rng) for symbols, law in parts if symbols]
    if len(drawn) == 1:
        return drawn[0]
    sent, read = zip(*drawn, strict=True)
    return np.concatenate(sent), np.concatenate(read)
