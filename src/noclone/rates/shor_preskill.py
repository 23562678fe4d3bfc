"""The key that is left of raw bits once phase errors and the leakage of reconciliation are paid for."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]


def key_terms(
    secret: ArrayLike, phase_error: ArrayLike, kept: ArrayLike, qber: ArrayLike, f_ec: ArrayLike
) -> dict[str, Floats]:
    """Return the signed parts of s [1 - h(e_ph)] - f n h(E), in the unit of s and n.

    Parameters
    ----------
    secret, phase_error : array_like, shape (...)
        Bits that Eve does not simply know, and their phase-error rate; above 1/2 it counts as 1/2.
    kept, qber : array_like, shape (...)
        All bits that are reconciled, and their error rate.
    f_ec : array_like, shape (...)
        Leakage of reconciliation over the Shannon limit.

    Returns
    -------
    dict
        ``raw key``, ``phase errors`` and ``reconciliation``.

    Notes
    -----
    Shor and Preskill, PRL 85, 441 (2000); with tagged bits Gottesman, Lo, Lütkenhaus, Preskill, Quantum
    Inf. Comput. 4, 325 (2004).

    Examples
    --------
    >>> terms = key_terms(0.01, 0.05, 0.03, 0.1, 1.1)
    >>> {name: round(float(value), 5) for name, value in terms.items()}
    {'raw key': 0.01, 'phase errors': -0.00286, 'reconciliation': -0.01548}
    """
    bits = np.asarray(secret, float)
    return {
        "raw key": bits,
        "phase errors": -bits * binary_entropy(np.minimum(phase_error, 0.5)),
        "reconciliation": -np.asarray(f_ec, float) * np.asarray(kept, float) * binary_entropy(qber),
    }
