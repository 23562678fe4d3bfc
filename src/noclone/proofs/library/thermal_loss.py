"""The channel that a lossy, noisy line is modelled as, on coherent states of few dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from noclone.core.errors import InvalidInput
from noclone.proofs.library.coherent_states import photon_amplitudes

Array = NDArray[Any]

_LOST_TERMS = 80
"""Photon numbers of what the loss takes away that are told apart."""


def choi_operator(states: Array, points: Array, transmittance: float, photons: float, size: int) -> Array:
    """Return the channel's Choi operator between the span of coherent states and few photons.

    Loss, then Gaussian random displacements that add a mean number of photons. That is the same as a larger
    loss followed by an amplifier, whose Kraus operators only raise the photon number, so that the result is
    exact and positive; only its trace over the output misses what lies beyond `size`.

    Parameters
    ----------
    states : ndarray, shape (K, K)
        The coherent states in an orthonormal basis of their span; row k is state k.
    points : ndarray of complex, shape (K,)
        Their amplitudes.
    transmittance : float
    photons : float
        What the channel adds to the mean photon number; half the noise in shot-noise units.
    size : int
        Photon numbers below this are kept.

    Returns
    -------
    ndarray, shape (K size, K size)

    Examples
    --------
    >>> from noclone.proofs.library.coherent_states import ring, ring_states
    >>> channel = choi_operator(ring_states(0.5, 4), ring(0.5, 4), 0.1, 0.01, 30)
    >>> np.allclose(np.einsum("injn->ij", channel.reshape(4, 30, 4, 30)), np.eye(4))
    True
    """
    if not 0 < transmittance <= 1:
        raise InvalidInput("transmittance", f"must lie in (0, 1], but is {transmittance}")
    if not photons >= 0:
        raise InvalidInput("photons", f"must be at least 0, but is {photons}")
    gain = 1 + photons
    through = transmittance / gain
    lost = photon_amplitudes(np.sqrt(1 - through) * points, _LOST_TERMS)
    kept = photon_amplitudes(np.sqrt(through) * points, size)
    number = np.arange(size)
    # K_k = ((G - 1)^k / (k! G^(k+1)))^(1/2) a^dagger^k G^(-n/2), for an amplifier of gain G
    damped = kept * gain ** (-(number + 1) / 2)
    from_states = np.linalg.inv(states)
    total = np.zeros((len(points) * size,) * 2, complex)
    for added in range(size if photons else 1):
        below = number[: size - added]
        rise = gammaln(below + added + 1) - gammaln(below + 1) - gammaln(added + 1)
        if added:
            rise = rise + added * np.log((gain - 1) / gain)
        raised = np.zeros_like(damped)
        raised[:, added:] = damped[:, : size - added] * np.exp(rise / 2)
        kraus = np.einsum("ak,kl,kn->lan", from_states, lost, raised).reshape(_LOST_TERMS, -1)
        total += kraus.T @ kraus.conj()
    return total
