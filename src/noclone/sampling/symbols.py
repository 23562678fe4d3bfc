"""Symbols of a continuous-variable link: its physics, in shot-noise units and volts.

An attack is another `SymbolModel`. `SymbolModel.reading` is the law of one of Bob's readings behind his
attenuator, and `SymbolModel.estimates` what the parties conclude from a block of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Self

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.sampling.homodyne import BlockStatistics, Parameter, Reading


class Estimates(NamedTuple):
    """What the parties conclude; shape (...) each.

    Attributes
    ----------
    shot_noise_v2 : float or array
    transmittance : float or array
    excess_noise_snu : float or array
        At the receiver's output, where it exists also without a signal: eta T xi.
    """

    shot_noise_v2: Any
    transmittance: Any
    excess_noise_snu: Any


@dataclass(frozen=True, kw_only=True)
class SymbolModel:
    """A link with a Gaussian modulation and a homodyne receiver, as it is in truth.

    Every attribute is a number or an array over blocks, but `trusted`. The defaults are those of Mao et al.:
    30 km at 0.2 dB/km. What the parties take for granted is the model of the untouched link.

    Attributes
    ----------
    modulation_snu : float or array
        Variance of Alice's displacement of a quadrature.
    transmittance, efficiency : float or array
        Of the channel and of the receiver.
    excess_noise_snu : float or array
        At the channel's input. As in security proofs, all of it is Eve's.
    shot_noise_v2, electronic_noise_v2 : float or array
        Variance of the vacuum with the oscillator as it is, and of the electronics, in V^2.
    oscillator_photons : float or array
        Per pulse, as Bob's power meter sees them.
    power_jitter : float or array
        Relative standard deviation of what power meters read from block to block; the shot noise stays.
    limit_v : float or array
        Where the receiver saturates, on either side.
    monitor_ratio, monitor_share : float or array
        Bob attenuates so many of the symbols to this ratio, to see the shot noise; the others not at all.
    reference_photons : float or array
        Of the reference pulses at the receiver where the oscillator is Bob's own; 0 where the oscillator
        travels over the channel.
    phase_noise_rad2 : float or array
        Variance of the phase beyond what the reference pulses' own noise adds.
    clock_rate_hz : float or array
        Symbols per second.
    trusted : bool
        Whether the receiver's loss and electronic noise are out of Eve's reach.
    resent : float or array
        Share of the symbols that Eve measures with heterodyne detection and resends, at two shot-noise units
        of noise at the channel's input.
    displacement_v : float or array
        What Eve's displacement of the resent states adds to readings without attenuation.
    foreign_signal_photons, foreign_oscillator_photons : float or array
        Of light that does not interfere with the oscillator, per symbol, at the receiver's two inputs; Bob's
        attenuator is in front of the first.
    foreign_imbalance : float or array
        How unevenly the receiver's beam splitter divides this light: 1 - 2 t; from the oscillator's input it
        counts with the opposite sign.
    foreign_fluctuation : float or array
        Its relative standard deviation from symbol to symbol.
    foreign_alternates : float or array
        1 where the sign of the imbalance is random from symbol to symbol, 0 where it stays.

    Raises
    ------
    InvalidInput
        If an attribute is not finite (but for `limit_v`) or out of range.

    Notes
    -----
    Y. Mao, W. Huang, H. Zhong et al., New J. Phys. 22, 083073 (2020). A reading at the ratio r has the
    variance N0 (r eta T (V_A + xi) + 1) + v_el.
    """

    modulation_snu: Parameter = 10.0
    transmittance: Parameter = 10**-0.6
    efficiency: Parameter = 0.6
    excess_noise_snu: Parameter = 0.1
    shot_noise_v2: Parameter = 0.4
    electronic_noise_v2: Parameter = 0.004
    oscillator_photons: Parameter = 1e7
    power_jitter: Parameter = 0.01
    limit_v: Parameter = 20 * 0.4**0.5
    monitor_ratio: Parameter = 0.001
    monitor_share: Parameter = 0.1
    reference_photons: Parameter = 0.0
    phase_noise_rad2: Parameter = 0.0
    clock_rate_hz: Parameter = 1e6
    trusted: bool = True
    resent: Parameter = 0.0
    displacement_v: Parameter = 0.0
    foreign_signal_photons: Parameter = 0.0
    foreign_oscillator_photons: Parameter = 0.0
    foreign_imbalance: Parameter = 0.0
    foreign_fluctuation: Parameter = 0.0
    foreign_alternates: Parameter = 0.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = np.asarray(getattr(self, each.name), float)
            low, high = _RANGES.get(each.name, (0.0, np.inf))
            above = value > low if each.name in _POSITIVE else value >= low
            inside = above & (value <= high) & (np.isfinite(value) | (each.name == "limit_v"))
            if not inside.all():
                least = "above" if each.name in _POSITIVE else "at least"
                most = f" and at most {high:g}" if high < np.inf else " and finite"
                raise InvalidInput(
                    each.name, f"must be {least} {low:g}{most}, but is {value[~inside].flat[0]:g}"
                )

    @property
    def gain(self) -> Any:
        """Share of the light at the channel's input that is detected, eta T."""
        return self.efficiency * self.transmittance

    @property
    def electronic_noise_snu(self) -> Any:
        """Electronic noise in units of the shot noise as it is."""
        return self.electronic_noise_v2 / self.shot_noise_v2

    @property
    def noise_at_input_snu(self) -> Any:
        """All noise beyond the vacuum's, at the channel's input: excess noise, and 2 per resent symbol."""
        return self.excess_noise_snu + 2 * self.resent

    @property
    def phase_variance(self) -> Any:
        """Variance of the phase error, in rad^2.

        Reference pulses of n photons, heterodyne-detected, give the phase to (1 + v_el) / (2 n).
        """
        photons = np.asarray(self.reference_photons, float)
        with np.errstate(divide="ignore"):
            own = np.where(photons > 0, (1 + self.electronic_noise_snu) / (2 * photons), 0.0)
        return (self.phase_noise_rad2 + own)[()]

    def phase_noise_snu(self, transmittance: Any) -> Any:
        """Return the variance that the phase error adds to a reading, in shot-noise units at the output.

        `transmittance` is the channel's as the readings' slope shows it, T exp(-V) with the variance V of the
        phase: whoever changes the channel changes this noise with it.

        Examples
        --------
        >>> model = SymbolModel(phase_noise_rad2=0.02)
        >>> round(float(model.phase_noise_snu(model.transmittance * np.exp(-0.02))), 6)
        0.029843
        """
        return self.efficiency * transmittance * self.modulation_snu * np.expm1(self.phase_variance)

    @property
    def volts_per_photoelectron(self) -> Any:
        """What one photoelectron of difference adds to a reading; their variance is the shot noise."""
        return np.sqrt(self.shot_noise_v2 / (self.efficiency * self.oscillator_photons))

    def reading(self, ratio: float) -> Reading:
        """Return the law of a reading behind an attenuator of this ratio.

        Examples
        --------
        >>> reading = SymbolModel(resent=1.0).reading(1.0)
        >>> round(reading.resent_noise_v2, 4)
        0.1206
        """
        through = ratio * self.gain
        volts = self.volts_per_photoelectron
        signal = ratio * self.efficiency * self.foreign_signal_photons
        oscillator = self.efficiency * self.foreign_oscillator_photons
        foreign_v = volts * self.foreign_imbalance * (signal - oscillator)
        return Reading(
            self.modulation_snu,
            np.sqrt(through * self.shot_noise_v2),
            self.phase_variance,
            self.shot_noise_v2 * (through * self.excess_noise_snu + 1)
            + self.electronic_noise_v2
            + volts**2 * (signal + oscillator)
            + (self.foreign_fluctuation * foreign_v) ** 2,
            self.resent,
            self.shot_noise_v2 * through * 2,
            np.sqrt(ratio) * self.displacement_v + (1 - self.foreign_alternates) * foreign_v,
            self.foreign_alternates * foreign_v,
            self.limit_v,
        )

    def estimates(self, seen: BlockStatistics) -> Estimates:
        """Return what parties who take this model for granted conclude from blocks.

        They use the shot noise of this model, as calibrated, except where they estimate it, and take the
        noise of its phase off, at the transmittance that they find.

        Notes
        -----
        N0 = (V(r) - v_el - r eta T xi N0) / (1 + r eta T V_A) at the monitor's ratio r; sqrt(eta T N0) is the
        slope of Bob's readings over Alice's displacements.
        """
        faint = self.monitor_ratio * self.gain
        slope = seen.covariance / seen.sent_variance
        rest = seen.variance - slope * seen.covariance
        others = self.electronic_noise_v2 + faint * self.excess_noise_snu * self.shot_noise_v2
        transmittance = slope**2 / (self.efficiency * self.shot_noise_v2)
        phase_noise = self.phase_noise_snu(transmittance)
        return Estimates(
            (seen.monitor_variance - others) / (1 + faint * self.modulation_snu),
            transmittance,
            (rest - self.electronic_noise_v2) / self.shot_noise_v2 - 1 - phase_noise,
        )

    def expected(self) -> BlockStatistics:
        """Return the statistics of blocks of infinitely many symbols."""
        bright = self.reading(1.0).moments()
        faint = self.reading(self.monitor_ratio).moments()
        return BlockStatistics(
            bright.mean,
            bright.variance,
            bright.covariance,
            np.asarray(self.modulation_snu, float),
            faint.variance,
            faint.fourth / faint.variance**2 - 3,
        )

    def per_block(self, blocks: int) -> Self:
        """Return the model with arrays, shape (blocks,), throughout."""
        arrays = {
            each.name: np.broadcast_to(np.asarray(getattr(self, each.name), float), (blocks,))
            for each in fields(self)
            if each.name != "trusted"
        }
        return type(self)(**arrays, trusted=self.trusted)


_RANGES = {
    "efficiency": (0.0, 1.0),
    "monitor_ratio": (0.0, 1.0),
    "monitor_share": (0.0, 1.0),
    "resent": (0.0, 1.0),
    "foreign_imbalance": (-1.0, 1.0),
    "foreign_alternates": (0.0, 1.0),
    "displacement_v": (-np.inf, np.inf),
}
_POSITIVE = (
    "modulation_snu",
    "efficiency",
    "shot_noise_v2",
    "oscillator_photons",
    "limit_v",
    "clock_rate_hz",
)
