"""What Eve gains where the detectors of the two bits differ in efficiency.

Unequal detectors make the bits unequally likely, and what they detect is a filtered state: both lower the
key that a single photon gives.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.entropy import binary_entropy, inverse_binary_entropy

Floats = NDArray[np.float64]


def mismatch_ceiling(ratio: ArrayLike) -> Floats:
    """Return the secret bits of an error-free detection by unequal detectors: h(1 / (1 + r)).

    Parameters
    ----------
    ratio : array_like, shape (...)
        r, the efficiency of the weaker detector over that of the other; above 0, at most 1.

    Returns
    -------
    ndarray, shape (...)
        The entropy of a bit that one detector announces 1/r times as often as the other: no post-processing
        makes more of it.

    Notes
    -----
    Fung, Tamaki, Qi, Lo and Ma, Quantum Inf. Comput. 9, 131 (2009), on the role of the ratio; attained by
    `mismatched_fraction` without errors.

    Examples
    --------
    >>> mismatch_ceiling([1.0, 0.5]).round(4).tolist()
    [1.0, 0.9183]
    """
    return binary_entropy(1 / (1 + np.asarray(ratio, float)))


def mismatched_fraction(phase_error: ArrayLike, ratio: ArrayLike) -> Floats:
    """Return the secret bits of a single-photon detection by unequal detectors, before error correction.

    Parameters
    ----------
    phase_error : array_like, shape (...)
        Error rate e of single photons in the other basis, equal in both bits, at most 1/2.
    ratio : array_like, shape (...)
        r, the efficiency of the weaker detector over that of the other; above 0, at most 1.

    Returns
    -------
    ndarray, shape (...)
        h(r / (1 + r)) - h((1 - sqrt(dx^2 + dz^2)) / 2) with dz = (1 - r) / (1 + r) and
        dx = 2 sqrt(r) (1 - 2 e) / (1 + r); 1 - h(e) for r = 1. It takes the place of 1 - h(e) in a rate whose
        gains count what the unequal detectors see.

    Notes
    -----
    The tight rate of Bochkov and Trushechkin, Phys. Rev. A 99, 032308 (2019): asymptotic, collective
    attacks, constant and known efficiencies, the same detectors in both bases, and at most one photon that
    reaches Bob. For Eves who send him more see Trushechkin, Quantum 6, 771 (2022). Where Bob assigns the
    bits to the detectors at random for every pulse the mismatch does no harm (Fung et al. 2009).

    Examples
    --------
    >>> mismatched_fraction([0.0, 0.0, 0.11], [1.0, 0.5, 0.5]).round(4).tolist()
    [1.0, 0.9183, 0.4612]
    """
    ratio = np.asarray(ratio, float)
    bias = (1 - ratio) / (1 + ratio)
    coherence = 2 * np.sqrt(ratio) * (1 - 2 * np.asarray(phase_error, float)) / (1 + ratio)
    purity = np.minimum(np.hypot(bias, coherence), 1.0)
    return np.asarray(binary_entropy((1 - bias) / 2) - binary_entropy((1 - purity) / 2))


def mismatched_phase_error(phase_error: ArrayLike, ratio: ArrayLike) -> Floats:
    """Return the phase error rate at which equal detectors would give what unequal ones give.

    Parameters
    ----------
    phase_error, ratio : array_like, shape (...)
        As in `mismatched_fraction`.

    Returns
    -------
    ndarray, shape (...)
        e' with 1 - h(e') = `mismatched_fraction`; never below e.

    Examples
    --------
    >>> mismatched_phase_error([0.02, 0.02], [1.0, 0.5]).round(4).tolist()
    [0.02, 0.0332]
    """
    return inverse_binary_entropy(1 - np.maximum(mismatched_fraction(phase_error, ratio), 0.0))
