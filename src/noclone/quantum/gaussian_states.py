"""Gaussian states of light as mean vectors and covariance matrices, many at a time.

Convention: hbar = 2, so that the vacuum's variance is 1 (shot-noise units); quadratures ``x = a + a^dagger``
and ``p = -i (a - a^dagger)`` in the order x1, p1, x2, p2, …. A coherent state of amplitude alpha has mean
``(2 Re alpha, 2 Im alpha)``. Source of the formulas, where no other is given: C. Weedbrook et al., Rev. Mod.
Phys. 84, 621 (2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput

Floats = NDArray[np.float64]

PURE = 1e-13
"""Squares closer to 1 than this count as 1 in `fidelity`, where a root would magnify their rounding."""


ROUNDING = 1e-13
"""Symplectic eigenvalues may lie below 1 by this much times the square of the largest variance."""


@dataclass(frozen=True)
class GaussianState:
    """One state, or an array of states, of m modes; made by `vacuum`, `coherent`, `thermal` and so on.

    Attributes
    ----------
    mean : ndarray, shape (..., 2 m)
    covariance : ndarray, shape (..., 2 m, 2 m)
        Symmetric.
    """

    mean: Floats
    covariance: Floats

    @property
    def modes(self) -> int:
        """Number of modes."""
        return int(self.mean.shape[-1] // 2)


def thermal(mean_photons: ArrayLike) -> GaussianState:
    """Return a product of thermal states with these mean photon numbers, shape (..., m).

    Raises
    ------
    InvalidInput
        A mean photon number that is negative or not finite.

    Examples
    --------
    >>> thermal([0.5]).covariance.tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    photons = _checked_photons(mean_photons)
    if photons.ndim == 0:
        raise InvalidInput("mean_photons", "must be an array with one number per mode, but is one number")
    variances = np.repeat(2 * photons + 1, 2, axis=-1)
    return GaussianState(np.zeros_like(variances), variances[..., None] * np.eye(variances.shape[-1]))


def _checked_photons(mean_photons: ArrayLike) -> Floats:
    photons = np.asarray(mean_photons, float)
    if not (np.isfinite(photons) & (photons >= 0)).all():
        raise InvalidInput("mean_photons", "must be finite and at least 0, but are not")
    return photons


def vacuum(modes: int) -> GaussianState:
    """Return the vacuum of some modes."""
    return thermal(np.zeros(modes))


def coherent(amplitudes: ArrayLike) -> GaussianState:
    """Return a product of coherent states with these complex amplitudes, shape (..., m).

    Examples
    --------
    >>> coherent([1 + 0.5j]).mean.tolist()
    [2.0, 1.0]
    """
    alpha = np.asarray(amplitudes, complex)
    state = thermal(np.zeros(alpha.shape))
    return GaussianState(_quadratures(alpha), state.covariance)


def squeezed(strengths: ArrayLike) -> GaussianState:
    """Return a product of squeezed vacua, shape (..., m); real z > 0 has variance ``exp(-2 z)`` in x.

    Examples
    --------
    >>> squeezed([0.5]).covariance.round(4).tolist()
    [[0.3679, 0.0], [0.0, 2.7183]]
    """
    z = np.asarray(strengths, complex)
    state = thermal(np.zeros(z.shape))
    for mode in range(state.modes):
        state = squeeze(state, z[..., mode], mode)
    return state


def two_mode_squeezed(strength: ArrayLike) -> GaussianState:
    """Return two-mode squeezed vacua: variance ``cosh 2r``, covariance ``sinh 2r`` of x, ``-sinh 2r`` of p.

    Parameters
    ----------
    strength : array_like, shape (...)
        r; the mean photon number of either mode is ``sinh(r)**2``.

    Examples
    --------
    >>> two_mode_squeezed(0.5).covariance[0, ::2].round(4).tolist()
    [1.5431, 1.1752]
    """
    r = np.asarray(strength, float)
    return beam_splitter(squeezed(np.stack([r, -r], axis=-1)), -np.pi / 4)


def _quadratures(alpha: NDArray[np.complex128]) -> Floats:
    pairs = np.stack([2 * alpha.real, 2 * alpha.imag], axis=-1)
    return pairs.reshape(*pairs.shape[:-2], -1)


def _rows(*modes: int) -> list[int]:
    return [2 * mode + part for mode in modes for part in (0, 1)]


def transform(state: GaussianState, symplectic: ArrayLike, *modes: int) -> GaussianState:
    """Apply a symplectic matrix to modes: ``mean -> S mean``, ``covariance -> S covariance S^T``.

    Parameters
    ----------
    state : GaussianState
    symplectic : array_like, shape (..., 2 k, 2 k)
        For k modes; leading axes broadcast with those of the state.
    *modes : int
    """
    part = np.asarray(symplectic, float)
    whole = np.broadcast_to(np.eye(2 * state.modes), (*part.shape[:-2], *(2 * state.modes,) * 2)).copy()
    rows = _rows(*modes)
    whole[..., np.array(rows)[:, None], rows] = part
    mean = (whole @ state.mean[..., None])[..., 0]
    return GaussianState(mean, whole @ state.covariance @ np.swapaxes(whole, -1, -2))


def _matrix(rows: Sequence[Sequence[ArrayLike]]) -> Floats:
    entries = np.broadcast_arrays(*(np.asarray(entry, float) for row in rows for entry in row))
    return np.stack(entries, axis=-1).reshape(*entries[0].shape, len(rows), len(rows))


def displace(state: GaussianState, amplitudes: ArrayLike, mode: int = 0) -> GaussianState:
    """Add a complex amplitude, shape (...), to a mode."""
    shift = _quadratures(np.asarray(amplitudes, complex)[..., None])
    mean = np.broadcast_to(state.mean, np.broadcast_shapes(state.mean.shape, (*shift.shape[:-1], 1))).copy()
    mean[..., _rows(mode)] += shift
    return GaussianState(mean, state.covariance)


def rotate(state: GaussianState, angles: ArrayLike, mode: int = 0) -> GaussianState:
    """Shift the phase of a mode: amplitudes turn by ``exp(i angle)``; angles in radians, shape (...)."""
    c, s = np.cos(angles), np.sin(angles)
    return transform(state, _matrix([[c, -s], [s, c]]), mode)


def squeeze(state: GaussianState, strengths: ArrayLike, mode: int = 0) -> GaussianState:
    """Squeeze a mode by complex z, shape (...), as `noclone.quantum.fock.squeeze` does."""
    z = np.asarray(strengths, complex)
    c, s, phi = np.cosh(np.abs(z)), np.sinh(np.abs(z)), np.angle(z)
    along, across = s * np.cos(phi), s * np.sin(phi)
    return transform(state, _matrix([[c - along, -across], [-across, c + along]]), mode)


def beam_splitter(
    state: GaussianState, angles: ArrayLike, phases: ArrayLike = 0.0, modes: tuple[int, int] = (0, 1)
) -> GaussianState:
    """Mix two modes as `noclone.quantum.fock.beam_splitter` does; transmission ``cos(angle)**2``."""
    t, r = np.cos(angles), np.sin(angles)
    c, s = np.cos(phases), np.sin(phases)
    symplectic = [
        [t, 0.0 * t, -r * c, -r * s],
        [0.0 * t, t, r * s, -r * c],
        [r * c, -r * s, t, 0.0 * t],
        [r * s, r * c, 0.0 * t, t],
    ]
    return transform(state, _matrix(symplectic), *modes)


def lose(
    state: GaussianState, transmission: ArrayLike, mode: int = 0, mean_photons: ArrayLike = 0.0
) -> GaussianState:
    """Mix a mode with a thermal environment on a beam splitter that is then forgotten.

    Parameters
    ----------
    state : GaussianState
    transmission : array_like, shape (...)
        Share of the power kept, between 0 and 1.
    mode : int
    mean_photons : array_like, shape (...)
        Of the environment; 0 is pure loss. Excess noise xi at the channel's input is
        ``2 mean_photons (1 - T) / T``.

    Raises
    ------
    InvalidInput
        A transmission out of range, or a mean photon number that is negative or not finite.

    Examples
    --------
    >>> lose(coherent([1.0]), 0.25).mean.tolist()
    [1.0, 0.0]
    """
    kept, photons = np.asarray(transmission, float), _checked_photons(mean_photons)
    if not ((kept >= 0) & (kept <= 1)).all():
        raise InvalidInput("transmission", "must be between 0 and 1")
    root = np.sqrt(kept)
    shrunk = transform(state, _matrix([[root, 0.0], [0.0, root]]), mode)
    added = np.zeros((*np.broadcast_shapes(kept.shape, photons.shape), 2 * state.modes))
    added[..., _rows(mode)] = np.asarray((1 - kept) * (2 * photons + 1))[..., None]
    return GaussianState(shrunk.mean, shrunk.covariance + added[..., None] * np.eye(2 * state.modes))


def _conditioned(
    state: GaussianState, measured: list[int], noise: float, outcome: Floats, mode: int
) -> GaussianState:
    kept = [row for row in range(2 * state.modes) if row not in _rows(mode)]
    across = state.covariance[..., np.array(kept)[:, None], measured]
    seen = state.covariance[..., np.array(measured)[:, None], measured] + noise * np.eye(len(measured))
    gain = np.swapaxes(np.linalg.solve(seen, np.swapaxes(across, -1, -2)), -1, -2)
    surprise = outcome - state.mean[..., measured]
    return GaussianState(
        state.mean[..., kept] + (gain @ surprise[..., None])[..., 0],
        state.covariance[..., np.array(kept)[:, None], kept] - gain @ np.swapaxes(across, -1, -2),
    )


def homodyne(state: GaussianState, outcomes: ArrayLike, mode: int = 0, angle: float = 0.0) -> GaussianState:
    """Return the other modes after ``x cos(angle) + p sin(angle)`` of one mode gave these outcomes.

    Parameters
    ----------
    state : GaussianState
        Of at least two modes.
    outcomes : array_like, shape (...)
        In shot-noise units. Before the measurement they are normal, with the quadrature's mean and variance.
    mode : int
    angle : float
        In radians.

    Examples
    --------
    >>> left = homodyne(two_mode_squeezed(1.0), 0.3)
    >>> bool(np.isclose(left.covariance[0, 0], 1 / np.cosh(2.0)))
    True
    """
    turned = rotate(state, -angle, mode)
    return _conditioned(turned, [2 * mode], 0.0, np.asarray(outcomes, float)[..., None], mode)


def heterodyne(state: GaussianState, outcomes: ArrayLike, mode: int = 0) -> GaussianState:
    """Return the other modes after a projection of one mode on the coherent states of these amplitudes.

    Parameters
    ----------
    state : GaussianState
        Of at least two modes.
    outcomes : array_like of complex, shape (...)
        Amplitudes. Before the measurement ``(2 Re, 2 Im)`` is normal, with the mode's mean and its
        covariance plus 1.
    mode : int
    """
    alpha = _quadratures(np.asarray(outcomes, complex)[..., None])
    return _conditioned(state, _rows(mode), 1.0, alpha, mode)


def _form(modes: int) -> Floats:
    """Return the symplectic form Omega."""
    return np.kron(np.eye(modes), np.array([[0.0, 1.0], [-1.0, 0.0]]))


def symplectic_eigenvalues(state: GaussianState) -> Floats:
    """Return the symplectic eigenvalues in ascending order, shape (..., m); at least 1, and all 1 if pure.

    Raises
    ------
    InvalidInput
        A covariance matrix that no state has: not positive, or below the vacuum's.

    Examples
    --------
    >>> symplectic_eigenvalues(squeezed([0.4, 1.0])).round(12).tolist()
    [1.0, 1.0]
    """
    if not np.isfinite(state.covariance).all():
        raise InvalidInput("covariance", "must be finite, but is not")
    try:
        root = np.linalg.cholesky(state.covariance)
    except np.linalg.LinAlgError:
        raise InvalidInput("covariance", "must be positive") from None
    levels = np.linalg.eigvalsh(1j * np.swapaxes(root, -1, -2) @ _form(state.modes) @ root)
    found = np.asarray(levels[..., state.modes :])
    # The covariance of a strongly squeezed state is known to rounding errors of its largest entries only.
    rounding = ROUNDING * (1 + np.abs(state.covariance).max(axis=(-1, -2), keepdims=True)[..., 0] ** 2)
    if not (found >= 1 - rounding).all():
        raise InvalidInput("covariance", "must be at least that of a vacuum in every mode, but is below it")
    return found


def entropy(state: GaussianState) -> Floats:
    """Return the von Neumann entropy in bits, shape (...).

    Examples
    --------
    >>> round(float(entropy(thermal([1.0]))), 12)
    2.0
    """
    photons = np.maximum(symplectic_eigenvalues(state) - 1, 0) / 2
    safe = np.where(photons > 0, photons, 1.0)
    bits = (photons + 1) * np.log2(photons + 1) - photons * np.log2(safe)
    return np.asarray(bits.sum(axis=-1))


def purity(state: GaussianState) -> Floats:
    """Return ``tr rho**2``, 1 over the product of the symplectic eigenvalues, shape (...)."""
    return np.asarray(1 / symplectic_eigenvalues(state).prod(axis=-1))


def fidelity(first: GaussianState, second: GaussianState) -> Floats:
    """Return the fidelity ``(tr sqrt(sqrt(r) s sqrt(r)))**2`` of states of any number of modes, shape (...).

    Source: L. Banchi, S. L. Braunstein, S. Pirandola, Phys. Rev. Lett. 115, 260501 (2015), the square of
    their root fidelity. Nearly pure states count as pure (see `PURE`): a change below 1e-6.

    Examples
    --------
    >>> bool(np.isclose(fidelity(coherent([0.0]), coherent([1.0])), np.exp(-1.0)))
    True
    """
    form = _form(first.modes)
    total = first.covariance + second.covariance
    inverse = np.linalg.inv(total)
    # Twice their auxiliary covariance times the form, in units in which the vacuum's variance is 1.
    product = form.T @ inverse @ (form + second.covariance @ form @ first.covariance) @ form
    widths = np.sort(np.abs(np.linalg.eigvals(product)), axis=-1)[..., ::2]
    excess = widths**2 - 1
    factor = np.prod(widths + np.sqrt(np.where(excess > PURE, excess, 0)), axis=-1)
    apart = second.mean - first.mean
    distance = np.einsum("...i,...ij,...j->...", apart, inverse, apart)
    return np.asarray(factor * np.exp(-0.5 * distance) / np.sqrt(np.linalg.det(total / 2)))
