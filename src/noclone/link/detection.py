"""From photons to clicks: what two threshold detectors do in one pulse, and what they remember.

`DetectionModel` gives the probabilities of the click patterns of a pulse when the detectors are
ready; `DetectorMemory` defines how dead time and after-pulses couple a pulse to earlier ones.

A pattern is a number from 0 to 3 whose bit d says that detector d clicked: 0 none, 1 only
detector 0, 2 only detector 1, 3 both (a double click). Arrays over patterns have a last axis of
length 4 in this order. Detector d announces bit d.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlog1py

from noclone.link.receivers import ThresholdDetectors

Floats = NDArray[np.float64]
Parameter = float | Floats
"""A number, or an array of them that broadcasts against what it is used with."""


@dataclass(frozen=True)
class DetectionModel:
    """Channel and receiver as one pulse sees them: loss, misalignment, dark counts.

    Each photon is lost or reaches one of the two detectors independently of the others. Where
    Bob measures in the basis sent, it goes to the wrong detector with probability
    `misalignment`; in another basis, to either with probability 1/2. Each detector that no
    photon triggers clicks with probability `dark_count_prob`.

    Parameters
    ----------
    channel_transmittance : float or array
        Probability that a photon survives the channel.
    efficiency : float or array
        Probability that an arriving photon triggers detector 0, receiver optics included.
    dark_count_prob : float or array
        Dark and background counts per detector and gate.
    misalignment : float or array
        Probability that a photon goes to the wrong detector when the bases match.
    proportional_afterpulse_prob : float or array
        After-pulses booked on the pulse that caused them, with a random bit: the click
        probability D of a pulse becomes D (1 + p), at most 1, and half of the addition falls to
        each detector. It is the bookkeeping of Lim et al., PRA 89, 022307 (2014), Sec. IV
        (R_k = D_k (1 + p_ap), error + p_ap D_k / 2); 0 where `DetectorMemory` treats them.
    efficiency_mismatch : float or array
        Efficiency of detector 1 over that of detector 0.

    Notes
    -----
    Parameters may be arrays that broadcast against the arguments of the methods; their ranges
    are those of `ThresholdDetectors` and are checked there.
    """

    channel_transmittance: Parameter
    efficiency: Parameter
    dark_count_prob: Parameter = 0.0
    misalignment: Parameter = 0.0
    proportional_afterpulse_prob: Parameter = 0.0
    efficiency_mismatch: Parameter = 1.0

    @classmethod
    def of(cls, detectors: ThresholdDetectors, channel_transmittance: Parameter) -> Self:
        """Return the model of a receiver behind a channel.

        Examples
        --------
        >>> DetectionModel.of(ThresholdDetectors(efficiency=0.2, misalignment=0.01), 0.1).misalignment
        0.01
        """
        proportional = detectors.afterpulsing == "proportional"
        return cls(
            channel_transmittance,
            detectors.effective_efficiency,
            detectors.dark_count_prob,
            detectors.misalignment,
            detectors.afterpulse_prob if proportional else 0.0,
            detectors.efficiency_mismatch,
        )

    def patterns(
        self, photons: ArrayLike, sent_basis: ArrayLike, sent_bit: ArrayLike, measured_basis: ArrayLike
    ) -> Floats:
        """Return the probability of each click pattern, given the number of photons sent.

        Parameters
        ----------
        photons : array of int, shape (...)
            Photons that enter the channel.
        sent_basis, sent_bit, measured_basis : arrays of int, shapes that broadcast with it
            What is encoded on them and how Bob measures.

        Returns
        -------
        array, shape (..., 4)
            Probabilities of the patterns 0 to 3 when both detectors are ready.

        Examples
        --------
        >>> model = DetectionModel(channel_transmittance=0.5, efficiency=0.2)
        >>> model.patterns([0, 1, 2], 0, 1, 0).round(3).tolist()
        [[1.0, 0.0, 0.0, 0.0], [0.9, 0.0, 0.1, 0.0], [0.81, 0.0, 0.19, 0.0]]
        """
        reach = self._reach(sent_basis, sent_bit, measured_basis)
        return self._patterns(*(-np.expm1(xlog1py(photons, -each)) for each in reach))

    def coherent_patterns(
        self, intensity: ArrayLike, sent_basis: ArrayLike, sent_bit: ArrayLike, measured_basis: ArrayLike
    ) -> Floats:
        """Return the probability of each click pattern for Poissonian photon numbers.

        `patterns` averaged over a Poisson distribution of mean `intensity`: the light at each
        detector is then Poissonian and independent of the other's.

        Examples
        --------
        >>> model = DetectionModel(channel_transmittance=0.5, efficiency=0.2, dark_count_prob=1e-6)
        >>> none, only_0, only_1, both = model.coherent_patterns(0.5, 0, 0, 0)
        >>> bool(np.isclose(1 - none, 1 - (1 - 1e-6) ** 2 * np.exp(-0.05)))
        True
        """
        mean = np.asarray(intensity, float)
        reach = self._reach(sent_basis, sent_bit, measured_basis)
        return self._patterns(*(-np.expm1(-mean * each) for each in reach))

    def _reach(
        self, sent_basis: ArrayLike, sent_bit: ArrayLike, measured_basis: ArrayLike
    ) -> tuple[Floats, Floats, Floats]:
        """Return the probabilities that a photon triggers detector 0, detector 1, either."""
        detected = np.asarray(self.channel_transmittance, float) * self.efficiency
        wrong = np.where(np.equal(sent_basis, measured_basis), self.misalignment, 0.5)
        to_1 = np.where(np.equal(sent_bit, 1), 1 - wrong, wrong)
        weaker = self.efficiency_mismatch
        return detected * (1 - to_1), detected * weaker * to_1, detected * (1 - to_1 * (1 - weaker))

    def _patterns(self, light_0: Floats, light_1: Floats, light: Floats) -> Floats:
        """Add dark counts and booked after-pulses to the light at detector 0, 1 and either."""
        dark = np.asarray(self.dark_count_prob, float)
        silent = 1 - light
        # The differences are of nearly equal numbers where one of the detectors gets all light.
        only_0 = np.maximum(light - light_1, 0)
        only_1 = np.maximum(light - light_0, 0)
        both = np.maximum(light_0 + light_1 - light, 0)
        none = (1 - dark) ** 2 * silent
        booked = np.minimum(self.proportional_afterpulse_prob * (1 - none), none)
        columns = (
            none - booked,
            (1 - dark) * (only_0 + dark * silent) + booked / 2,
            (1 - dark) * (only_1 + dark * silent) + booked / 2,
            both + dark * (only_0 + only_1 + dark * silent),
        )
        return np.stack(np.broadcast_arrays(*columns), axis=-1)


@dataclass(frozen=True)
class DetectorMemory:
    """Dead time and after-pulses of each of two detectors.

    Time is counted in gates, one per pulse. At every gate, and for each detector by itself:

    1. The detector is *triggered* by light or a dark count (the pattern of the pulse, drawn from
       a `DetectionModel` independently of the past), or by the release of its trapped carrier.
    2. A triggered detector *clicks* if it is ready. A trigger in the dead time has no effect, except
       that it makes a paralysable detector dead for the next `dead_pulses` gates.
    3. A click at gate i makes the detector dead for gates i + 1 to i + `dead_pulses` and decides
       anew about its trap: with `afterpulse_prob` a carrier is trapped, otherwise the trap is
       empty, whatever it held before. The carrier is released at gate
       i + `dead_pulses` + 1 + G, where G is the whole part of an exponential variable of mean
       `afterpulse_mean_pulses` (G = 0 for mean 0), unless a click has come in between; what
       prolongs the dead time puts the release off by as much.

    So a detector holds at most one carrier, carriers are released only when it is live,
    after-pulses can cause after-pulses, and light may strike at the gate of a release.

    Parameters
    ----------
    dead_pulses : int or array
        Gates for which a detector is dead after a click.
    afterpulse_prob : float or array
        Probability that a click traps a carrier, below 1.
    afterpulse_mean_pulses : float or array
        Mean release time after the dead time, in gates.
    paralysable : bool
        Whether triggers in the dead time prolong it.
    """

    dead_pulses: int | NDArray[np.int64] = 0
    afterpulse_prob: Parameter = 0.0
    afterpulse_mean_pulses: Parameter = 0.0
    paralysable: bool = False

    @classmethod
    def of(cls, detectors: ThresholdDetectors, clock_rate_hz: Parameter) -> Self:
        """Return the memory of a receiver at a clock rate.

        A detector is dead for the pulses that follow a click within `dead_time_s`, the one at
        its end included. After-pulses that are booked on the pulse leave no memory.

        Examples
        --------
        >>> detectors = ThresholdDetectors(efficiency=0.2, dead_time_s=1e-7, afterpulse_prob=0.02)
        >>> int(DetectorMemory.of(detectors, clock_rate_hz=1e9).dead_pulses)
        100
        """
        clock = np.asarray(clock_rate_hz, float)
        physical = detectors.afterpulsing == "physical"
        # A millionth of a pulse absorbs the rounding of dead time times clock rate.
        return cls(
            np.floor(detectors.dead_time_s * clock + 1e-6).astype(np.int64),
            detectors.afterpulse_prob if physical else 0.0,
            detectors.afterpulse_time_s * clock,
            detectors.dead_time_kind == "paralysable",
        )

    def expected_patterns(self, probs: ArrayLike, patterns: ArrayLike) -> Floats:
        """Return the probability of each click pattern in a long run, memory included.

        Parameters
        ----------
        probs : array, shape (..., J)
            Probability of each setting; sums to 1.
        patterns : array, shape (..., J, 4)
            Pattern probabilities of each setting when both detectors are ready.

        Returns
        -------
        array, shape (..., J, 4)
            Probability that the detectors click in each pattern at a pulse of each setting.

        Notes
        -----
        A detector whose triggers by light are independent with probability p per gate clicks as
        a renewal process: the wait after the dead time is the shorter of two geometric times,
        light and release. Its mean gives the click rate, hence the live share of the gates
        (without after-pulses 1 / (1 + p * dead_pulses), or (1 - p) ** dead_pulses if paralysable,
        the formulas of counters) and the rate of releases. How often each single detector
        clicks, per setting, is therefore exact for a run long against the dead time. The two
        detectors' states are taken as independent, an approximation: it affects the split
        between single and double clicks, and is good while few gates of either are dead or
        released, and exact without memory. Memory parameters may have shape (...).

        Examples
        --------
        >>> probs, patterns = [1.0], [[0.98, 0.01, 0.01, 0.0]]
        >>> DetectorMemory(dead_pulses=100).expected_patterns(probs, patterns).round(6).tolist()
        [[0.99, 0.005, 0.005, 0.0]]
        """
        table = np.asarray(patterns, float)
        trigger_pattern = np.einsum("...j,...jk->...k", np.asarray(probs, float), table)
        seen = table.reshape(*table.shape[:-1], 2, 2)  # axes: detector 1 triggered, detector 0 triggered
        for axis, columns in ((-1, [1, 3]), (-2, [2, 3])):
            live, release = self._live_and_release(trigger_pattern[..., columns].sum(axis=-1))
            live, release = live[..., None, None, None], release[..., None, None, None]
            idle, triggered = np.split(seen, 2, axis=axis)
            clicks = release * idle + live * triggered
            seen = np.concatenate([idle + triggered - clicks, clicks], axis=axis)
        return seen.reshape(*seen.shape[:-2], 4)

    def _live_and_release(self, trigger: Floats) -> tuple[Floats, Floats]:
        """Return the share of live gates and of gates with a release, for a trigger probability."""
        trapped = np.asarray(self.afterpulse_prob, float)
        leave = -np.expm1(-1 / np.maximum(self.afterpulse_mean_pulses, 1e-300))
        either = trigger + leave - trigger * leave
        # Mean waits of the live detector without and with a carrier, and below the mean interval between
        # clicks, times the trigger probability so that 0 is allowed.
        empty, loaded = (1 - trapped) * (1 - trigger), trapped * trigger * (1 - either) / either
        if self.paralysable:
            # The dead time ends after the first run of dead_pulses gates without a trigger, in the mean
            # (1 / quiet - 1) / trigger gates; all is multiplied by quiet, which may vanish.
            quiet = (1 - trigger) ** np.asarray(self.dead_pulses)
            interval = quiet * (trigger + empty + loaded) + (1 - quiet)
            return 1 - (1 - quiet) / interval, trigger * quiet / interval * trapped * leave / either
        interval = trigger * (np.asarray(self.dead_pulses) + 1) + empty + loaded
        click = trigger / interval
        return 1 - self.dead_pulses * click, click * trapped * leave / either
