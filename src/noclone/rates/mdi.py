"""Measurement-device-independent QKD: what a relay announces when two phase-randomised pulses meet in it.

Each party encodes a bit in two modes (time bins or polarisations); the relay interferes the pulses mode by
mode at a beam splitter and announces a Bell state where exactly one detector clicks in each of the two modes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit, vectorize
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Announced(NamedTuple):
    """Probabilities per pair of pulses, or of single photons; shape (...) each.

    Attributes
    ----------
    click : ndarray
        Either Bell state is announced.
    error : ndarray
        It is, and the sifted bits differ.
    """

    click: Floats
    error: Floats


def rectilinear_gains(
    light_a: ArrayLike, light_b: ArrayLike, dark_count_prob: ArrayLike, misalignment: ArrayLike
) -> Announced:
    """Return the gains of the key basis, in which a bit is the choice of one of the two modes.

    Parameters
    ----------
    light_a, light_b : array_like, shape (...)
        Mean photon numbers of the pulses, arm and detection efficiency included.
    dark_count_prob : array_like, shape (...)
        Per detector and mode.
    misalignment : array_like, shape (...)
        Probability that one of the two pulses arrives in the state orthogonal to the one sent.

    Returns
    -------
    Announced
        A sum of positive terms: no digits are lost, however little light arrives.

    Notes
    -----
    X. Ma, M. Razavi, PRA 86, 062319 (2012), eqs. (51)-(54). Unequal bits light one mode each, so that the
    two clicks have nothing to do with each other; equal bits leave one mode to dark counts.

    Examples
    --------
    >>> gains = rectilinear_gains(0.01, 0.01, 0.0, 0.015)
    >>> round(float(gains.click), 9), round(float(gains.error / gains.click), 6)
    (4.9256e-05, 0.015)
    """
    return _over_grid(_rectilinear, light_a, light_b, dark_count_prob, misalignment)


def diagonal_gains(
    light_a: ArrayLike, light_b: ArrayLike, dark_count_prob: ArrayLike, misalignment: ArrayLike
) -> Announced:
    """Return the gains of the test basis, in which a bit is the relative phase of the two modes.

    Parameters
    ----------
    light_a, light_b, dark_count_prob, misalignment : array_like, shape (...)
        As in `rectilinear_gains`.

    Returns
    -------
    Announced
        Where little light arrives from both sides the error rate tends to 1/4 + misalignment / 2.

    Notes
    -----
    Ma and Razavi (2012), eqs. (35) and (39), with the Bessel functions regrouped into positive terms.

    Examples
    --------
    >>> gains = diagonal_gains(1e-6, 1e-6, 0.0, 0.0)
    >>> round(float(gains.error / gains.click), 6)
    0.25
    """
    return _over_grid(_diagonal, light_a, light_b, dark_count_prob, misalignment)


def single_photon_pairs(
    efficiency_a: ArrayLike, efficiency_b: ArrayLike, dark_count_prob: ArrayLike, misalignment: ArrayLike
) -> Announced:
    """Return the yield of pairs of single photons, one from each party, in either basis, and its errors.

    Parameters
    ----------
    efficiency_a, efficiency_b : array_like, shape (...)
        Probability that a photon of the party would be detected, arm and detection efficiency included.
    dark_count_prob, misalignment : array_like, shape (...)
        As in `rectilinear_gains`.

    Returns
    -------
    Announced
        Y11 and e11 Y11, where e11 is the error rate of the diagonal basis.

    Notes
    -----
    Ma and Razavi (2012), eqs. (21) and (23). Photons in different modes click independently of each other;
    in the same mode they leave together, and a dark count completes the pattern.

    Examples
    --------
    >>> pairs = single_photon_pairs(0.1, 0.1, 0.0, 0.015)
    >>> round(float(pairs.click), 9), round(float(pairs.error), 9)
    (0.005, 7.5e-05)
    """
    a, b = np.asarray(efficiency_a, float), np.asarray(efficiency_b, float)
    dark, wrong = np.asarray(dark_count_prob, float), np.asarray(misalignment, float)
    light = 0.5 * a * b
    noise = dark * (2.0 * (a + b) - 3.0 * a * b + 4.0 * (1.0 - a) * (1.0 - b) * dark)
    live = (1.0 - dark) ** 2
    return Announced(live * (light + noise), live * (wrong * light + 0.5 * noise))


@njit(cache=True)
def _bessel_sums(square):  # type: ignore[no-untyped-def]
    """Return I0(x) - 1, I0(2x) - 1 and I0(2x) - 4 I0(x) + 3 from x^2, each as a series of positive terms."""
    near = far = four_fold = 0.0
    term, quarter, k = 1.0, 1.0, 1.0
    while True:
        term *= square / (k * k)
        quarter *= 0.25
        near += term * quarter
        far += term
        four_fold += term * (1.0 - 4.0 * quarter)
        if term <= 1e-17 * far:
            return near, far, four_fold
        k += 1.0


@vectorize(cache=True)  # type: ignore[no-untyped-call]
def one_click(light_a, light_b, dark):  # type: ignore[no-untyped-def]
    """Return `random_phase_click` for scalars, compiled."""
    half = 0.5 * (light_a + light_b)
    _, far, _ = _bessel_sums(0.25 * light_a * light_b)
    return 2.0 * (1.0 - dark) * np.exp(-half) * (far + dark - (1.0 - dark) * np.expm1(-half))


def _over_grid(kernel: Callable[..., tuple[Floats, Floats]], *values: ArrayLike) -> Announced:
    """Return what a kernel makes of values that broadcast, in their common shape.

    One pass over the grid: with many pairs of intensities each array between costs as much as its numbers.
    Not by guvectorize, whose cached wrapper two processes that compile at the same time can spoil.
    """
    grid = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
    click, error = kernel(*(value.ravel() for value in grid))
    shape = grid[0].shape
    return Announced(click.reshape(shape)[()], error.reshape(shape)[()])


@njit(cache=True)
def _rectilinear(light_a, light_b, darks, wrongs):  # type: ignore[no-untyped-def]
    click, error = np.empty(light_a.size), np.empty(light_a.size)
    for i in range(light_a.size):
        a, b, dark, wrong = light_a[i], light_b[i], darks[i], wrongs[i]
        live = 1.0 - dark
        lost_a, lost_b = np.expm1(-0.5 * a), np.expm1(-0.5 * b)
        silent = 2.0 * live**2 * np.exp(-0.5 * (a + b))
        _, far, _ = _bessel_sums(0.25 * a * b)
        unequal = silent * (dark - live * lost_a) * (dark - live * lost_b)
        equal = silent * dark * (far + dark - live * (lost_a + lost_b + lost_a * lost_b))
        click[i] = unequal + equal
        error[i] = wrong * unequal + (1.0 - wrong) * equal
    return click, error


@njit(cache=True)
def _diagonal(light_a, light_b, darks, wrongs):  # type: ignore[no-untyped-def]
    click, error = np.empty(light_a.size), np.empty(light_a.size)
    for i in range(light_a.size):
        a, b, dark, wrong = light_a[i], light_b[i], darks[i], wrongs[i]
        lost = np.expm1(-0.25 * (a + b))
        silent, busy = (1.0 - dark) * (1.0 + lost), dark - (1.0 - dark) * lost
        near, far, four_fold = _bessel_sums(0.25 * a * b)
        click[i] = 2.0 * silent**2 * (2.0 * busy**2 + 4.0 * busy * near + four_fold)
        error[i] = 2.0 * silent**2 * (busy**2 - 2.0 * silent * near + wrong * far)
    return click, error
