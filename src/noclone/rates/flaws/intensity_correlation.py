"""Intensities that depend on earlier choices: what later pulses tell of the intensity of this one."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import pdtrc

Floats = NDArray[np.float64]

IGNORED = 1e-30
"""Probability per pulse of photon numbers beyond those for which the likelihood ratio is charged."""
_NUMBERS = np.arange(1, 256)


def likelihood_ratio(brightest: ArrayLike, deviation: ArrayLike, reach: ArrayLike) -> Floats:
    """Return how much more likely later photon numbers can make one choice of intensity than another.

    Parameters
    ----------
    brightest : array_like, shape (...)
        Largest mean photon number of any pulse.
    deviation : array_like, shape (...)
        d in [0, 1): earlier choices move the intensity of a pulse within mu (1 - d) and mu (1 + d).
    reach : array_like, shape (...)
        Number of later pulses whose intensity a choice affects.

    Returns
    -------
    ndarray, shape (...)
        At least 1; infinite where the photon numbers cannot be bounded by 255, or it exceeds all numbers.

    Notes
    -----
    The model (a relative deviation of at most d, a correlation of finite range) is that of Zapatero,
    Navarrete, Tamaki and Curty, Quantum 5, 602 (2021); the proof is ours, because theirs is asymptotic.

    Pulses of random phase are mixtures of photon numbers. Given all photon numbers, the choices are a
    Markov chain that Eve has no further part in: the probability of choice k for a pulse of n photons is
    p_k P(n | k) times what the next pulses' photon numbers make of it, a mixture of P(m | x) with x from
    mu (1 - d) to mu (1 + d). Two such numbers differ by the factor ((1 + d) / (1 - d))^m at most, for m
    photons in each pulse reached, as long as m >= mu. m is taken so large that more photons occur with
    a probability below 1e-30 a pulse. Counts concentrate around the sum of these probabilities as Hoeffding's
    inequality says for independent variables (W. Hoeffding, J. Am. Stat. Assoc. 58, 13, 1963, p. 18: the
    theorem holds for martingales).

    Examples
    --------
    >>> round(float(likelihood_ratio(0.5, 1e-4, 1)), 5)
    1.00461
    """
    mean, d = np.broadcast_arrays(
        np.asarray(brightest, dtype=np.float64), np.asarray(deviation, dtype=np.float64)
    )
    enough = pdtrc(_NUMBERS, mean[..., None]) < IGNORED
    photons = np.where(enough.any(axis=-1), _NUMBERS[enough.argmax(axis=-1)], np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        exponent = np.asarray(reach) * photons * (np.log1p(d) - np.log1p(-d))
        ratio: Floats = np.exp(np.where(d > 0.0, exponent, 0.0))
    return ratio
