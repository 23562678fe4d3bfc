"""Keys of finitely many symbols: which channels an estimate leaves possible, and what finite blocks cost.

The estimate comes from regressing Bob's real outcomes y = sqrt(g T) x + z on Alice's
displacements x over the disclosed ones; g is the receiver's efficiency, half of it for heterodyne detection.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]


def gaussian_deviations(eps: ArrayLike) -> Floats:
    """Return how many standard deviations a Gaussian exceeds with probability eps.

    Examples
    --------
    >>> round(float(gaussian_deviations(1e-10 / 2)), 2)
    6.47
    """
    deviations: Floats = -ndtri(np.asarray(eps, dtype=np.float64))
    return deviations


def tail_deviations(eps: ArrayLike) -> Floats:
    """Return sqrt(2 ln(1 / eps)), which a Gaussian exceeds with probability below eps.

    Examples
    --------
    >>> round(float(tail_deviations(2.0**-32)), 2)
    6.66
    """
    deviations: Floats = np.sqrt(-2.0 * np.log(np.asarray(eps, dtype=np.float64)))
    return deviations


def possible_channels(
    transmittance: ArrayLike,
    channel_noise: ArrayLike,
    modulation: ArrayLike,
    gain: ArrayLike,
    receiver_noise: ArrayLike,
    pairs: ArrayLike,
    deviations: ArrayLike,
) -> tuple[Floats, Floats, Floats]:
    """Return the least and the largest transmittance and the most noise that an estimate leaves possible.

    Parameters
    ----------
    transmittance, channel_noise : array_like, shape (...)
        T and the noise T xi at the channel's output that the estimate is expected to show.
    modulation : array_like, shape (...)
        Variance V_A of Alice's displacements.
    gain : array_like, shape (...)
        Share g of the light at the receiver's input that reaches one outcome.
    receiver_noise : array_like, shape (...)
        Noise of an outcome beyond the vacuum's that the parties have calibrated.
    pairs : array_like, shape (...)
        Disclosed pairs (x, y) of real numbers.
    deviations : array_like, shape (...)
        Standard deviations that each of the two estimates may be off.

    Returns
    -------
    tuple of three ndarray, shape (...)
        T_min, T_max and the largest noise at the channel's output; T_min is 0 where the estimate does not
        exclude that nothing arrives.

    Notes
    -----
    Leverrier, Grosshans, Grangier, PRA 81, 062343 (2010): t = sqrt(g T) is known to
    z sqrt(sigma^2 / (m V_A)), and sigma^2 <= sigma^2 (1 + z sqrt(2 / m)). The usual worst case takes T_min
    alone. At a fixed noise of the output, however, Eve's information on Bob grows with T below about
    one half, so that both ends are needed.

    Examples
    --------
    >>> low, high, noise = possible_channels(0.5, 0.005, 4.0, 0.6, 0.1, 1e8, 6.5)
    >>> round(float(low), 4), round(float(high), 4), round(float(noise), 4)
    (0.4994, 0.5006, 0.0067)
    """
    line, noise, va, g, known, m, z = (
        np.asarray(value, dtype=np.float64)
        for value in (transmittance, channel_noise, modulation, gain, receiver_noise, pairs, deviations)
    )
    variance = 1.0 + known + g * noise
    amplitude, spread = np.sqrt(g * line), z * np.sqrt(variance / (m * va))
    least = np.maximum(amplitude - spread, 0.0) ** 2 / g
    return least, (amplitude + spread) ** 2 / g, noise + z * np.sqrt(2.0 / m) * variance / g


def leverrier_penalty(
    symbols: ArrayLike, dimension: ArrayLike, eps_smooth: ArrayLike, eps_amplification: ArrayLike
) -> Floats:
    """Return what a finite block costs per key symbol, Delta(n).

    Parameters
    ----------
    symbols : array_like, shape (...)
        n, those that give key.
    dimension : array_like
        Of the raw key of one symbol: 2 for a bit, 4 for a bit from each quadrature.
    eps_smooth, eps_amplification : array_like
        Smoothing parameter, and failure probability of privacy amplification.

    Returns
    -------
    ndarray, shape (...)
        (2 d + 3) sqrt(log2(2 / eps_smooth) / n) + (2 / n) log2(1 / eps_amplification), in bits.

    Notes
    -----
    Leverrier, Grosshans, Grangier, PRA 81, 062343 (2010), after Scarani and Renner, PRL 100, 200501 (2008).

    Examples
    --------
    >>> round(float(leverrier_penalty(1e8, 2, 1e-10, 1e-10)), 6)
    0.004095
    """
    n = np.asarray(symbols, dtype=np.float64)
    smooth, amplify = np.log2(eps_smooth), np.log2(eps_amplification)
    cost: Floats = (2.0 * np.asarray(dimension) + 3.0) * np.sqrt((1.0 - smooth) / n) - 2.0 * amplify / n
    return cost


def aep_penalty(bits: ArrayLike, success: ArrayLike, eps_smooth: ArrayLike) -> Floats:
    """Return Delta_AEP = 4 log2(2^(p/2) + 2) sqrt(log2(18 / (p_ec^2 eps_s^4))).

    Parameters
    ----------
    bits : array_like, shape (...)
        p, to which Bob's outcomes of one symbol are digitised.
    success : array_like, shape (...)
        p_ec, the share of frames that reconciliation corrects.
    eps_smooth : array_like, shape (...)
        Smoothing parameter.

    Returns
    -------
    ndarray, shape (...)
        Bits per symbol, to be divided by the square root of the symbols of the block.

    Notes
    -----
    Pirandola, PRR 3, 043014 (2021); Mountogiannakis et al., PRR 4, 013099 (2022).

    Examples
    --------
    >>> round(float(aep_penalty(5, 0.9, 2.0**-32)), 6)
    135.204905
    """
    inside = np.log2(18.0) - 2.0 * np.log2(success) - 4.0 * np.log2(eps_smooth)
    cost: Floats = 4.0 * np.log2(np.exp2(np.asarray(bits, dtype=np.float64) / 2.0) + 2.0) * np.sqrt(inside)
    return cost


def hashing_term(success: ArrayLike, eps_smooth: ArrayLike, eps_hash: ArrayLike) -> Floats:
    """Return Theta = log2(p_ec (1 - eps_s^2 / 3)) + 2 log2(sqrt(2) eps_h), in bits per block.

    Notes
    -----
    Pirandola, PRR 3, 043014 (2021); Mountogiannakis et al., PRR 4, 013099 (2022).

    Examples
    --------
    >>> round(float(hashing_term(0.9, 2.0**-32, 2.0**-32)), 6)
    -63.152003
    """
    smooth, hashing = np.asarray(eps_smooth, dtype=np.float64), np.asarray(eps_hash, dtype=np.float64)
    term: Floats = (
        np.log2(success) + np.log1p(-(smooth**2) / 3.0) / np.log(2.0) + 1.0 + 2.0 * np.log2(hashing)
    )
    return term
