"""Two-way protocols: a photon goes to the encoder and comes back, and Eve meets it twice."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]


def forward_phase_error(forward_errors: ArrayLike, returned: ArrayLike) -> Floats:
    """Return an upper bound on the phase error rate of the bits that came back.

    The encoding is I or a Pauli operator P. What the encoder's bit is complementary to is the eigenvalue of P
    that the photon arrived with, and the partner can predict it except for the errors of the way forward. On
    the way back Eve chooses which photons return, so all of these errors may be among them.

    Parameters
    ----------
    forward_errors : array_like, shape (...)
        Probability per round that a photon reaches the encoder with an error in the eigenbasis of P.
    returned : array_like, shape (...)
        Probability per round that a bit is detected at the end.

    Returns
    -------
    ndarray, shape (...)
        At most 1/2.

    Notes
    -----
    Purify the encoder's bit to a qubit in (|0> + |1>)/sqrt(2) that controls P. The product of its X and of P
    on the photon is conserved by the encoding, so X after it is the eigenvalue of P before it: the phase
    error is decided before Eve sees the photon again, and a subset of the rounds has at most all of these
    errors (Koashi's complementarity; coherent attacks included). Rounds without a photon have none, provided
    that the encoder gives what it returns a random phase: then vacuum and photon do not interfere. Without
    that, Wojcik's attack on the ping-pong protocol uses precisely their interference.
    For P = Y an error in X or in Z is needed for one in Y, so forward_errors is at most their sum, which
    gives the h(xi) of LM05 proofs (Lu, Fung, Ma, Cai, PRA 84, 042344, 2011).

    Examples
    --------
    >>> forward_phase_error([0.125, 0.5], 0.5).tolist()
    [0.25, 0.5]
    """
    share = np.asarray(forward_errors, dtype=np.float64) / np.maximum(returned, 1e-300)
    return np.minimum(share, 0.5)


def two_way_secrecy(qber: ArrayLike, phase_error: ArrayLike, f_ec: ArrayLike = 1.0) -> Floats:
    """Return the secret bits per detected bit: 1 - f h(e) - h(xi).

    Parameters
    ----------
    qber : array_like, shape (...)
        Error rate e after both ways.
    phase_error : array_like, shape (...)
        Bound xi on the phase error rate, from the way forward.
    f_ec : array_like, shape (...)
        Leakage of reconciliation over the Shannon limit.

    Returns
    -------
    ndarray, shape (...)
        Negative where there is no key.

    Notes
    -----
    Lu, Fung, Ma, Cai, PRA 84, 042344 (2011); Beaudry, Lucamarini, Mancini, Renner, PRA 88, 062302 (2013).

    Examples
    --------
    >>> round(float(two_way_secrecy(0.05, 0.1)), 6)
    0.244607
    """
    bits: Floats = (
        1.0 - np.asarray(f_ec, dtype=np.float64) * binary_entropy(qber) - binary_entropy(phase_error)
    )
    return bits
