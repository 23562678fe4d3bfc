"""Differential phase shift: what Eve can know of the phase differences of a train of weak pulses."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc

Floats = NDArray[np.float64]

PHASE_PER_BIT_ERROR = 3.0 + 5.0**0.5
"""Most phase errors per bit error when a block holds one photon: Mizutani et al. (2019)."""


def individual_secrecy(qber: ArrayLike, intensity: ArrayLike) -> Floats:
    """Return the secret bits per sifted bit before reconciliation, against individual attacks only.

    -(1 - 2 mu) log2[1 - e^2 - (1 - 6 e)^2 / 2]: the factor 1 - 2 mu is what beam splitting leaves, the
    logarithm bounds the collision probability of what is left when every photon is attacked on its own.

    Parameters
    ----------
    qber : array_like, shape (...)
        Error rate e; from 6/38 on, where the bound stops to fall, its value there.
    intensity : array_like, shape (...)
        Mean photons per pulse; from 1/2 on nothing is secret.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Waks, Takesue, Yamamoto, PRA 73, 012344 (2006), eqs. (34) and (37); the sign of privacy amplification
    in (37) is printed the wrong way round.

    Examples
    --------
    >>> float(individual_secrecy(0.0, 0.0)), round(float(individual_secrecy(0.03, 0.2)), 6)
    (1.0, 0.355882)
    """
    e = np.minimum(np.asarray(qber, dtype=np.float64), 6.0 / 38.0)
    hidden = np.maximum(1.0 - 2.0 * np.asarray(intensity, dtype=np.float64), 0.0)
    bits: Floats = -hidden * np.log2(1.0 - e * e - 0.5 * (1.0 - 6.0 * e) ** 2)
    return bits


def block_phase_errors(error_prob: ArrayLike, intensity: ArrayLike, pulses: int = 3) -> Floats:
    """Return an upper bound on the probability that a block is kept with a phase error, for any attack.

    lambda (E + sqrt(q1 q3)) + q2, where E is the probability that a block is kept with a bit error, q_n that
    it holds n photons or more, and lambda = 3 + sqrt(5).

    Parameters
    ----------
    error_prob : array_like, shape (...)
        Probability that a block is kept with a bit error.
    intensity : array_like, shape (...)
        Mean photons per pulse, Poissonian.
    pulses : int
        Pulses per block. The paper treats 3; lambda is the same for every length.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Mizutani et al., npj Quantum Inf. 5, 87 (2019), and the limit of many rounds of theorem 3 of Mizutani,
    Takeuchi, Tamaki, Phys. Rev. Research 5, 023132 (2023). lambda is the largest eigenvalue of the phase
    errors relative to the bit errors when a block holds one photon; blocks of two photons count as phase
    errors whole; 1 and 3 photons may be in superposition, hence the root.

    Examples
    --------
    >>> round(float(block_phase_errors(1e-5, 1e-3)), 9)
    7.6054e-05
    """
    mean = pulses * np.asarray(intensity, dtype=np.float64)
    one, two, three = (gammainc(k, mean) for k in (1, 2, 3))
    errors: Floats = PHASE_PER_BIT_ERROR * (np.asarray(error_prob, np.float64) + np.sqrt(one * three)) + two
    return errors
