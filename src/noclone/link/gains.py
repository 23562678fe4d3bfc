"""Gains and error gains that a link is expected to show, for whole grids of links.

The field `statistics` of the detectors says by which formulas: exact ones, or the approximations
of a paper whose figures are to be met.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.link.receivers import ThresholdDetectors

Floats = NDArray[np.float64]


class Gains(NamedTuple):
    """Probabilities per pulse sent with matching bases.

    Attributes
    ----------
    click : ndarray, shape (K, ...)
        Bob records a bit.
    error : ndarray, shape (K, ...)
        Bob records the wrong bit.
    """

    click: Floats
    error: Floats


class Yields(NamedTuple):
    """The same for pulses that hold exactly 0 or 1 photons; shape (...) each."""

    vacuum: Floats
    single: Floats
    single_error: Floats


def poissonian(
    detectors: ThresholdDetectors,
    intensities: Floats,
    probs: Floats,
    transmittance: Floats | float,
    clock_rate_hz: Floats | float,
) -> Gains:
    """Return the gains of each intensity of a phase-randomised weak coherent source.

    Parameters
    ----------
    detectors : ThresholdDetectors
        ``statistics`` is ``exact`` (`DetectionModel`, with dead time and after-pulses as in
        `DetectorMemory.expected_patterns`), ``ma-2005`` or ``lim-2014``.
    intensities, probs : ndarray, shape (K, ...)
        Mean photon numbers and the shares of pulses that have them.
    transmittance : array_like, shape (...)
        From Alice to the detectors' input.
    clock_rate_hz : array_like
        Turns the dead time into pulses.

    Returns
    -------
    Gains

    Examples
    --------
    >>> bob = ThresholdDetectors(efficiency=0.1, dark_count_prob=1e-6, misalignment=0.01)
    >>> gains = poissonian(bob, np.array([0.5]), np.array([1.0]), 0.1, 1e9)
    >>> round(float(gains.error[0] / gains.click[0]), 4)
    0.0102
    """
    return _POISSONIAN[detectors.statistics](detectors, intensities, probs, transmittance, clock_rate_hz)


def fixed_photons(
    detectors: ThresholdDetectors,
    photons: int,
    probs: Floats,
    transmittance: Floats | float,
    clock_rate_hz: Floats | float,
) -> Gains:
    """Return the gains of a source that sends the same number of photons in every pulse.

    Parameters
    ----------
    detectors : ThresholdDetectors
        Its exact model is used, whatever `statistics` says: the papers' forms are for coherent light.
    photons : int
        Photons in a pulse.
    probs : ndarray, shape (K, ...)
        Shares of pulses of each class.
    transmittance : array_like, shape (...)
        From Alice to the detectors' input.
    clock_rate_hz : array_like
        Turns the dead time into pulses.

    Examples
    --------
    >>> bob = ThresholdDetectors(efficiency=0.1, misalignment=0.01)
    >>> gains = fixed_photons(bob, 1, np.array([1.0]), 0.1, 1e9)
    >>> round(float(gains.click[0]), 9), round(float(gains.error[0]), 9)
    (0.01, 0.0001)
    """
    model = DetectionModel.of(detectors, transmittance)

    def patterns(bit: NDArray[np.int64] | int) -> Floats:
        shape = probs.shape if np.ndim(bit) == 0 else (probs.shape[0], 1, *probs.shape[1:])
        return model.patterns(np.full(shape, photons), 0, bit, 0)

    return _remembered(detectors, patterns, probs, clock_rate_hz)


def photon_mixture(
    detectors: ThresholdDetectors,
    photon_probs: Floats,
    probs: Floats,
    transmittance: Floats | float,
    clock_rate_hz: Floats | float,
) -> Gains:
    """Return the gains of a source whose pulses hold a random number of photons.

    Parameters
    ----------
    detectors : ThresholdDetectors
        Its exact model is used, whatever `statistics` says.
    photon_probs : ndarray, shape (K, ..., N)
        Probability of 0 to N - 1 photons in each class.
    probs : ndarray, shape (K, ...)
        Shares of pulses of each class.
    transmittance : array_like, shape (...)
        From Alice to the detectors' input.
    clock_rate_hz : array_like
        Turns the dead time into pulses.

    Examples
    --------
    >>> bob = ThresholdDetectors(efficiency=0.1)
    >>> gains = photon_mixture(bob, np.array([[0.5, 0.5]]), np.array([1.0]), 0.1, 1e9)
    >>> round(float(gains.click[0]), 9)
    0.005
    """
    model = DetectionModel.of(detectors, transmittance)

    def patterns(bit: NDArray[np.int64] | int) -> Floats:
        each = photon_probs if np.ndim(bit) == 0 else photon_probs[:, None]
        shape = probs.shape if np.ndim(bit) == 0 else (probs.shape[0], 1, *probs.shape[1:])
        total: Floats = np.zeros(())
        for photons in range(photon_probs.shape[-1]):
            share = each[..., photons, None]
            total = total + share * model.patterns(np.full(shape, photons), 0, bit, 0)
        return total

    return _remembered(detectors, patterns, probs, clock_rate_hz)


def _exact(
    detectors: ThresholdDetectors,
    intensities: Floats,
    probs: Floats,
    transmittance: Floats | float,
    clock_rate_hz: Floats | float,
) -> Gains:
    model = DetectionModel.of(detectors, transmittance)

    def patterns(bit: NDArray[np.int64] | int) -> Floats:
        light = intensities if np.ndim(bit) == 0 else intensities[:, None]
        return model.coherent_patterns(light, 0, bit, 0)

    return _remembered(detectors, patterns, probs, clock_rate_hz)


def _remembered(
    detectors: ThresholdDetectors,
    patterns_of: Callable[[NDArray[np.int64] | int], Floats],
    probs: Floats,
    clock_rate_hz: Floats | float,
) -> Gains:
    """Turn the patterns of ready detectors into gains, dead time and after-pulses included.

    `patterns_of` gives the patterns of every class (K, ..., 4) for bit 0, or (K, 2, ..., 4) for both.
    """
    memory = DetectorMemory.of(detectors, clock_rate_hz)
    remembers = np.any(memory.dead_pulses) or np.any(memory.afterpulse_prob)
    alike = np.all(np.asarray(detectors.efficiency_mismatch) == 1)
    if alike and not remembers:
        return _recorded(patterns_of(0))
    # Both bits, so that each detector is the right one half of the time: axes (K, bit, ...).
    patterns = patterns_of(np.arange(2).reshape(2, *(1,) * (probs.ndim - 1)))
    if not remembers:
        return _recorded_either_bit(patterns[:, 0], patterns[:, 1])
    weights = np.broadcast_to(probs[:, None] / 2, patterns.shape[:-1])
    last = np.moveaxis(patterns.reshape(-1, *patterns.shape[2:]), 0, -2)
    seen = memory.expected_patterns(np.moveaxis(weights.reshape(-1, *weights.shape[2:]), 0, -1), last)
    seen = np.moveaxis(seen, -2, 0).reshape(patterns.shape)
    return _recorded(seen[:, 0]) if alike else _recorded_either_bit(seen[:, 0], seen[:, 1])


def _recorded(patterns: Floats) -> Gains:
    """Apply the double-click rule to the patterns of pulses that carry bit 0; shape (..., 4)."""
    right, wrong, both = patterns[..., 1], patterns[..., 2], patterns[..., 3]
    return Gains(right + wrong + both, wrong + both / 2)


def _recorded_either_bit(zero: Floats, one: Floats) -> Gains:
    """Average over pulses that carry bit 0 and bit 1 where the detectors differ; shapes (..., 4)."""
    first, second = _recorded(zero), _recorded(one[..., [0, 2, 1, 3]])
    return Gains((first.click + second.click) / 2, (first.error + second.error) / 2)


def _ma_2005(
    detectors: ThresholdDetectors,
    intensities: Floats,
    probs: Floats,
    transmittance: Floats | float,
    clock_rate_hz: Floats | float,
) -> Gains:
    """Ma, Qi, Zhao and Lo, PRA 72, 012326 (2005), eqs. (8) and (10); detectors without memory."""
    arrive = -np.expm1(-detectors.effective_efficiency * transmittance * intensities)
    dark = np.asarray(detectors.dark_count_prob)
    return Gains(2 * dark + arrive, dark + detectors.misalignment * arrive)


def _lim_2014(
    detectors: ThresholdDetectors,
    intensities: Floats,
    probs: Floats,
    transmittance: Floats | float,
    clock_rate_hz: Floats | float,
) -> Gains:
    """Lim et al., PRA 89, 022307 (2014), Sec. IV, with the system's transmittance throughout."""
    light = detectors.effective_efficiency * transmittance * intensities
    dark = np.asarray(detectors.dark_count_prob)
    detect = 1 - (1 - 2 * dark) * np.exp(-light)
    extra = detectors.afterpulse_prob * detect
    return Gains(detect + extra, dark + detectors.misalignment * -np.expm1(-light) + extra / 2)


_POISSONIAN: dict[str, Callable[..., Gains]] = {"exact": _exact, "ma-2005": _ma_2005, "lim-2014": _lim_2014}


def single_photon(detectors: ThresholdDetectors, transmittance: Floats | float) -> Yields:
    """Return the yields of empty pulses and of pulses with one photon, detector memory aside.

    Parameters
    ----------
    detectors : ThresholdDetectors
        ``ma-2005`` takes Y1 = Y0 + eta and e1 Y1 = Y0/2 + e_d eta, ``lim-2014`` the photon-number
        forms of its detection model.
    transmittance : array_like, shape (...)
        From Alice to the detectors' input.

    Examples
    --------
    >>> bob = ThresholdDetectors(efficiency=0.1, misalignment=0.01)
    >>> yields = single_photon(bob, 0.1)
    >>> round(float(yields.single), 9), float(yields.vacuum)
    (0.01, 0.0)
    """
    arrive = detectors.effective_efficiency * np.asarray(transmittance, float)
    dark = detectors.dark_count_prob + np.zeros_like(arrive)
    wrong = detectors.misalignment * arrive
    if detectors.statistics == "ma-2005":
        return Yields(2 * dark, 2 * dark + arrive, dark + wrong)
    if detectors.statistics == "lim-2014":
        extra = detectors.afterpulse_prob
        single = 1 - (1 - 2 * dark) * (1 - arrive)
        return Yields(2 * dark * (1 + extra), single * (1 + extra), dark + wrong + extra * single / 2)
    model = DetectionModel.of(detectors, transmittance)
    none = _recorded(model.patterns(0, 0, 0, 0) + np.zeros((*arrive.shape, 1)))
    if np.all(np.asarray(detectors.efficiency_mismatch) == 1):
        one = _recorded(model.patterns(1, 0, 0, 0))
    else:
        one = _recorded_either_bit(model.patterns(1, 0, 0, 0), model.patterns(1, 0, 1, 0))
    return Yields(none.click, one.click, one.error)
