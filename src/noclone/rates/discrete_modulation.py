"""Key rates of finitely many coherent states: how weak the correlation of the average state must be assumed.

Denys, Brown and Leverrier bound the covariance that a Gaussian purification of Alice's average state tau
could have had with Bob's mode, from what she and Bob observe; the rest is as for Gaussian states.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.special import gammaln, logsumexp

from noclone.rates.gaussian_modulation import Covariance, gaussian_information

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

_LN2 = np.log(2.0)


class Moments(NamedTuple):
    """What the bound needs of the states that Alice sends; shape (...) each.

    Attributes
    ----------
    photons : ndarray
        Mean photon number <n>.
    correlation : ndarray
        Tr(tau^(1/2) a tau^(1/2) a^dagger), at most sqrt(<n> (<n> + 1)), which a Gaussian modulation reaches.
    deviation : ndarray
        w, how much a_tau = tau^(1/2) a tau^(-1/2) varies in the states sent.
    """

    photons: Floats
    correlation: Floats
    deviation: Floats


def moments(points: Complex, probs: Floats, symmetry: int, photons: ArrayLike) -> Moments:
    """Return the moments of a constellation of coherent states.

    Parameters
    ----------
    points : ndarray of complex, shape (K,)
        Amplitudes at a mean photon number of 1. Every K / symmetry of them are the ones before, turned by
        2 pi / symmetry.
    probs : ndarray, shape (K,)
        How often each is sent.
    symmetry : int
        M, the order of the rotations that leave the constellation as it is; 1 for none.
    photons : array_like, shape (...)
        Mean photon number that the amplitudes are scaled to.

    Notes
    -----
    Denys, Brown, Leverrier, Quantum 5, 540 (2021), in the eigenbasis of tau, which is a direct sum over the
    photon numbers modulo M. The basis comes from the singular values of the matrix with columns
    sqrt(p_k) |alpha_k>: they keep the eigenvalues of almost parallel states that tau itself would lose to
    rounding, and no eigenvalue is divided by.

    Examples
    --------
    >>> ring, share = 1j ** np.arange(4), np.full(4, 0.25)
    >>> [round(float(x), 10) for x in moments(ring, share, 4, 0.16)]
    [0.16, 0.4255577055, 0.0257256429]
    """
    mean = np.asarray(photons, dtype=np.float64)
    orbit = len(points) // symmetry
    weight = symmetry * probs[:orbit]
    radius = np.abs(points[:orbit]) * np.sqrt(mean)[..., None]
    top = float(np.max(radius, initial=0.0))
    rows = int(np.ceil((top**2 + 12.0 * top + 30.0) / symmetry))
    number = np.arange(rows * symmetry).reshape(rows, symmetry).T[:, :, None]
    size = (
        number * np.log(radius[..., None, None, :])
        - (radius[..., None, None, :] ** 2 + gammaln(number + 1)) / 2
    )
    states = np.exp(size + 1j * number * np.angle(points[:orbit])) * np.sqrt(weight)
    vectors, root, right = np.linalg.svd(states, full_matrices=False)
    lowered = np.sqrt(number) * vectors  # a|n> belongs to the sector before, for n = 0 mod M one row higher
    lowered[..., 0, :, :] = np.roll(lowered[..., 0, :, :], -1, axis=-2)
    before = np.roll(root, 1, axis=-2)
    element = np.swapaxes(np.roll(vectors, 1, axis=-3), -1, -2).conj() @ lowered
    power = np.abs(element) ** 2
    inside = before[..., None] ** 2 * (element @ right)
    overlap = np.sum(np.roll(right, 1, axis=-3).conj() * inside, axis=(-3, -2)) / weight
    spread = np.sum(before**2 * power.sum(axis=-1), axis=(-2, -1)) - np.abs(overlap) ** 2 @ weight
    correlation = np.sum(before * (power @ root[..., None])[..., 0], axis=(-2, -1))
    return Moments(mean, correlation, np.maximum(spread, 0.0))


def least_covariance(
    states: Moments, inner: ArrayLike, outer: ArrayLike, received_photons: ArrayLike
) -> Floats:
    """Return the least covariance Z* of a quadrature that is compatible with what was observed.

    Parameters
    ----------
    states : Moments, shape (...)
        Of the constellation.
    inner, outer : array_like, shape (...)
        c1 and c2, the real parts of sum p_k <alpha_k|a_tau^dagger|alpha_k> beta_k and of
        sum p_k conj(alpha_k) beta_k, where beta_k is the mean amplitude that Bob receives of state k.
    received_photons : array_like, shape (...)
        n_B, the mean photon number that he receives.

    Returns
    -------
    ndarray, shape (...)
        2 c1 - 2 sqrt((n_B - c2^2 / <n>) w), at least 0.

    Notes
    -----
    Denys, Brown, Leverrier, Quantum 5, 540 (2021), Theorem 1.

    Examples
    --------
    >>> states, t, xi = moments(1j ** np.arange(4), np.full(4, 0.25), 4, 0.16), 0.5, 0.01
    >>> c1, c2 = np.sqrt(t) * states.correlation, np.sqrt(t) * states.photons
    >>> round(float(least_covariance(states, c1, c2, t * states.photons + t * xi / 2)), 10)
    0.5857902633
    """
    c1, c2, received = (np.asarray(value, dtype=np.float64) for value in (inner, outer, received_photons))
    noise = np.maximum(received - c2**2 / states.photons, 0.0)
    least: Floats = np.maximum(2.0 * c1 - 2.0 * np.sqrt(noise * states.deviation), 0.0)
    return least


def after_channel(states: Moments, transmittance: ArrayLike, channel_noise: ArrayLike) -> Covariance:
    """Return the state that a noisy channel must be assumed to have left.

    Parameters
    ----------
    states : Moments, shape (...)
        Of the constellation.
    transmittance, channel_noise : array_like, shape (...)
        T, and the noise T xi at the channel's output.

    Returns
    -------
    Covariance
        a = 1 + 2 <n>, b = 1 + 2 T <n> + T xi, c = Z*.

    Examples
    --------
    >>> states = moments(1j ** np.arange(4), np.full(4, 0.25), 4, 0.16)
    >>> state = after_channel(states, 0.5, 0.005)
    >>> round(float(state.alice), 12), round(float(state.bob), 12)
    (1.32, 1.165)
    """
    t, noise = np.asarray(transmittance, dtype=np.float64), np.asarray(channel_noise, dtype=np.float64)
    root, received = np.sqrt(t), t * states.photons + noise / 2.0
    z = least_covariance(states, root * states.correlation, root * states.photons, received)
    a, b = 1.0 + 2.0 * states.photons, 1.0 + 2.0 * received
    return Covariance(a, b, a * b - z * z)


def psk_information(phases: int, snr: ArrayLike) -> Floats:
    """Return the mutual information of equal amplitudes with equally spaced phases in Gaussian noise.

    Parameters
    ----------
    phases : int
        M, at least 2.
    snr : array_like, shape (...)
        Signal-to-noise ratio of either quadrature.

    Returns
    -------
    ndarray, shape (...)
        Bits per symbol, by the trapezoidal rule over both quadratures of the noise.

    Examples
    --------
    >>> round(float(psk_information(4, 1e3)), 9)
    2.0
    """
    ratio = np.asarray(snr, dtype=np.float64)
    # Each quadrature of the noise has variance 1, so that the amplitude is sqrt(2 snr).
    shift = np.exp(2j * np.pi * np.arange(phases) / phases) - 1.0
    node, weight = _nodes(0.25)
    noise = node[:, None] + 1j * node
    share = np.outer(weight, weight)
    lost = np.empty(ratio.size)
    for index, amplitude in enumerate(np.sqrt(2.0 * ratio.ravel())):
        step = amplitude * shift[:, None, None]
        exponent = -(np.abs(step) ** 2) / 2.0 - (step.conj() * noise).real
        lost[index] = np.sum(share * logsumexp(exponent, axis=0))
    bits: Floats = np.log2(phases) - lost.reshape(ratio.shape) / _LN2
    return bits


def level_information(levels: Floats, probs: Floats, snr: ArrayLike) -> Floats:
    """Return the mutual information of a real symbol with discrete levels in Gaussian noise.

    Parameters
    ----------
    levels, probs : ndarray, shape (L,)
        Levels (of any scale, with mean 0) and how often each is sent.
    snr : array_like, shape (...)
        Ratio of the variances of symbol and noise.

    Returns
    -------
    ndarray, shape (...)
        Bits per quadrature, by the trapezoidal rule.

    Examples
    --------
    >>> round(float(level_information(np.array([-1.0, 1.0]), np.array([0.5, 0.5]), 1e3)), 9)
    1.0
    """
    ratio = np.asarray(snr, dtype=np.float64)
    unit = levels / np.sqrt(probs @ levels**2)
    node, weight = _nodes(0.1)
    bits = np.empty(ratio.size)
    for index, amplitude in enumerate(np.sqrt(ratio.ravel())):
        gap = amplitude * (unit[:, None] - unit)
        exponent = -(gap[:, None, :] ** 2) / 2.0 - gap[:, None, :] * node[:, None]
        bits[index] = -probs @ (logsumexp(exponent, b=probs, axis=2) @ weight) / _LN2
    return bits.reshape(ratio.shape)


def _nodes(step: float) -> tuple[Floats, Floats]:
    """Return nodes and weights for the mean of a function of a standard Gaussian."""
    node = np.arange(-9.0, 9.0 + step / 2.0, step)
    weight = np.exp(-(node**2) / 2.0)
    return node, weight / weight.sum()


class InformationCurve:
    """Mutual information of one constellation at any signal-to-noise ratio, from a table.

    Parameters
    ----------
    levels, level_probs : ndarray, shape (L,)
        Of either quadrature of a square constellation; empty for phase-shift keying.
    phases : int
        Of phase-shift keying.

    Notes
    -----
    A cubic spline through the share of the Gaussian information that the constellation reaches, over
    log(1 + snr / snr_0); above `HIGHEST` it stays what it is there, which underestimates it.

    Examples
    --------
    >>> levels, probs = np.array([-1.0, 1.0]), np.array([0.5, 0.5])
    >>> exact = 2 * level_information(levels, probs, 0.3)
    >>> abs(float(InformationCurve(levels, probs)(0.3) - exact)) < 1e-9
    True
    """

    SCALE = 1e-3
    HIGHEST = 1e3
    NODES = 400

    def __init__(self, levels: Floats, level_probs: Floats, phases: int = 0) -> None:
        place = np.linspace(0.0, np.log1p(self.HIGHEST / self.SCALE), self.NODES)
        snr = self.SCALE * np.expm1(place[1:])
        if levels.size:
            bits = 2.0 * level_information(levels, level_probs, snr)
        else:
            bits = psk_information(phases, snr)
        self._share = CubicSpline(place, np.append(1.0, bits / gaussian_information(snr, 2)))

    def __call__(self, snr: ArrayLike) -> Floats:
        """Return bits per symbol at signal-to-noise ratios of any shape."""
        ratio = np.minimum(np.asarray(snr, dtype=np.float64), self.HIGHEST)
        bits: Floats = self._share(np.log1p(ratio / self.SCALE)) * gaussian_information(ratio, 2)
        return bits
