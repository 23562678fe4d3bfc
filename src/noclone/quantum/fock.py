"""Modes of light in the basis of photon numbers, cut off at a highest number, many states at a time.

States have shape (B, cutoff, ..., cutoff): one axis of samples, then one axis per mode. Density matrices of
one mode have shape (B, cutoff, cutoff). Quadratures are ``x = a + a^dagger`` (hbar = 2): the vacuum's
variance is 1. Everything is exact where the photon numbers that matter stay below the cutoff; the operations
are unitary on the cut-off space, so a state that does not fit is folded back and not lost.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import comb

from noclone.core.errors import InvalidInput
from noclone.core.numbers import whole

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


def coherent(amplitudes: ArrayLike, cutoff: int) -> Complex:
    """Return coherent states of one mode, cut off and not normalised again.

    Parameters
    ----------
    amplitudes : array_like of complex, shape (B,)
        The mean photon number is ``|amplitude|**2``; 0 is the vacuum.
    cutoff : int
        Number of photon numbers kept: 0 to cutoff - 1.

    Returns
    -------
    ndarray of complex, shape (B, cutoff)

    Examples
    --------
    >>> np.abs(coherent([1.0], 4)).round(4).tolist()
    [[0.6065, 0.6065, 0.4289, 0.2476]]
    """
    cutoff = whole("cutoff", cutoff, 2)
    alpha = np.atleast_1d(np.asarray(amplitudes, complex))
    ratios = alpha[:, None] / np.sqrt(np.arange(1, cutoff))
    vacuum = np.exp(-0.5 * np.abs(alpha) ** 2)[:, None]
    return np.asarray(vacuum * np.cumprod(np.concatenate([np.ones_like(vacuum), ratios], axis=1), axis=1))


@lru_cache(maxsize=32)
def _lowering(cutoff: int) -> Floats:
    """Return the annihilation operator."""
    return np.diag(np.sqrt(np.arange(1.0, cutoff)), 1)


@lru_cache(maxsize=32)
def _displacement_basis(cutoff: int) -> tuple[Floats, Complex]:
    """Return real levels k and a unitary V with ``a^dagger - a = V diag(-i k) V^dagger``."""
    a = _lowering(cutoff)
    return np.linalg.eigh(1j * (a.T - a))


@lru_cache(maxsize=32)
def _squeezing_basis(cutoff: int) -> tuple[Floats, Complex]:
    """Return the same for ``(a a - a^dagger a^dagger) / 2``."""
    a = _lowering(cutoff)
    return np.linalg.eigh(0.5j * (a @ a - a.T @ a.T))


@lru_cache(maxsize=4)
def _splitter_basis(cutoff: int) -> tuple[Floats, Complex]:
    """Return the same for ``a b^dagger - a^dagger b``, on both modes."""
    a = _lowering(cutoff)
    return np.linalg.eigh(1j * (np.kron(a, a.T) - np.kron(a.T, a)))


def _flowed(states: Complex, basis: tuple[Floats, Complex], times: Floats) -> Complex:
    """Return ``exp(time * generator)`` applied to states of shape (B, rest, size), one time per sample."""
    levels, vectors = basis
    inside = states @ vectors.conj() * np.exp(-1j * times[:, None, None] * levels)
    return np.asarray(inside @ vectors.T)


def _front(states: Complex, modes: tuple[int, ...]) -> tuple[Complex, tuple[int, ...]]:
    """Return states of shape (B, rest, cutoff ** len(modes)) and the shape to undo it."""
    places = tuple(1 + mode for mode in modes)
    moved = np.moveaxis(states, places, range(-len(modes), 0))
    size = int(np.prod(moved.shape[states.ndim - len(modes) :]))
    return moved.reshape(len(states), -1, size), moved.shape


def _back(flat: Complex, shape: tuple[int, ...], modes: tuple[int, ...]) -> Complex:
    places = tuple(1 + mode for mode in modes)
    shaped = flat.reshape(len(flat), *shape[1:])
    return np.ascontiguousarray(np.moveaxis(shaped, range(-len(modes), 0), places))


def _per_sample(values: ArrayLike, states: Complex, kind: type = float) -> NDArray:
    return np.broadcast_to(np.asarray(values, kind), (len(states),))


def displace(states: Complex, amplitudes: ArrayLike, mode: int = 0) -> Complex:
    """Apply the displacement ``D(beta) = exp(beta a^dagger - beta* a)``, through its generator's eigenbasis.

    Parameters
    ----------
    states : ndarray, shape (B, cutoff, ..., cutoff)
    amplitudes : array_like of complex, shape (B,) or ()
    mode : int

    Returns
    -------
    ndarray, of the shape of `states`

    Examples
    --------
    >>> moved = displace(coherent([0.3], 20), 0.5)
    >>> bool(np.allclose(moved, coherent([0.8], 20), atol=1e-12))
    True
    """
    beta = _per_sample(amplitudes, states, complex)
    turned = rotate(states, -np.angle(beta), mode)
    flat, shape = _front(turned, (mode,))
    moved = _back(_flowed(flat, _displacement_basis(flat.shape[-1]), np.abs(beta)), shape, (mode,))
    return rotate(moved, np.angle(beta), mode)


def squeeze(states: Complex, strengths: ArrayLike, mode: int = 0) -> Complex:
    """Apply the squeezer ``S(z) = exp((z* a a - z a^dagger a^dagger) / 2)``.

    Real z > 0 makes x narrower by ``exp(-z)`` and p wider by ``exp(z)``.

    Parameters
    ----------
    states : ndarray, shape (B, cutoff, ..., cutoff)
    strengths : array_like of complex, shape (B,) or ()
    mode : int

    Returns
    -------
    ndarray, of the shape of `states`

    Examples
    --------
    >>> _, variance = quadrature(density(squeeze(coherent([0.0], 40), 0.5)))
    >>> bool(np.isclose(variance[0], np.exp(-1.0)))
    True
    """
    z = _per_sample(strengths, states, complex)
    turned = rotate(states, -0.5 * np.angle(z), mode)
    flat, shape = _front(turned, (mode,))
    moved = _back(_flowed(flat, _squeezing_basis(flat.shape[-1]), np.abs(z)), shape, (mode,))
    return rotate(moved, 0.5 * np.angle(z), mode)


def _phased(states: Complex, angles: Floats, powers: Floats, mode: int) -> Complex:
    shape = [len(states)] + [1] * (states.ndim - 1)
    shape[1 + mode] = -1
    return np.asarray(states * np.exp(1j * angles[:, None] * powers).reshape(shape))


def rotate(states: Complex, angles: ArrayLike, mode: int = 0) -> Complex:
    """Apply the phase shift ``exp(i angle n)``: a coherent amplitude turns by ``exp(i angle)``.

    Parameters
    ----------
    states : ndarray, shape (B, cutoff, ..., cutoff)
    angles : array_like, shape (B,) or ()
        In radians.
    mode : int

    Returns
    -------
    ndarray, of the shape of `states`
    """
    n = np.arange(float(states.shape[1 + mode]))
    return _phased(states, _per_sample(angles, states), n, mode)


def kerr(states: Complex, angles: ArrayLike, mode: int = 0) -> Complex:
    """Apply the Kerr interaction ``exp(i angle n**2)``.

    Parameters and returns as in `rotate`. At ``angle = pi/2`` a coherent state becomes a superposition of two
    (B. Yurke, D. Stoler, Phys. Rev. Lett. 57, 13 (1986)).
    """
    n = np.arange(float(states.shape[1 + mode]))
    return _phased(states, _per_sample(angles, states), n**2, mode)


def beam_splitter(
    states: Complex, angles: ArrayLike, phases: ArrayLike = 0.0, modes: tuple[int, int] = (0, 1)
) -> Complex:
    """Apply ``exp(angle (exp(i phase) a b^dagger - exp(-i phase) a^dagger b))`` to two modes.

    Coherent amplitudes (a, b) become ``(a cos - b sin exp(-i phase), b cos + a sin exp(i phase))``; the
    transmission is ``cos(angle)**2``.

    Parameters
    ----------
    states : ndarray, shape (B, cutoff, cutoff, ...)
    angles, phases : array_like, shape (B,) or ()
        In radians.
    modes : tuple of two int

    Returns
    -------
    ndarray, of the shape of `states`
    """
    phi = _per_sample(phases, states)
    turned = rotate(states, phi, modes[0])
    flat, shape = _front(turned, modes)
    basis = _splitter_basis(states.shape[1 + modes[0]])
    moved = _back(_flowed(flat, basis, _per_sample(angles, states)), shape, modes)
    return rotate(moved, -phi, modes[0])


def density(states: Complex, mode: int = 0) -> Complex:
    """Return the density matrix of one mode, the others traced out, shape (B, cutoff, cutoff)."""
    flat, _ = _front(states, (mode,))
    return np.asarray(np.swapaxes(flat, 1, 2) @ flat.conj())


def lose(densities: Complex, transmission: ArrayLike) -> Complex:
    """Return density matrices after the loss channel: each photon is kept with this probability.

    Parameters
    ----------
    densities : ndarray, shape (B, cutoff, cutoff)
    transmission : array_like, shape (B,) or ()
        Between 0 and 1.

    Returns
    -------
    ndarray, shape (B, cutoff, cutoff)

    Raises
    ------
    InvalidInput
        A transmission out of range.

    Examples
    --------
    >>> after = lose(density(coherent([1.0], 25)), 0.25)
    >>> bool(np.allclose(after, density(coherent([0.5], 25))))
    True
    """
    kept = _per_sample(transmission, densities)
    if not ((kept >= 0) & (kept <= 1)).all():
        raise InvalidInput("transmission", "must be between 0 and 1")
    cutoff = densities.shape[-1]
    n = np.arange(cutoff)
    out = np.zeros_like(densities)
    for lost in range(cutoff):
        left = n[: cutoff - lost]
        ways = np.sqrt(comb(left + lost, lost))
        amplitude = ways * kept[:, None] ** (0.5 * left) * (1 - kept[:, None]) ** (0.5 * lost)
        out[:, : cutoff - lost, : cutoff - lost] += (
            amplitude[:, :, None] * amplitude[:, None, :] * densities[:, lost:, lost:]
        )
    return out


def photon_numbers(densities: Complex) -> Floats:
    """Return the probability of each photon number, shape (B, cutoff)."""
    return np.asarray(np.diagonal(densities, axis1=1, axis2=2).real.copy())


def quadrature(densities: Complex, angle: float = 0.0) -> tuple[Floats, Floats]:
    """Return mean and variance of ``x cos(angle) + p sin(angle)``, each of shape (B,); the vacuum has (0, 1).

    Highest photon numbers aside: the operator's square is that of the uncut operator.
    """
    a = _lowering(densities.shape[-1]) * np.exp(-1j * angle)
    n = np.arange(densities.shape[-1])
    mean = 2 * np.einsum("bij,ji->b", densities, a).real
    square = (
        2 * np.einsum("bij,ji->b", densities, a @ a).real + np.einsum("bii,i->b", densities, 2 * n + 1).real
    )
    return np.asarray(mean), np.asarray(square - mean**2)


def _wave_functions(values: Floats, cutoff: int) -> Floats:
    """Return the number states' wave functions at quadrature values, shape (cutoff, values)."""
    waves = np.empty((cutoff, len(values)))
    waves[0] = (2 * np.pi) ** -0.25 * np.exp(-(values**2) / 4)
    waves[1] = values * waves[0]
    for n in range(2, cutoff):
        waves[n] = (values * waves[n - 1] - np.sqrt(n - 1) * waves[n - 2]) / np.sqrt(n)
    return waves


def quadrature_density(densities: Complex, values: ArrayLike, angle: float = 0.0) -> Floats:
    """Return the probability density of homodyne outcomes at `values`, shape (B, values).

    Parameters
    ----------
    densities : ndarray, shape (B, cutoff, cutoff)
    values : array_like, shape (V,)
        In units in which the vacuum's variance is 1.
    angle : float
        Of the measured quadrature ``x cos(angle) + p sin(angle)``.
    """
    cutoff = densities.shape[-1]
    waves = (
        _wave_functions(np.asarray(values, float), cutoff) * np.exp(-1j * angle * np.arange(cutoff))[:, None]
    )
    return np.asarray(np.einsum("iv,bij,jv->bv", waves, densities, waves.conj(), optimize=True).real)


@lru_cache(maxsize=32)
def _positive(cutoff: int) -> Floats:
    """Return the projector on positive x; off its diagonal, Wronskians at 0 of the oscillator's levels."""
    waves = _wave_functions(np.zeros(1), cutoff + 1)[:, 0]
    n = np.arange(cutoff)
    slopes = -np.sqrt(n + 1.0) * waves[1:]  # d psi_n / dx at x = 0
    wronskian = np.outer(waves[:-1], slopes) - np.outer(slopes, waves[:-1])
    gap = n[:, None] - n[None, :]
    return np.where(gap == 0, 0.5, wronskian / np.where(gap == 0, 1, -gap))


def positive_probability(densities: Complex, angle: float = 0.0) -> Floats:
    """Return the probability that homodyne detection of ``x cos(angle) + p sin(angle)`` gives more than 0.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> bool(np.isclose(positive_probability(density(coherent([0.4], 20)))[0], norm.cdf(0.8)))
    True
    """
    cutoff = densities.shape[-1]
    phases = np.exp(-1j * angle * np.arange(cutoff))
    turned = densities * phases[:, None] * phases.conj()
    return np.asarray(np.einsum("bij,ji->b", turned, _positive(cutoff)).real)


def fidelity(first: Complex, second: Complex) -> Floats:
    """Return the fidelity ``(tr sqrt(sqrt(r) s sqrt(r)))**2`` of density matrices, shape (B,).

    Examples
    --------
    >>> zero, one = density(coherent([0.0], 20)), density(coherent([1.0], 20))
    >>> bool(np.isclose(fidelity(zero, one)[0], np.exp(-1.0)))
    True
    """
    levels, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(np.maximum(levels, 0))[:, None, :]
    inside = np.swapaxes(root.conj(), 1, 2) @ second @ root
    return np.asarray(np.sqrt(np.maximum(np.linalg.eigvalsh(inside), 0)).sum(axis=1) ** 2)
