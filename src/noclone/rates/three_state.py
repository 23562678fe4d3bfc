"""Phase errors of BB84 with three states: the missing state is what the other basis leaves over."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def phase_errors(minus_of_plus: ArrayLike, plus_of_plus: ArrayLike, plus_of_z: ArrayLike) -> Floats:
    """Return the phase errors of basis Z where only one state of basis X is sent.

    Parameters
    ----------
    minus_of_plus, plus_of_plus : array_like, shape (...)
        Probabilities that Bob, measuring X, records - and + if Alice sends +.
    plus_of_z : array_like, shape (...)
        Probability that he records + if she sends either state of Z, with equal chances.

    Returns
    -------
    ndarray, shape (...)
        Probability per photon sent, at least 0.

    Notes
    -----
    + and - together are the same mixture as both states of Z, hence P(+|-) = 2 P(+|Z) - P(+|+), and phase
    errors are half of P(-|+) + P(+|-): Tamaki et al., PRA 90, 052314 (2014), with ideal states; the protocol
    is that of Fung and Lo, PRA 74, 042342 (2006).

    Examples
    --------
    >>> float(phase_errors(0.05, 0.95, 0.5).round(12))
    0.05
    """
    minus, plus = np.asarray(minus_of_plus, np.float64), np.asarray(plus_of_plus, np.float64)
    missing = 2.0 * np.asarray(plus_of_z, np.float64) - plus
    errors: Floats = np.maximum(0.5 * (minus + missing), 0.0)
    return errors
