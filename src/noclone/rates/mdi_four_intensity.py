"""Four-intensity MDI-QKD: signals give the key in one basis, decoys its secrecy in the other.

Counts that enter the bounds with the same sign are bounded jointly, and what the yield and the error rate of
single-photon pairs have in common is given one value in both, the one that leaves least key.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from noclone.rates.chernoff import mean_at_least, mean_at_most

Floats = NDArray[np.float64]

SHARES = 76
"""Failure probabilities that make up the secrecy of the key.

Composed as by Curty et al., Nat. Commun. 5, 3732 (2014): 2 (eps' + 2 eps_e + eps^) + eps_b + eps_1 + eps_PA,
where the 14 statements on counts below can spoil the number of bits as well as their phase error rate.
"""


class SinglePairs(NamedTuple):
    """What is known of the key bits for which each party sent one photon; shape (...) each.

    Attributes
    ----------
    bits : ndarray
        Their number, at least.
    phase_error : ndarray
        Their phase error rate, at most; 1/2 where nothing is known.
    """

    bits: Floats
    phase_error: Floats


def four_intensity(
    intensities_a: ArrayLike,
    intensities_b: ArrayLike,
    pairs: ArrayLike,
    counts: ArrayLike,
    errors: ArrayLike,
    signal_pairs: ArrayLike,
    eps: ArrayLike,
) -> SinglePairs:
    """Return how many key bits come from pairs of single photons, and their phase error rate.

    Parameters
    ----------
    intensities_a, intensities_b : array_like, shape (3, ...)
        Alice's and Bob's mean photon numbers: signal and two decoys that fall strictly; the vacuum is exact.
    pairs, counts : array_like, shape (3, 3, ...)
        Pulse pairs sent in the test basis with each pair of brighter decoy, weaker decoy and vacuum, Alice's
        first, and announcements among them; the two decoys together are not used.
    errors : array_like, shape (...)
        Announcements with unequal bits where both sent the weaker decoy.
    signal_pairs : array_like, shape (...)
        Pulse pairs sent in the key basis with both signals.
    eps : array_like, shape (...)
        Failure probability of each statement, the secrecy over `SHARES`.

    Returns
    -------
    SinglePairs
        No bits where the decoys do not fall or are not sent.

    Notes
    -----
    Y.-H. Zhou, Z.-W. Yu, X.-B. Wang, PRA 93, 042324 (2016), with joint bounds as in Yu, Zhou, Wang, PRA 91,
    032318 (2015), Chernoff's bound for every sum of counts, and the fluctuation of what happens in the key
    basis about its mean. The key is a convex function of the common part, so that its least value is found.

    Examples
    --------
    >>> from noclone.rates.mdi import diagonal_gains
    >>> mu, share = np.array([0.4, 0.3, 0.05, 0.0]), np.array([0.1, 0.3, 0.1])
    >>> gains = diagonal_gains(0.1 * mu[1:, None], 0.1 * mu[1:], 1e-7, 0.01)
    >>> sent = 1e12 * np.outer(share, share)
    >>> key = four_intensity(
    ...     mu[:3], mu[:3], sent, sent * gains.click, (sent * gains.error)[1, 1], 0.25e12, 1e-12
    ... )
    >>> round(float(key.bits) / 1e6), round(float(key.phase_error), 4)
    (85, 0.051)
    """
    a, b = np.asarray(intensities_a, float), np.asarray(intensities_b, float)
    n, x = np.asarray(pairs, float), np.asarray(counts, float)
    decoys_a, decoys_b = (np.concatenate([part[1:3], np.zeros_like(part[:1])]) for part in (a, b))
    with np.errstate(divide="ignore"):
        scales = np.exp(decoys_a[:, None] + decoys_b[None]) / n
    columns = [*a, *b, *(part[i, j] for part in (x, scales) for i, j in _USED), errors, signal_pairs]
    grid = np.broadcast_arrays(
        *(np.asarray(each, float) for each in columns), -np.log(np.asarray(eps, float))
    )
    bits, phase_error = np.empty(grid[0].size), np.empty(grid[0].size)
    _estimate(np.stack([each.ravel() for each in grid], axis=-1), bits, phase_error)
    return SinglePairs(bits.reshape(grid[0].shape), phase_error.reshape(grid[0].shape))


_USED = ((0, 0), (0, 2), (2, 0), (1, 1), (1, 2), (2, 1), (2, 2))
"""Pairs of brighter decoy, weaker decoy and vacuum whose counts enter the bounds."""


@njit(cache=True, nogil=True)
def _estimate(rows, bits, phase_error):  # type: ignore[no-untyped-def]
    for k in range(rows.shape[0]):
        row = rows[k]
        bits[k], phase_error[k] = _single_pairs(row[0:3], row[3:6], row[6:13], row[13:20], row[20:])


@njit(cache=True)
def _single_pairs(a, b, counts, scales, others):  # type: ignore[no-untyped-def]
    """Return bits and phase error rate; `scales` turn counts into gains times e^(a + b)."""
    if not (a[1] > a[2] > 0.0 and b[1] > b[2] > 0.0):
        return 0.0, 0.5
    x_x, x_0, o_x, y_y, y_0, o_y, o_0 = counts
    c_xx, c_x0, c_0x, c_yy, c_y0, c_0y, c_00 = scales
    wrong, signal_pairs, nats = others

    # Y11 >= first - slope H and e11 Y11 <= (error - H / 2) / (y_a y_b) with H of vacua and weaker decoys.
    more, less = (a[1], a[2]) if a[1] * b[2] <= b[1] * a[2] else (b[1], b[2])
    weak = a[2] * b[2]
    slope = more / ((more - less) * weak)
    minor = less / ((more - less) * a[1] * b[1])
    first = _sum_at_least(slope * c_yy, y_y, minor * c_x0, x_0, minor * c_0x, o_x, nats) - _sum_at_most(
        minor * c_xx, x_x, minor * c_00, o_0, nats
    )
    error = c_yy * mean_at_most(wrong, nats)
    low = _sum_at_least(c_y0, y_0, c_0y, o_y, 0.0, 0.0, nats) - c_00 * mean_at_most(o_0, nats)
    high = _sum_at_most(c_y0, y_0, c_0y, o_y, nats) - c_00 * mean_at_least(o_0, nats)
    high = max(low, min(high, 2.0 * error))  # errors cannot be fewer than none

    # Bits and phase errors in the key, both falling with H; they fluctuate most where H is least.
    sent = signal_pairs * a[0] * b[0] * np.exp(-a[0] - b[0])
    bits_fall, errors_fall = sent * slope, 0.5 * sent / weak
    most = max(sent * first - bits_fall * low, 0.0)
    bits = sent * first - np.sqrt(2.0 * nats * most)
    most = errors_fall * (2.0 * error - low)
    errors = errors_fall * 2.0 * error + 0.5 * (nats + np.sqrt(nats * (nats + 8.0 * most)))
    for h in (low, high):
        if not 0.0 < errors - errors_fall * h < 0.5 * (bits - bits_fall * h):
            return 0.0, 0.5

    if _key_slope(bits, bits_fall, errors, errors_fall, low) >= 0.0:
        high = low
    elif _key_slope(bits, bits_fall, errors, errors_fall, high) <= 0.0:
        low = high
    while high - low > 1e-12 * abs(high):
        middle = 0.5 * (low + high)
        if _key_slope(bits, bits_fall, errors, errors_fall, middle) >= 0.0:
            high = middle
        else:
            low = middle
    return bits - bits_fall * high, (errors - errors_fall * high) / (bits - bits_fall * high)


@njit(cache=True)
def _key_slope(bits, bits_fall, errors, errors_fall, h):  # type: ignore[no-untyped-def]
    """Return the derivative of n [1 - h2(e / n)] where n and e fall linearly with h."""
    rate = (errors - errors_fall * h) / (bits - bits_fall * h)
    return errors_fall * np.log2((1.0 - rate) / rate) - bits_fall * (1.0 + np.log2(1.0 - rate))


@njit(cache=True)
def _sum_at_least(w1, n1, w2, n2, w3, n3, nats):  # type: ignore[no-untyped-def]
    """Bound the sum of weights times means of counts from below, by joint counts of the largest weights."""
    if w2 < w3:
        w2, n2, w3, n3 = w3, n3, w2, n2
    if w1 < w2:
        w1, n1, w2, n2 = w2, n2, w1, n1
    if w2 < w3:
        w2, n2, w3, n3 = w3, n3, w2, n2
    total = (w1 - w2) * mean_at_least(n1, nats) + (w2 - w3) * mean_at_least(n1 + n2, nats)
    return total + w3 * mean_at_least(n1 + n2 + n3, nats) if w3 > 0.0 else total


@njit(cache=True)
def _sum_at_most(w1, n1, w2, n2, nats):  # type: ignore[no-untyped-def]
    """Bound the sum of weights times means of counts from above."""
    if w1 < w2:
        w1, n1, w2, n2 = w2, n2, w1, n1
    return (w1 - w2) * mean_at_most(n1, nats) + w2 * mean_at_most(n1 + n2, nats)
