"""Pulses with one of N random phases: how far they are from pulses of definite photon number."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, xlogy

Floats = NDArray[np.float64]

_TERMS = np.arange(1, 65)  # enough for one phase and 10 photons


def defect(intensity: ArrayLike, phases: ArrayLike, photons: int) -> Floats:
    """Return the share of other photon numbers in what N phases leave of an n-photon pulse.

    A coherent state with one of N equally likely phases is a mixture of N states, the j-th a superposition
    of j, j + N, j + 2N, … photons. The defect is 1 less the probability of j photons in it.

    Parameters
    ----------
    intensity : array_like, shape (...)
        Mean photon number mu.
    phases : array_like, shape (...)
        N; 0 for a continuous phase, which has no defect.
    photons : int
        j, below N.

    Returns
    -------
    ndarray, shape (...)
        Falls with j.

    Notes
    -----
    Cao, Zhang, Lo and Ma, New J. Phys. 17, 053014 (2015): the pseudo-Fock states.

    Examples
    --------
    >>> f"{float(defect(0.5, 10, 1)):.2e}"
    '2.45e-11'
    """
    mu, n = np.broadcast_arrays(np.asarray(intensity, float), np.asarray(phases, float))
    steps = _TERMS.reshape(-1, *(1,) * mu.ndim) * n
    with np.errstate(over="ignore"):
        terms = np.exp(xlogy(steps, mu) + gammaln(photons + 1.0) - gammaln(photons + 1.0 + steps))
    others = terms.sum(axis=0)
    share: Floats = np.where(n > 0, others / (1.0 + others), 0.0)
    return share


def amplitude_distance(defect_share: ArrayLike) -> Floats:
    """Return how far apart the roots of an event's probability can be on such a state and on j photons.

    Parameters
    ----------
    defect_share : array_like, shape (...)
        As `defect` gives it.

    Returns
    -------
    ndarray, shape (...)
        sqrt(2 - 2 F) for states of overlap F = sqrt(1 - defect): |sqrt(p) - sqrt(q)| is at most that, for
        the probabilities p and q of any event, because measurement does not lower the overlap.

    Examples
    --------
    >>> float(amplitude_distance(0.0)), round(float(amplitude_distance(1.0)), 6)
    (0.0, 1.414214)
    """
    share = np.asarray(defect_share, dtype=np.float64)
    # 1 - sqrt(1 - x) without cancellation
    distance: Floats = np.sqrt(2.0 * share / (1.0 + np.sqrt(1.0 - share)))
    return distance


def reference_counts(low: Floats, high: Floats, distance: Floats, sent: Floats) -> tuple[Floats, Floats]:
    """Return bounds on what definite photon numbers would have given, from what the real pulses gave.

    Parameters
    ----------
    low, high : ndarray, shape (...)
        Bounds on the expected number of an event.
    distance : ndarray, shape (...)
        Largest `amplitude_distance` of the states sent.
    sent : ndarray, shape (...)
        Upper bound on the number of pulses.

    Returns
    -------
    low, high : ndarray, shape (...)

    Notes
    -----
    Probabilities of the event, as a vector of roots over the states of the mixture, move by `distance` at
    most; so does the root of their weighted sum (Minkowski's inequality).

    Examples
    --------
    >>> low, high = reference_counts(np.array(100.0), np.array(100.0), np.array(1e-3), np.array(1e6))
    >>> round(float(low), 9), round(float(high), 9)
    (81.0, 121.0)
    """
    move = distance * np.sqrt(sent)
    least = np.fmax(np.sqrt(np.fmax(low, 0.0)) - move, 0.0) ** 2
    # A bound that lets counts be negative stays as loose as it is.
    return np.where(low > 0.0, least, low), (np.sqrt(np.fmax(high, 0.0)) + move) ** 2
