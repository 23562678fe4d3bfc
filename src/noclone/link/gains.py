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


class Yields(NamedTuple):
    """Probabilities per pulse that holds exactly 0 or 1 photons, bases matching; shape (...) each."""

    vacuum: Floats
    single: Floats
    single_error: Floats


class Gains(NamedTuple):
    """Probabilities per pulse sent with matching bases.

    Attributes
    ----------
    click : ndarray, shape (K, ...)
        Bob records a bit.
    error : ndarray, shape (K, ...)
        Bob records the wrong bit.
    yields : Yields
        The same for the pulses of 0 and of 1 photon among them: what the detectors remember is set by all
        pulses, so that no class has fewer detections than those of its empty and single-photon pulses.
    """

    click: Floats
    error: Floats
    yields: Yields


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
        Mean photon numbers and the shares of pulses that have them; all axes of the grid follow K, so that
        arrays in the detectors and what follows here align with the last ones.
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
    number = np.full((len(probs), *(1,) * probs.ndim), photons)
    return _exact(detectors, model, lambda bits: model.patterns(number, 0, bits, 0), probs, clock_rate_hz)


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
    room = (1,) * (probs.ndim + 2 - photon_probs.ndim)
    shares = photon_probs.reshape(photon_probs.shape[0], *room, *photon_probs.shape[1:])

    def patterns(bits: NDArray[np.int64]) -> Floats:
        total: Floats = np.zeros(())
        for photons in range(shares.shape[-1]):
            total = total + shares[..., photons, None] * model.patterns(photons, 0, bits, 0)
        return total

    return _exact(detectors, model, patterns, probs, clock_rate_hz)


def _coherent(
    detectors: ThresholdDetectors,
    intensities: Floats,
    probs: Floats,
    transmittance: Floats | float,
    clock_rate_hz: Floats | float,
) -> Gains:
    model = DetectionModel.of(detectors, transmittance)
    light = intensities[:, None]
    return _exact(
        detectors, model, lambda bits: model.coherent_patterns(light, 0, bits, 0), probs, clock_rate_hz
    )


def _exact(
    detectors: ThresholdDetectors,
    model: DetectionModel,
    patterns_of: Callable[[NDArray[np.int64]], Floats],
    probs: Floats,
    clock_rate_hz: Floats | float,
) -> Gains:
    """Turn the patterns of ready detectors into gains, dead time and after-pulses included.

    `patterns_of` gives the patterns (K, B, ..., 4) of every class and bit.
    """
    memory = DetectorMemory.of(detectors, clock_rate_hz)
    remembers = np.any(memory.dead_pulses) or np.any(memory.afterpulse_prob)
    alike = np.all(np.asarray(detectors.efficiency_mismatch) == 1)
    # One bit stands for both where each detector need not be the right one half of the time.
    bits = np.arange(1 if alike and not remembers else 2).reshape(-1, *(1,) * (probs.ndim - 1))
    number = np.arange(2).reshape(2, *(1,) * probs.ndim)
    classes, known = patterns_of(bits), model.patterns(number, 0, bits, 0)
    if remembers:
        classes, known = _remembered(memory, classes, known, probs)
    (click, error), (yields, errors) = _recorded(classes), _recorded(known)
    return Gains(click, error, Yields(yields[0], yields[1], errors[1]))


def _remembered(
    memory: DetectorMemory, classes: Floats, known: Floats, probs: Floats
) -> tuple[Floats, Floats]:
    """Return the patterns (K, 2, ..., 4) of classes, and those of known photon numbers among their pulses.

    The latter are no further pulses: they have no weight in what the detectors remember.
    """
    grid = np.broadcast_shapes(classes.shape[2:-1], known.shape[2:-1])
    table = np.concatenate([np.broadcast_to(part, (*part.shape[:2], *grid, 4)) for part in (classes, known)])
    weights = np.repeat(np.concatenate([probs / 2, np.zeros((len(known), *probs.shape[1:]))]), 2, axis=0)
    settings = table.reshape(-1, *table.shape[2:])
    seen = memory.expected_patterns(np.moveaxis(weights, 0, -1), np.moveaxis(settings, 0, -2))
    seen = np.moveaxis(seen, -2, 0)
    seen = seen.reshape(-1, 2, *seen.shape[1:])
    return seen[: len(classes)], seen[len(classes) :]


def _recorded(patterns: Floats) -> tuple[Floats, Floats]:
    """Apply the double-click rule to patterns (J, B, ..., 4): clicks and errors (J, ...), means over bits."""
    right, wrong, both = patterns[:, 0, ..., 1], patterns[:, 0, ..., 2], patterns[:, 0, ..., 3]
    if patterns.shape[1] == 2:
        right, wrong = (right + patterns[:, 1, ..., 2]) / 2, (wrong + patterns[:, 1, ..., 1]) / 2
        both = (both + patterns[:, 1, ..., 3]) / 2
    return right + wrong + both, wrong + both / 2


def _ma_2005(
    detectors: ThresholdDetectors,
    intensities: Floats,
    probs: Floats,
    transmittance: Floats | float,
    clock_rate_hz: Floats | float,
) -> Gains:
    """Ma, Qi, Zhao and Lo, PRA 72, 012326 (2005), eqs. (7) to (10); detectors without memory."""
    dark, reach = _either_dark(detectors), detectors.effective_efficiency * np.asarray(transmittance, float)

    def gains(arrive: Floats) -> tuple[Floats, Floats]:
        return _capped(2 * dark + arrive, dark + detectors.misalignment * arrive)

    none, one = gains(0 * reach), gains(reach)
    return Gains(*gains(-np.expm1(-reach * intensities)), Yields(none[0], *one))


def _lim_2014(
    detectors: ThresholdDetectors,
    intensities: Floats,
    probs: Floats,
    transmittance: Floats | float,
    clock_rate_hz: Floats | float,
) -> Gains:
    """Lim et al., PRA 89, 022307 (2014), Sec. IV, with the system's transmittance throughout."""
    dark, reach = _either_dark(detectors), detectors.effective_efficiency * np.asarray(transmittance, float)

    def gains(arrive: Floats) -> tuple[Floats, Floats]:
        detect = arrive + 2 * dark * (1 - arrive)
        extra = detectors.afterpulse_prob * detect
        return _capped(detect + extra, dark + detectors.misalignment * arrive + extra / 2)

    none, one = gains(0 * reach), gains(reach)
    return Gains(*gains(-np.expm1(-reach * intensities)), Yields(none[0], *one))


def _either_dark(detectors: ThresholdDetectors) -> Floats:
    """Return p_d such that the papers' 2 p_d, a dark count in either detector, stays a probability."""
    return np.asarray(np.minimum(detectors.dark_count_prob, 0.5))


def _capped(click: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Keep the papers' sums of probabilities at 1 or below where dark counts are many, and the error rate."""
    excess = np.maximum(click, 1.0)
    return click / excess, error / excess


_POISSONIAN: dict[str, Callable[..., Gains]] = {
    "exact": _coherent,
    "ma-2005": _ma_2005,
    "lim-2014": _lim_2014,
}
