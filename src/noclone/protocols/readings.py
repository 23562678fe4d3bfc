"""What a link's devices read besides clicks: arrival times, and the monitors that watch for foreign light."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from noclone.link.detection import Parameter


@dataclass(frozen=True)
class Readings:
    """Means of what is read over a block; each may be an array over blocks.

    Attributes
    ----------
    arrival_mean_ps, arrival_std_ps : float or array
        Mean and standard deviation of the clicks' arrival times, relative to the middle of the gate.
    arrival_skew : float or array
        Their skewness.
    alice_monitor_nw : float or array
        Light that enters Alice's station, as her monitor diode sees it.
    source_power : float or array
        Power of Alice's outgoing pulses before the last attenuator, 1 being nominal.
    bob_current_ua : float or array
        Mean bias current of Bob's detectors.
    """

    arrival_mean_ps: Parameter = 0.0
    arrival_std_ps: Parameter = 100.0
    arrival_skew: Parameter = 0.0
    alice_monitor_nw: Parameter = 1.0
    source_power: Parameter = 1.0
    bob_current_ua: Parameter = 5.0

    def mixed(self, attacked: Readings, pulses: Parameter, clicks: Parameter) -> Readings:
        """Return the readings of a block part of which is attacked.

        Parameters
        ----------
        attacked : Readings
            Those of attacked pulses.
        pulses, clicks : float or array
            Share of attacked ones among all pulses (for the monitors) and among the clicks (for the times).

        Examples
        --------
        >>> mixed = Readings().mixed(Readings(arrival_mean_ps=400.0), pulses=0.5, clicks=0.5)
        >>> float(mixed.arrival_mean_ps), round(float(mixed.arrival_std_ps), 1)
        (200.0, 223.6)
        """
        share = np.asarray(clicks, float)
        parts = ((1 - share, self), (share, attacked))
        mean = sum(weight * each.arrival_mean_ps for weight, each in parts)
        off = [each.arrival_mean_ps - mean for _, each in parts]
        variance = sum(
            weight * (each.arrival_std_ps**2 + gap**2) for (weight, each), gap in zip(parts, off, strict=True)
        )
        third = sum(
            weight * (each.arrival_skew * each.arrival_std_ps**3 + 3 * gap * each.arrival_std_ps**2 + gap**3)
            for (weight, each), gap in zip(parts, off, strict=True)
        )
        monitors = {
            field.name: (1 - np.asarray(pulses)) * getattr(self, field.name)
            + np.asarray(pulses) * getattr(attacked, field.name)
            for field in fields(self)
            if not field.name.startswith("arrival")
        }
        return Readings(mean, np.sqrt(variance), third / variance**1.5, **monitors)


NAMES = tuple(field.name for field in fields(Readings))
"""The readings in the order of the telemetry's columns."""
