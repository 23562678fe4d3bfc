"""Coherent one-way with an empty sequence: the phase error rate, bounded from the monitoring line.

The phase error is an interference of |0>|a> + |a>|0>, which nobody sends. But that vector is close to
x |a>|a> + y |0>|0>, and both of these are sent: what is left over, r, has a norm of the order of mu.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

GOLDEN = 0.5 * (5.0**0.5 - 1.0)


@dataclass(frozen=True)
class MonitorGains:
    """Probabilities that the monitoring line detects a sequence of two pulses, by sequence and port.

    "Bright" is the port of constructive interference, "faint" the other; a double click counts for one of
    them at random. Values are exact or upper bounds, those that end in `_low` exact or lower bounds.

    Attributes
    ----------
    bit_bright, bit_faint : ndarray, shape (...)
        Mean over |0>|a> and |a>|0>.
    decoy_bright, decoy_faint : ndarray, shape (...)
        Of |a>|a>.
    vacuum_bright, vacuum_faint : ndarray, shape (...)
        Of |0>|0>.
    decoy_bright_low, vacuum_bright_low : ndarray, shape (...)
        Lower bounds.
    """

    bit_bright: Floats
    bit_faint: Floats
    decoy_bright: Floats
    decoy_faint: Floats
    vacuum_bright: Floats
    vacuum_faint: Floats
    decoy_bright_low: Floats
    vacuum_bright_low: Floats

    def rate(self, difference: Floats) -> Floats:
        """Return the phase error rate from an upper bound on <M_faint> - <M_bright> in |0>|a> + |a>|0>."""
        seen = self.bit_bright + self.bit_faint
        rate: Floats = (0.25 * difference + self.bit_bright) / np.maximum(seen, 1e-300)
        return np.clip(rate, 0.0, 0.5)


def gao_phase_error(intensity: ArrayLike, gains: MonitorGains) -> Floats:
    """Return an upper bound on the phase error rate, as published.

    Parameters
    ----------
    intensity : array_like, shape (...)
        Mean photons of a pulse that is not empty.
    gains : MonitorGains

    Returns
    -------
    ndarray, shape (...)
        At most 1/2.

    Notes
    -----
    Gao et al., Opt. Express 30, 23783 (2022), arXiv:2107.09329, eqs. (7) and (12), in the form for bounded
    gains of Li et al., Phys. Rev. Research 6, 013022 (2024), arXiv:2309.16136, eqs. (18)-(20):
    x = e^(mu/2), y = e^(-mu/2), |r| = 2 sinh(mu/2).

    Examples
    --------
    >>> light = [np.float64(v) for v in (1.9e-3, 1.9e-3, 7.5e-3, 1e-6, 1e-6, 1e-6, 7.5e-3, 1e-6)]
    >>> round(float(gao_phase_error(0.01, MonitorGains(*light))), 6)
    0.138255
    """
    mu = np.asarray(intensity, dtype=np.float64)
    x, y, rest = np.exp(0.5 * mu), np.exp(-0.5 * mu), 2.0 * np.sinh(0.5 * mu)
    decoy, vacuum = x * np.sqrt(gains.decoy_bright), y * np.sqrt(gains.vacuum_bright)
    bright = (
        x * x * gains.decoy_bright_low
        + y * y * gains.vacuum_bright_low
        - 2.0 * decoy * vacuum
        - 2.0 * rest * (decoy + vacuum)
    )
    faint = (x * np.sqrt(gains.decoy_faint) + y * np.sqrt(gains.vacuum_faint) + rest) ** 2
    return gains.rate(faint - np.maximum(bright, 0.0))


def tightened_phase_error(intensity: ArrayLike, gains: MonitorGains) -> Floats:
    """Return the best upper bound on the phase error rate that follows from the overlaps of the sequences.

    Parameters
    ----------
    intensity : array_like, shape (...)
        Mean photons of a pulse that is not empty.
    gains : MonitorGains

    Returns
    -------
    ndarray, shape (...)
        At most 1/2; never above `gao_phase_error`.

    Notes
    -----
    Let M_f and M_b be Eve's and Bob's operators for the two ports, M_f + M_b <= 1, and
    v = |0>|a> + |a>|0> = w + r with w = x |a>|a> + y |0>|0>, x and y positive. For every t > 0

        <v|M_f|v> <= (1 + 1/t) <w|M_f|w> + (1 + t) <r|M_f|r>,
        <v|M_b|v> >= (1 + t) / (2 + t) <w|M_b|w> - (1 + t) <r|M_b|r>,

    because |a + b|^2 <= (1 + s) |a|^2 + (1 + 1/s) |b|^2. Their difference contains <r|M_f + M_b|r> <= <r|r>,
    which is known, and by the triangle inequality <w|M_f|w> <= A^2 and <w|M_b|w> >= B^2, where
    A = x sqrt(Q_f of |aa>) + y sqrt(Q_f of |00>), B = x sqrt(Q_b of |aa>) - y sqrt(Q_b of |00>), or 0 where
    that is negative. So

        <v|M_f - M_b|v> <= (1 + t) [<r|r> + A^2 / t - B^2 / (2 + t)].

    Every x, y, t gives a bound, so nothing depends on how well they are chosen: x and y by setting the
    derivatives to zero (two linear equations), t by a golden-section search. The right side is concave in
    the gains for fixed x, y, t, so it holds for sums of conditional probabilities, hence against coherent
    attacks. Where it was compared, its minimum equals the optimum of the semidefinite programme over all
    pairs M_f, M_b with these gains.

    Examples
    --------
    >>> light = [np.float64(v) for v in (1.9e-3, 1.9e-3, 7.5e-3, 1e-6, 1e-6, 1e-6, 7.5e-3, 1e-6)]
    >>> round(float(tightened_phase_error(0.01, MonitorGains(*light))), 6)
    0.102157
    """
    mu = np.asarray(intensity, dtype=np.float64)
    roots = (
        np.sqrt(gains.decoy_faint),
        np.sqrt(gains.vacuum_faint),
        np.sqrt(gains.decoy_bright_low),
        np.sqrt(gains.vacuum_bright),
    )
    shape = np.broadcast_shapes(mu.shape, *(root.shape for root in roots))
    low, high = np.full(shape, -18.0), np.full(shape, 6.0)
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = _difference(mu, roots, left), _difference(mu, roots, right)
    for _ in range(40):
        down = at_left < at_right
        low, high = np.where(down, low, left), np.where(down, right, high)
        fresh = np.where(down, high - GOLDEN * (high - low), low + GOLDEN * (high - low))
        value = _difference(mu, roots, fresh)
        left, right = np.where(down, fresh, right), np.where(down, left, fresh)
        at_left, at_right = np.where(down, value, at_right), np.where(down, at_left, value)
    return gains.rate(np.minimum(at_left, at_right))


def _difference(mu: Floats, roots: tuple[Floats, Floats, Floats, Floats], log_t: Floats) -> Floats:
    """Return the bound on <v|M_f - M_b|v> at this t, with the x and y that suit it."""
    decoy_faint, vacuum_faint, decoy_bright, vacuum_bright = roots
    t, overlap = np.exp(log_t), np.exp(-0.5 * mu)
    near, cross = 2.0 * overlap, overlap * overlap
    # Half the gradient of the bracket: [[m11, m12], [m12, m22]] (x, y) = (near, near).
    m11 = 1.0 + decoy_faint**2 / t - decoy_bright**2 / (2.0 + t)
    m22 = 1.0 + vacuum_faint**2 / t - vacuum_bright**2 / (2.0 + t)
    m12 = cross + decoy_faint * vacuum_faint / t + decoy_bright * vacuum_bright / (2.0 + t)
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = near * (m22 - m12) / (m11 * m22 - m12**2), near * (m11 - m12) / (m11 * m22 - m12**2)
    usable = np.isfinite(x) & np.isfinite(y) & (x > 0.0) & (y > 0.0)
    x, y = np.where(usable, x, 1.0), np.where(usable, y, 1.0)
    # <r|r>, written so that nothing cancels at x = y = 1, where it is 4 (1 - e^(-mu/2))^2.
    lost, dx, dy = -np.expm1(-0.5 * mu), x - 1.0, y - 1.0
    rest = 4.0 * lost**2 + 2.0 * lost**2 * (dx + dy) + dx * dx + dy * dy + 2.0 * dx * dy * cross
    faint = x * decoy_faint + y * vacuum_faint
    bright = np.maximum(x * decoy_bright - y * vacuum_bright, 0.0)
    difference: Floats = (1.0 + t) * (rest + faint**2 / t - bright**2 / (2.0 + t))
    return difference
