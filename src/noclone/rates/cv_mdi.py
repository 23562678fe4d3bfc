"""Key rates when a relay measures the difference of one quadrature and the sum of the other.

Alice and Bob both send modulated coherent states and only the relay detects; the relay, its detectors and
both channels are Eve's. What the relay announces correlates the modes that the parties kept in the
entangled picture. Shot-noise units; Alice's data are the reference that Bob's are corrected to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.gaussian_modulation import Covariance

Floats = NDArray[np.float64]


def after_relay(
    alice_variance: ArrayLike,
    bob_variance: ArrayLike,
    alice_transmittance: ArrayLike,
    bob_transmittance: ArrayLike,
    relay_noise: ArrayLike,
) -> Covariance:
    """Return the state of the kept modes, given what the relay announced.

    Parameters
    ----------
    alice_variance, bob_variance : array_like, shape (...)
        V of either party: 1 and the modulation variance.
    alice_transmittance, bob_transmittance : array_like, shape (...)
        From either party to a click, the relay's efficiency included.
    relay_noise : array_like, shape (...)
        Noise beyond the vacuum's of an announced outcome.

    Returns
    -------
    Covariance
        With (V_A, V_B) -> diag - c c^T / theta, c = (sqrt(T_A (V_A^2 - 1) / 2), sqrt(T_B (V_B^2 - 1) / 2)),
        theta = (T_A (V_A - 1) + T_B (V_B - 1)) / 2 + 1 + noise. Bob's mode is ``alice`` and Alice's is
        ``bob``, so that Holevo bounds on the second mode are those on her data.

    Notes
    -----
    Pirandola et al., Nat. Photonics 9, 397 (2015), for any two variances.

    Examples
    --------
    >>> state = after_relay(5.0, 5.0, 1.0, 1.0, 0.0)
    >>> [round(float(x), 9) for x in state]
    [2.6, 2.6, 1.0]
    """
    va, vb, ta, tb, noise = (
        np.asarray(value, dtype=np.float64)
        for value in (alice_variance, bob_variance, alice_transmittance, bob_transmittance, relay_noise)
    )
    theta = (ta * (va - 1.0) + tb * (vb - 1.0)) / 2.0 + 1.0 + noise
    pull_a, pull_b = ta * (va**2 - 1.0) / (2.0 * theta), tb * (vb**2 - 1.0) / (2.0 * theta)
    # ab - c^2 without the difference of large products: V_A V_B - V_B pull_a - V_A pull_b, over theta.
    product = (va * vb * (1.0 + noise - (ta + tb) / 2.0) + (ta * vb + tb * va) / 2.0) / theta
    return Covariance(vb - pull_b, va - pull_a, product)


def relay_information(state: Covariance) -> Floats:
    """Return what Alice and Bob share of their symbols, in bits per use of the relay.

    Parameters
    ----------
    state : Covariance, shape (...)
        Of `after_relay`.

    Returns
    -------
    ndarray, shape (...)
        log2((a + 1) (b + 1) / ((a + 1) (b + 1) - c^2)), as both parties' symbols are heterodyne outcomes of
        the kept modes.

    Examples
    --------
    >>> round(float(relay_information(after_relay(5.0, 5.0, 1.0, 1.0, 0.0))), 6)
    0.847997
    """
    a, b, product = state
    bits: Floats = np.log2((a + 1.0) * (b + 1.0) / (product + a + b + 1.0))
    return bits
