"""Homodyne detection whose outcome is kept as the sign of the measured quadrature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, ndtr

from noclone.proofs.library.fock import behind_loss, rotation

Array = NDArray[np.complex128]


def half_line_operator(size: int, threshold: float = 0.0) -> Array:
    r"""Return the projector onto quadratures q above a threshold, on fewer than `size` photons.

    With the wave functions psi_n of photon numbers, whose equation gives, for n != m,

    .. math:: \int_t^\infty \psi_n \psi_m\, dx = \frac{\psi_n' \psi_m - \psi_n \psi_m'}{2 (n - m)}\Big|_t

    the diagonal follows from integrating the derivative of psi_n psi_(n-1).

    Parameters
    ----------
    size : int
    threshold : float
        In shot-noise units: the vacuum's standard deviation is 1.

    Notes
    -----
    Liu et al., PRX Quantum 2, 040334 (2021), interval operators.

    Examples
    --------
    >>> half_line_operator(2).real.round(6).tolist()
    [[0.5, 0.398942], [0.398942, 0.5]]
    """
    x = threshold / np.sqrt(2)
    rows = size + 1  # the recursion of the diagonal needs one row more
    psi = np.zeros(rows + 1)
    psi[0] = np.pi**-0.25 * np.exp(-(x**2) / 2)
    psi[1] = np.sqrt(2) * x * psi[0]
    for n in range(1, rows):
        psi[n + 1] = (np.sqrt(2) * x * psi[n] - np.sqrt(n) * psi[n - 1]) / np.sqrt(n + 1)
    up = np.sqrt(np.arange(rows + 1) / 2)
    slope = up[:rows] * np.roll(psi, 1)[:rows] - up[1:] * psi[1:]
    psi = psi[:rows]
    gap = 2.0 * (np.arange(rows)[:, None] - np.arange(rows))
    np.fill_diagonal(gap, 1.0)
    found = (np.outer(slope, psi) - np.outer(psi, slope)) / gap
    found[0, 0] = erfc(x) / 2
    for n in range(1, size):
        step = psi[n] * psi[n - 1] - up[n + 1] * found[n + 1, n - 1]
        if n > 1:
            step += up[n - 1] * found[n, n - 2]
        found[n, n] = found[n - 1, n - 1] + step / up[n]
    return found[:size, :size].astype(complex)


def sign_operators(size: int, transmittance: float = 1.0, threshold: float = 0.0) -> dict[str, Array]:
    """Return the elements of measuring q and of measuring p, by the sign of the outcome.

    Parameters
    ----------
    size : int
    transmittance : float
        Of a loss before an ideal detector; see `heterodyne.sector_operators`.
    threshold : float
        Outcomes of at most this absolute value, in shot-noise units, are in neither of "q+" and "q-" (nor
        of "p+" and "p-"), which together are then less than the identity.

    Examples
    --------
    >>> signs = sign_operators(4)
    >>> np.allclose(signs["p+"] + signs["p-"], np.eye(4))
    True
    """
    right = half_line_operator(size, threshold)
    turned = {"q+": 0, "p+": 1, "q-": 2, "p-": 3}
    found = {}
    for name, quarter in turned.items():
        turn = rotation(size, np.pi / 2 * quarter)
        found[name] = behind_loss(turn @ right @ turn.conj().T, transmittance)
    return found


def sign_probs(point: complex, photons: float, threshold: float = 0.0) -> dict[str, float]:
    """Return how often a displaced thermal state gives each sign, if q is measured and if p is.

    Parameters
    ----------
    point : complex
        Amplitude of the displacement.
    photons : float
        Mean photon number of the thermal state.
    threshold : float
        See `sign_operators`.

    Examples
    --------
    >>> probs = sign_probs(0.3 + 0.3j, 0.0)
    >>> bool(probs["q+"] == probs["p+"] > 0.5)
    True
    """
    spread = np.sqrt(1 + 2 * photons)
    means = {"q": 2 * point.real, "p": 2 * point.imag}
    return {
        name + sign: float(ndtr((way * mean - threshold) / spread))
        for name, mean in means.items()
        for sign, way in (("+", 1), ("-", -1))
    }
