"""What Eve can learn from one qubit at a time: the optimal individual attacks on BB84 and on six states.

She lets a probe interact with each qubit, waits for the bases to be announced and then measures each probe
by itself. Where she knows as much as Bob, two-way methods aside, no key is left even against her; but this is
no security threshold. Coherent attacks end the key of BB84 at an error rate of 11.0 %, not 14.6 %.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar

from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]

BB84_CROSSING = float((1 - np.sqrt(0.5)) / 2)
"""Error rate of BB84 at which the best individual attack tells Eve as much as Bob knows: 14.6 %."""


def bb84_information(disturbance: ArrayLike) -> Floats:
    """Return the most that an individual attack tells Eve about a bit of BB84.

    Parameters
    ----------
    disturbance : array_like, shape (...)
        Error rate D that the attack causes in the other basis, in [0, 1/2].

    Returns
    -------
    ndarray, shape (...)
        Shannon information on the sifted bit, in bits: phi(2 sqrt(D (1 - D))) / 2 with
        phi(z) = (1 + z) log2(1 + z) + (1 - z) log2(1 - z).

    Notes
    -----
    Fuchs, Gisin, Griffiths, Niu, Peres, PRA 56, 1163 (1997). What Eve learns of one basis is limited by the
    errors in the other; a probe of two qubits reaches both limits at once, for any pair of error rates.

    Examples
    --------
    >>> bb84_information([0.0, 0.5]).tolist(), round(float(bb84_information(BB84_CROSSING)), 5)
    ([0.0, 1.0], 0.39912)
    """
    error = np.asarray(disturbance, np.float64)
    return 1.0 - binary_entropy(0.5 - np.sqrt(error * (1.0 - error)))


def biased_bb84_information(disturbance: ArrayLike, basis_prob: float) -> Floats:
    """Return the most that an individual attack on biased BB84 tells Eve at a given error rate of all bits.

    Both bases are sifted and their errors are counted together, as nobody should: Eve looks into the basis
    that is used often and lets the errors fall into the other one. Counted apart, the errors of the rare
    basis limit her to `bb84_information` again.

    Parameters
    ----------
    disturbance : array_like, shape (...)
        Error rate of all sifted bits, in [0, 1/2].
    basis_prob : float
        Probability of one of the bases at each party, in (0, 1).

    Returns
    -------
    ndarray, shape (...)
        Shannon information per sifted bit, in bits.

    Notes
    -----
    With shares s and 1 - s of the bases among the sifted bits, the largest of s I(D_x) + (1 - s) I(D_z)
    where s D_z + (1 - s) D_x is the error rate, and I is `bb84_information`. That errors must be counted by
    basis is due to Lo, Chau, Ardehali, J. Cryptol. 18, 133 (2005).

    Examples
    --------
    >>> round(float(biased_bb84_information(0.1, 0.5) - bb84_information(0.1)), 9)
    0.0
    >>> bool(biased_bb84_information(0.006, 0.9) > 0.96)
    True
    """
    share = basis_prob**2 / (basis_prob**2 + (1 - basis_prob) ** 2)
    often, rare = max(share, 1 - share), min(share, 1 - share)

    def best(error: float) -> float:
        def told(rare_error: float) -> float:
            often_error = np.clip((error - rare * rare_error) / often, 0.0, 0.5)
            return float(often * bb84_information(rare_error) + rare * bb84_information(often_error))

        # More errors in the rare basis than in the other, up to random bits there.
        high = min(error / rare, 0.5)
        if high <= error:
            return float(bb84_information(error))
        found = minimize_scalar(
            lambda z: -told(z), bounds=(error, high), method="bounded", options={"xatol": 1e-12}
        )
        return max(-float(found.fun), told(error), told(high))

    errors = np.asarray(disturbance, np.float64)
    return np.array([best(float(each)) for each in errors.ravel()]).reshape(errors.shape)


def six_state_information(disturbance: ArrayLike) -> Floats:
    """Return the most that an individual attack tells Eve about a bit of the six-state protocol.

    Parameters
    ----------
    disturbance : array_like, shape (...)
        Error rate D that the attack causes in every basis, in [0, 1/2].

    Returns
    -------
    ndarray, shape (...)
        Shannon information on the sifted bit, in bits: 1 - (1 - D) h(f) with
        f = (1 + sqrt(D (2 - 3 D)) / (1 - D)) / 2.

    Notes
    -----
    Bruss, PRL 81, 3018 (1998); Bechmann-Pasquinucci, Gisin, PRA 59, 4238 (1999). Eve's probe tells her where
    Bob is wrong, and there the bit; elsewhere she guesses it with probability f. At D = 1/6 it is the
    universal cloner, f = 4/5.

    Examples
    --------
    >>> six_state_information([0.0, 0.5]).tolist()
    [0.0, 1.0]
    >>> round(float(six_state_information(1 / 6)), 6) == round(1 - 5 / 6 * float(binary_entropy(0.2)), 6)
    True
    """
    error = np.asarray(disturbance, np.float64)
    wrong = 0.5 - 0.5 * np.sqrt(error * (2.0 - 3.0 * error)) / (1.0 - error)
    bits: Floats = 1.0 - (1.0 - error) * binary_entropy(np.maximum(wrong, 0.0))
    return bits


def intercept_resend_information(disturbance: ArrayLike, bases: int) -> Floats:
    """Return what measuring in a random basis and resending tells Eve at this error rate.

    Parameters
    ----------
    disturbance : array_like, shape (...)
        Error rate, at most (1 - 1/bases)/2, which it is if Eve measures every qubit.
    bases : int
        Number of mutually unbiased bases: 2 for BB84, 3 for six states.

    Returns
    -------
    ndarray, shape (...)
        Shannon information on the sifted bit, in bits; NaN beyond that error rate.

    Notes
    -----
    Of the qubits that she measures, a share 1/bases is measured in the right basis; the others have random
    bits. In BB84 the error rate is p/4 and the information p/2 if a share p is measured.

    Examples
    --------
    >>> intercept_resend_information([0.05, 0.25, 0.3], 2).tolist()
    [0.1, 0.5, nan]
    >>> round(float(intercept_resend_information(0.1, 3)), 12)
    0.1
    """
    error = np.asarray(disturbance, np.float64)
    attacked = error / ((1.0 - 1.0 / bases) / 2.0)
    return np.where(attacked <= 1.0 + 1e-12, attacked / bases, np.nan)


def crossing(information: Callable[[float], ArrayLike]) -> float:
    """Return the error rate at which Eve knows as much of Alice's bit as Bob: 1 - h(D).

    Parameters
    ----------
    information : callable
        Eve's information at an error rate, growing with it, such as `bb84_information`.

    Examples
    --------
    >>> round(crossing(bb84_information), 6), round(crossing(six_state_information), 5)
    (0.146447, 0.15637)
    """

    def lead(error: float) -> float:
        return float(np.asarray(information(error))) + float(binary_entropy(error)) - 1.0

    return float(brentq(lead, 1e-9, 0.5, xtol=1e-14))
