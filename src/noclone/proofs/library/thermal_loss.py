"""The channel that a lossy, noisy line is modelled as, on coherent states of few dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc, gammaln

from noclone.core.errors import InvalidInput
from noclone.proofs.library.coherent_states import MOST_TERMS, photon_amplitudes

Array = NDArray[Any]


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
    lost = photon_amplitudes(np.sqrt(1 - through) * points, MOST_TERMS)
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
            rise = rise + added * (np.log(photons) - np.log1p(photons))
        raised = np.zeros_like(damped)
        raised[:, added:] = damped[:, : size - added] * np.exp(rise / 2)
        kraus = np.einsum("ak,kl,kn->lan", from_states, lost, raised).reshape(MOST_TERMS, -1)
        total += kraus.T @ kraus.conj()
    return total


def cut_off(channel: Array, dimensions: tuple[int, int]) -> Array:
    r"""Return the channel nearest to one whose output misses what lies beyond a cutoff.

    With L L^dagger the trace over the output,

    .. math:: X' = (L^{-1} \otimes 1) X (L^{-1} \otimes 1)^\dagger

    Parameters
    ----------
    channel : ndarray, shape (D size, D size)
        As `choi_operator` returns it.
    dimensions : (int, int)
        D and size.

    Examples
    --------
    >>> cut_off(0.8 * np.eye(4), (2, 2)).diagonal().real.tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    sent, size = dimensions
    traced = np.einsum("injn->ij", channel.reshape(sent, size, sent, size))
    back = np.kron(np.linalg.inv(np.linalg.cholesky(traced)), np.eye(size))
    found: Array = back @ channel @ back.conj().T
    return found


def weight_beyond(cutoff: int, amplitude: float, photons: float) -> float:
    """Return how probable it is that a displaced thermal state has more photons than a cutoff.

    Parameters
    ----------
    cutoff : int
    amplitude : float
        Of the displacement.
    photons : float
        Mean photon number of the thermal state.

    Notes
    -----
    Behind loss and amplifier (see `choi_operator`) photon numbers have a Poisson distribution, to which the
    amplifier adds numbers with a negative binomial one.

    Examples
    --------
    >>> thermal = weight_beyond(3, 0.0, 0.25)  # (photons / (1 + photons))^4
    >>> round(thermal, 12)
    0.0016
    """
    mean = amplitude**2 / (1 + photons)
    few = np.arange(cutoff + 1)
    poisson = np.abs(photon_amplitudes([np.sqrt(mean)], cutoff + 1)[0]) ** 2
    raised = betainc(cutoff + 1 - few, few + 1, photons / (1 + photons))
    return float(gammainc(cutoff + 1, mean) + poisson @ raised)
