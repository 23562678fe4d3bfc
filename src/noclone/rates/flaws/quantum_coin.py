"""States that tell a little of their basis: the phase error rate from the error rate of the other basis."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def bures_angle(infidelity: ArrayLike) -> Floats:
    """Return arccos(F) from 1 - F; angles of successive small differences add up.

    Examples
    --------
    >>> round(float(bures_angle(1.0)), 6)
    1.570796
    """
    angle: Floats = 2.0 * np.arcsin(np.sqrt(0.5 * np.asarray(infidelity, dtype=np.float64)))
    return angle


def phase_error(
    error_rate: ArrayLike, angle: ArrayLike, yield_keyed: ArrayLike, yield_test: ArrayLike
) -> Floats:
    """Return an upper bound on the phase error rate of one basis from the error rate of the other.

    Parameters
    ----------
    error_rate : array_like, shape (...)
        Of the other basis, in [0, 1/2].
    angle : array_like, shape (...)
        arccos of the overlap of what is sent in the two bases.
    yield_keyed, yield_test : array_like, shape (...)
        Lower bounds on the probability that such a pulse is detected, in either basis: Eve may let pass
        only those of which she knows more.

    Returns
    -------
    ndarray, shape (...)
        At most 1/2, and never below the error rate.

    Notes
    -----
    Gottesman, Lo, Lütkenhaus, Preskill, Quantum Inf. Comput. 4, 325 (2004); Lo and Preskill, Quantum Inf.
    Comput. 7, 431 (2007); Lucamarini et al., Phys. Rev. X 5, 031030 (2015). With yields y and y',
    overlap F and error rates e and e', measurement does not lower the overlap, so that
    sqrt(e e') + sqrt((1-e)(1-e')) >= 1 - (1-F) / sqrt(y y'). With 1 - F = 2 Delta and y = y' it is the
    papers' e' = e + 4 D (1-D)(1-2e) + 4 (1-2D) sqrt(D (1-D) e (1-e)), D = Delta / y; here it reads
    sqrt(e') = sin(arcsin(sqrt(e)) + arccos(right side)).

    Examples
    --------
    >>> round(float(phase_error(0.02, bures_angle(2e-7), 1e-3, 1e-3)), 6)
    0.025983
    """
    e = np.clip(np.asarray(error_rate, dtype=np.float64), 0.0, 0.5)
    keyed, test = np.asarray(yield_keyed, dtype=np.float64), np.asarray(yield_test, dtype=np.float64)
    lost = 2.0 * np.sin(0.5 * np.asarray(angle, dtype=np.float64)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(lost > 0.0, lost / np.sqrt(np.fmax(keyed * test, 0.0)), 0.0)
    turned = np.arcsin(np.sqrt(e)) + bures_angle(np.fmin(share, 1.0))
    return np.where(share > 0.0, np.sin(np.fmin(turned, 0.25 * np.pi)) ** 2, e)
