"""Key rates of Gaussian states: what Alice and Bob share, and what Eve can know of Bob's outcomes.

Shot-noise units (vacuum variance 1), reverse reconciliation. Two modes are in the standard form
[[a 1, c Z], [c Z, b 1]] with Z = diag(1, -1). A detector's loss and noise enter as one number, its noise
referred to its own input; with trusted detectors (a, b, c) is the state in front of the detector, with
untrusted ones the state behind its loss and noise, all of which is then Eve's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.entropy import thermal_entropy

Floats = NDArray[np.float64]

_LN2 = np.log(2.0)


class Covariance(NamedTuple):
    """Covariance matrix of two modes in standard form; shape (...) each.

    Attributes
    ----------
    alice, bob : ndarray
        Variances a and b of a quadrature.
    product : ndarray
        a b - c^2, the product of the symplectic eigenvalues. It is kept instead of the covariance c
        because it stays near 1 where a b and c^2 are huge.
    """

    alice: Floats
    bob: Floats
    product: Floats


def homodyne_noise(efficiency: ArrayLike, electronic_noise: ArrayLike) -> Floats:
    """Return the noise of a homodyne detector referred to its input: (1 - eta + v) / eta.

    Parameters
    ----------
    efficiency, electronic_noise : array_like, shape (...)
        eta, and the variance v added at the output.

    Notes
    -----
    Lodewyck et al., PRA 76, 042305 (2007).

    Examples
    --------
    >>> float(homodyne_noise(0.5, 0.1))
    1.2
    """
    eta, v = _floats(efficiency, electronic_noise)
    return (1.0 - eta + v) / eta


def heterodyne_noise(efficiency: ArrayLike, electronic_noise: ArrayLike) -> Floats:
    """Return the noise of a heterodyne detector referred to its input: (2 - eta + 2 v) / eta.

    It is that of a homodyne detector behind a balanced beam splitter.

    Parameters
    ----------
    efficiency, electronic_noise : array_like, shape (...)
        eta, and the variance v added at each of the two outputs.

    Notes
    -----
    Fossier et al., J. Phys. B 42, 114014 (2009).

    Examples
    --------
    >>> float(heterodyne_noise(1.0, 0.0))
    1.0
    """
    return homodyne_noise(np.asarray(efficiency, dtype=np.float64) / 2.0, electronic_noise)


def after_channel(variance: ArrayLike, transmittance: ArrayLike, channel_noise: ArrayLike) -> Covariance:
    """Return the state of a two-mode squeezed vacuum of which one mode went through a noisy channel.

    Parameters
    ----------
    variance : array_like, shape (...)
        V, of either mode; V - 1 is the modulation variance of coherent states.
    transmittance : array_like, shape (...)
        T.
    channel_noise : array_like, shape (...)
        Noise beyond the vacuum's at the channel's output: T xi, if xi is the excess noise at its input.

    Returns
    -------
    Covariance
        a = V, b = T (V - 1) + 1 + T xi, c^2 = T (V^2 - 1), a b - c^2 = V (1 - T + T xi) + T.

    Examples
    --------
    >>> round(float(after_channel(5.0, 0.1, 0.1 * 0.01).bob), 12)
    1.401
    """
    v, t, noise = _floats(variance, transmittance, channel_noise)
    return Covariance(v, t * (v - 1.0) + 1.0 + noise, v * (1.0 - t + noise) + t)


def behind_detector(state: Covariance, efficiency: ArrayLike, output_noise: ArrayLike) -> Covariance:
    """Return the state behind a detector's loss and noise, which an untrusted detector leaves to Eve.

    It equals a longer and noisier channel: T becomes eta T and xi becomes xi + v / (eta T).

    Parameters
    ----------
    state : Covariance, shape (...)
        In front of the detector.
    efficiency : array_like, shape (...)
        eta.
    output_noise : array_like, shape (...)
        Noise behind the loss: v of a homodyne detector, 2 v of a heterodyne one.

    Examples
    --------
    >>> longer = behind_detector(after_channel(5.0, 0.5, 0.0), 0.8, 0.1)
    >>> noisier = after_channel(5.0, 0.4, 0.1)
    >>> bool(np.allclose(longer, noisier))
    True
    """
    a, b, product = state
    eta, v = _floats(efficiency, output_noise)
    return Covariance(a, eta * b + 1.0 - eta + v, eta * product + a * (1.0 - eta + v))


def signal_to_noise(
    modulation: ArrayLike,
    signal: ArrayLike,
    transmittance: ArrayLike,
    channel_noise: ArrayLike,
    detector_noise: ArrayLike,
) -> Floats:
    """Return the signal-to-noise ratio of a measured quadrature.

    Parameters
    ----------
    modulation : array_like, shape (...)
        Variance V_A of Alice's displacement.
    signal : array_like, shape (...)
        Variance s of the quadrature before it: 1 for coherent states.
    transmittance, channel_noise : array_like, shape (...)
        T, and the noise T xi at the channel's output.
    detector_noise : array_like, shape (...)
        Of `homodyne_noise` or `heterodyne_noise`.

    Returns
    -------
    ndarray, shape (...)
        T V_A / (T (s - 1) + T xi + 1 + chi_det).

    Examples
    --------
    >>> float(signal_to_noise(4.0, 1.0, 0.5, 0.0, 1.0))
    1.0
    """
    va, s, t, noise, chi = _floats(modulation, signal, transmittance, channel_noise, detector_noise)
    return t * va / (t * (s - 1.0) + noise + 1.0 + chi)


def gaussian_information(snr: ArrayLike, quadratures: ArrayLike = 1) -> Floats:
    """Return the mutual information of Gaussian symbols and noise, log2(1 + snr) / 2 per quadrature.

    Examples
    --------
    >>> float(gaussian_information(3.0)), float(gaussian_information(3.0, 2))
    (1.0, 2.0)
    """
    ratio, count = _floats(snr, quadratures)
    bits: Floats = count * np.log1p(ratio) / (2.0 * _LN2)
    return bits


def holevo_homodyne(state: Covariance, detector_noise: ArrayLike) -> Floats:
    """Return Eve's Holevo information on the outcome of one quadrature of Bob's mode.

    Parameters
    ----------
    state : Covariance, shape (...)
        Which Eve purifies.
    detector_noise : array_like, shape (...)
        Trusted noise of the detector referred to its input; 0 for an ideal one.

    Returns
    -------
    ndarray, shape (...)
        Bits per symbol.

    Notes
    -----
    Lodewyck et al., PRA 76, 042305 (2007), written with a, b and a b - c^2 so that nothing is divided by
    the transmittance.

    Examples
    --------
    >>> state = after_channel(19.5, 0.302, 0.302 * 0.005)
    >>> round(float(holevo_homodyne(state, homodyne_noise(0.606, 0.041))), 8)
    0.90204329
    """
    a, b, product = state
    (chi,) = _floats(detector_noise)
    total = (a - b) ** 2 + 2.0 * product
    trace = (total * chi + a * product + b) / (b + chi)
    determinant = product * (a + product * chi) / (b + chi)
    return _entropy(state) - _entropy_of_roots(trace, determinant)


def holevo_heterodyne(state: Covariance, detector_noise: ArrayLike) -> Floats:
    """Return Eve's Holevo information on the outcomes of both quadratures of Bob's mode.

    Parameters
    ----------
    state : Covariance, shape (...)
        Which Eve purifies.
    detector_noise : array_like, shape (...)
        Trusted noise of the detector referred to its input; 1 for an ideal one.

    Returns
    -------
    ndarray, shape (...)
        Bits per symbol.

    Notes
    -----
    Fossier et al., J. Phys. B 42, 114014 (2009), with the symbols of `Covariance`.

    Examples
    --------
    >>> state = after_channel(5.0, 0.1, 0.1 * 0.01)
    >>> round(float(holevo_heterodyne(state, heterodyne_noise(0.6, 0.1))), 8)
    0.12096922
    """
    a, b, product = state
    (chi,) = _floats(detector_noise)
    total, squared = (a - b) ** 2 + 2.0 * product, a * b - product
    trace = (total * chi * chi + product**2 + 1.0 + 2.0 * chi * (a * product + b) + 2.0 * squared) / (
        b + chi
    ) ** 2
    determinant = ((a + product * chi) / (b + chi)) ** 2
    return _entropy(state) - _entropy_of_roots(trace, determinant)


def _floats(*values: ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.asarray(value, dtype=np.float64) for value in values)


def _entropy(state: Covariance) -> Floats:
    """Return the entropy of both modes."""
    a, b, product = state
    larger = (np.sqrt((a - b) ** 2 + 4.0 * product) + np.abs(a - b)) / 2.0
    return _mode_entropy(larger) + _mode_entropy(product / larger)


def _entropy_of_roots(trace: Floats, determinant: Floats) -> Floats:
    """Return the entropy of modes whose squared eigenvalues have this sum and this product."""
    # The larger root first, and the smaller one from the product: their difference would lose digits.
    larger = (trace + np.sqrt(np.maximum(trace**2 - 4.0 * determinant, 0.0))) / 2.0
    return _mode_entropy(np.sqrt(larger)) + _mode_entropy(np.sqrt(determinant / larger))


def _mode_entropy(eigenvalue: Floats) -> Floats:
    # Rounding may put an eigenvalue of 1 a little below it.
    return thermal_entropy(np.maximum((eigenvalue - 1.0) / 2.0, 0.0))
