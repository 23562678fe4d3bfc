"""Key of SARG04, which holds for pulses of one and of two photons."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]

SINGLE_LIMIT = 1.0 / 3.0
"""Bit error rate of single photons from which the phase error rate 3e/2 reaches 1/2: nothing is secret."""
PAIR_LIMIT = 1.0 / 6.0
"""The same for pairs of photons."""


def single_photon_secrecy(qber: ArrayLike) -> Floats:
    """Return Eve's uncertainty about a conclusive bit that came from one photon.

    Parameters
    ----------
    qber : array_like, shape (...)
        Bit error rate e of the conclusive single photons, at least 0.

    Returns
    -------
    ndarray, shape (...)
        1 - H(Z|X) bits per conclusive bit; 0 from `SINGLE_LIMIT` on.

    Notes
    -----
    Fung, Tamaki, Lo, PRA 73, 012337 (2006), eq. (9): phase errors come with 3e/2, and the share a of bits
    with both errors lies between e/2 and e; the worst, a = 3e^2/2 inside these limits, leaves the Bell
    weights (1 - 5e/2 + a, e - a, a, 3e/2 - a).

    Examples
    --------
    >>> float(single_photon_secrecy(0.0)), round(float(single_photon_secrecy(0.05)), 6)
    (1.0, 0.667401)
    """
    e = np.clip(np.asarray(qber, np.float64), 0.0, SINGLE_LIMIT)
    both = np.clip(1.5 * e * e, e / 2.0, e)
    weights = np.stack([1.0 - 2.5 * e + both, e - both, both, 1.5 * e - both])
    bits: Floats = 1.0 + binary_entropy(e) - entr(np.maximum(weights, 0.0)).sum(axis=0) / np.log(2.0)
    return np.maximum(bits, 0.0)


def pair_phase_error(qber: ArrayLike) -> Floats:
    """Return the largest phase error rate of conclusive bits that came from two photons.

    Parameters
    ----------
    qber : array_like, shape (...)
        Bit error rate e of the conclusive pairs, at least 0.

    Returns
    -------
    ndarray, shape (...)
        sin^2(pi/8) without errors, 1/2 from `PAIR_LIMIT` on.

    Notes
    -----
    Fung, Tamaki, Lo, PRA 73, 012337 (2006), eq. (10): the least of x e + y(x) over x, in closed form
    1/2 + sqrt(3/2 (1 - 9 w^2)) / 6 - (3 sqrt(2)/4) w with w = 1/3 - e.

    Examples
    --------
    >>> round(float(pair_phase_error(0.0)), 9), round(float(np.sin(np.pi / 8) ** 2), 9)
    (0.146446609, 0.146446609)
    """
    e = np.asarray(qber, np.float64)
    w = 1.0 / 3.0 - np.clip(e, 0.0, PAIR_LIMIT)
    phase: Floats = 0.5 + np.sqrt(1.5 * np.maximum(1.0 - 9.0 * w * w, 0.0)) / 6.0 - 0.75 * np.sqrt(2.0) * w
    return np.minimum(phase, 0.5)


def decoy_rate(
    gain: ArrayLike,
    errors: ArrayLike,
    single: ArrayLike,
    single_errors: ArrayLike,
    pairs: ArrayLike,
    pair_errors: ArrayLike,
    efficiency: ArrayLike,
) -> tuple[Floats, Floats, Floats]:
    """Return the terms of the key per pulse, where decoys reveal the yields of one and two photons.

    Parameters
    ----------
    gain, errors : array_like, shape (...)
        Probability of a conclusive bit, and of a wrong one.
    single, single_errors, pairs, pair_errors : array_like, shape (...)
        The same jointly with one and with two photons in the pulse.
    efficiency : array_like, shape (...)
        f >= 1, leakage of reconciliation over the Shannon limit.

    Returns
    -------
    single, pairs, leak : ndarray, shape (...)
        Secret bits from one photon and from two, and what reconciliation takes, negative.

    Notes
    -----
    Fung, Tamaki, Lo, PRA 73, 012337 (2006), eq. (39).

    Examples
    --------
    >>> [round(float(term), 5) for term in decoy_rate(0.01, 2e-4, 0.008, 1e-4, 0.001, 1e-5, 1.16)]
    [0.00713, 0.00026, -0.00164]
    """

    def ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            quotient = np.asarray(part, np.float64) / np.asarray(whole, np.float64)
        return np.where(np.asarray(whole) > 0, np.clip(np.nan_to_num(quotient), 0.0, 0.5), 0.5)

    one = np.asarray(single, np.float64) * single_photon_secrecy(ratio(single_errors, single))
    two = np.asarray(pairs, np.float64) * (1.0 - binary_entropy(pair_phase_error(ratio(pair_errors, pairs))))
    all_bits = np.asarray(gain, np.float64)
    leak: Floats = np.asarray(efficiency, np.float64) * all_bits * binary_entropy(ratio(errors, gain))
    return one, two, -leak
