"""Twin-field key distribution with coherent key pulses and phase-randomised test pulses.

The key comes from coherent states of equal or opposite phase; what Eve may know of it follows from how
often photon-number states would have been announced, the Fock yields (protocol 3 of Curty, Azuma, Lo 2019).
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MOST_PHOTONS = 96
"""Enough for pulses of 10 photons on average, the brightest that a source may send."""
NEGLIGIBLE = 1e-17
"""Amplitudes of photon numbers that are smaller than this are dropped."""


def fock_yields(
    photons: int,
    transmittance_a: ArrayLike,
    transmittance_b: ArrayLike,
    dark_count_prob: ArrayLike,
    overlap: ArrayLike = 1.0,
) -> Floats:
    """Return the probability that only one given detector clicks when n and m photons are sent.

    Parameters
    ----------
    photons : int
        Largest n and m.
    transmittance_a, transmittance_b : array_like, shape (...)
        Of the two arms, detection efficiency included.
    dark_count_prob : array_like, shape (...)
        Per detector and gate.
    overlap : array_like, shape (...)
        Cosine of the angle between the polarisations of the two pulses.

    Returns
    -------
    ndarray, shape (photons + 1, photons + 1, ...)
        Y_nm of one detector; the other has the same.

    Notes
    -----
    (1 - p) {sum_s C(n,s) C(m,s) (a b overlap^2 / 4)^s (1 - a/2)^(n-s) (1 - b/2)^(m-s)
    - (1 - p) (1 - a)^n (1 - b)^m} for arms a and b: the coefficients of the phase-averaged gain of two
    coherent states in their mean photon numbers. It is summed here without any difference, so that no
    digits are lost at high loss.

    Examples
    --------
    >>> round(float(fock_yields(2, 0.3, 0.3, 1e-6)[2, 2]), 12)
    0.347437392662
    """
    grids = np.broadcast_arrays(transmittance_a, transmittance_b, dark_count_prob, overlap)
    flat = [np.ascontiguousarray(grid, float).reshape(-1) for grid in grids]
    table = np.zeros((photons + 1, photons + 1, flat[0].size))
    for point in range(flat[0].size):
        _add_yields(table[:, :, point], 1.0, *(float(values[point]) for values in flat))
    return table.reshape(photons + 1, photons + 1, *grids[0].shape)


def phase_error(
    intensity_a: ArrayLike,
    intensity_b: ArrayLike,
    one_click: ArrayLike,
    shares: ArrayLike,
    transmittance_a: ArrayLike,
    transmittance_b: ArrayLike,
    dark_count_prob: ArrayLike,
    overlap: ArrayLike = 1.0,
) -> Floats:
    """Return the bound on the phase-error rate of the key rounds when all Fock yields are known.

    Parameters
    ----------
    intensity_a, intensity_b : array_like, shape (...)
        Mean photon numbers of the key pulses.
    one_click : array_like, shape (...)
        Probability that only one given detector clicks in a key round.
    shares : array_like, shape (S,)
        Of the rounds in which the arms stand still; they sum to 1.
    transmittance_a, transmittance_b : array_like, shape (S, ...)
        Of the arms during each share, detection efficiency included.
    dark_count_prob, overlap : array_like, shape (...)
        As in `fock_yields`.

    Returns
    -------
    ndarray, shape (...)
        At most 1/2: (1/p) sum_j [sum_(n,m both even or both odd) c_n c_m sqrt(Y_nm)]^2.

    Notes
    -----
    Curty, Azuma, Lo, npj Quantum Inf. 5, 64 (2019), protocol 3; unequal intensities as in Grasselli,
    Navarrete, Curty, New J. Phys. 21, 113032 (2019).

    Examples
    --------
    >>> click = 5.2373962e-3
    >>> round(float(phase_error(0.05265, 0.05265, click, [1.0], [0.1], [0.1], 1e-7)), 4)
    0.1497
    """
    weights = np.asarray(shares, float)
    arms = [
        np.broadcast_to(np.asarray(arm, float), weights.shape + np.shape(arm)[1:])
        for arm in (transmittance_a, transmittance_b)
    ]
    given = (intensity_a, intensity_b, one_click, dark_count_prob, overlap)
    shape = np.broadcast_shapes(*(np.shape(value) for value in given), *(arm.shape[1:] for arm in arms))
    # Copies, as compiled code tells arrays apart by whether they may be written.
    mu_a, mu_b, click, dark, cosine = (
        np.array(np.broadcast_to(np.asarray(value, float), shape)).reshape(-1) for value in given
    )
    eta_a, eta_b = (_over_grid(arm, shape) for arm in arms)
    errors = np.empty(mu_a.size)
    _phase_errors(mu_a, mu_b, click, weights, eta_a, eta_b, dark, cosine, errors)
    return errors.reshape(shape)


def amplitude_sums(intensity_a: float, intensity_b: float, yields: Floats) -> float:
    """Return sum_j [sum_(n,m both even or both odd) c_n c_m sqrt(Y_nm)]^2 for one table of yields.

    Parameters
    ----------
    intensity_a, intensity_b : float
        Mean photon numbers of the key pulses.
    yields : ndarray, shape (N, N)
        Of one detector, or upper bounds on them; those beyond the table are taken as 1.

    Returns
    -------
    float
        Divided by the probability of that detector's click it is the bound on the phase-error rate.

    Examples
    --------
    >>> round(amplitude_sums(0.05265, 0.05265, fock_yields(12, 0.1, 0.1, 1e-7)) / 5.2373962e-3, 4)
    0.1497
    """
    return float(_amplitude_sums(intensity_a, intensity_b, np.ascontiguousarray(yields)))


def _over_grid(arms: Floats, shape: tuple[int, ...]) -> Floats:
    """Bring arms (S, ...) to (S, G), where G is the size of the grid."""
    aligned = arms.reshape(arms.shape[:1] + (1,) * (len(shape) + 1 - arms.ndim) + arms.shape[1:])
    return np.array(np.broadcast_to(aligned, arms.shape[:1] + shape)).reshape(len(arms), -1)


@njit(cache=True, nogil=True)
def _add_yields(table, share, eta_a, eta_b, dark, overlap):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Add share times the Fock yields to a table (N, N)."""
    size = table.shape[0]
    live, past_a, past_b = 1.0 - dark, 1.0 - 0.5 * eta_a, 1.0 - 0.5 * eta_b
    # A photon that misses the one detector is seen by the other with this probability.
    seen_a, seen_b = 0.5 * eta_a / past_a, 0.5 * eta_b / past_b
    bunched = 0.25 * eta_a * eta_b * overlap * overlap / (past_a * past_b)
    power_a, other_a = 1.0, dark
    for n in range(size):
        power, other = power_a, other_a
        for m in range(size):
            term, pairs = 1.0, 0.0
            for s in range(1, min(n, m) + 1):
                term *= (n - s + 1) * (m - s + 1) * bunched / (s * s)
                pairs += term
            table[n, m] += share * live * power * (other + pairs)
            power *= past_b
            other += seen_b * (1.0 - other)
        power_a *= past_a
        other_a += seen_a * (1.0 - other_a)


@njit(cache=True, nogil=True)
def _amplitudes(intensity, c):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fill c with the amplitudes of a coherent state and return how many are not negligible."""
    c[0] = np.exp(-0.5 * intensity)
    root = np.sqrt(intensity)
    for n in range(1, c.size):
        c[n] = c[n - 1] * root / np.sqrt(n)
        if c[n] < NEGLIGIBLE and n > intensity:
            return n
    return c.size


@njit(cache=True, nogil=True)
def _amplitude_sums(mu_a, mu_b, table):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Sum over both parities; yields beyond the table count as 1."""
    c_a, c_b = np.empty(MOST_PHOTONS), np.empty(MOST_PHOTONS)
    many_a, many_b = _amplitudes(mu_a, c_a), _amplitudes(mu_b, c_b)
    total = 0.0
    for parity in range(2):
        amplitude = 0.0
        for n in range(parity, many_a, 2):
            for m in range(parity, many_b, 2):
                known = n < table.shape[0] and m < table.shape[1]
                amplitude += c_a[n] * c_b[m] * (np.sqrt(table[n, m]) if known else 1.0)
        total += amplitude * amplitude
    return total


@njit(cache=True, nogil=True)
def _phase_errors(mu_a, mu_b, click, shares, eta_a, eta_b, dark, overlap, errors):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fill errors (G,) from intensities and click probabilities (G,) and arms (S, G)."""
    scratch = np.empty((MOST_PHOTONS, MOST_PHOTONS))
    c = np.empty(MOST_PHOTONS)
    for g in range(errors.size):
        size = max(_amplitudes(mu_a[g], c), _amplitudes(mu_b[g], c))
        table = scratch[:size, :size]
        table[:] = 0.0
        for s in range(shares.size):
            _add_yields(table, shares[s], eta_a[s, g], eta_b[s, g], dark[g], overlap[g])
        errors[g] = min(0.5, _amplitude_sums(mu_a[g], mu_b[g], table) / click[g]) if click[g] > 0 else 0.5
