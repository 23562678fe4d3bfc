"""Drift: what changes slowly on a link where nobody attacks, so that normal is not a constant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from noclone.core.fields import Described, number

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Weather:
    """What drifted how far, one entry per block.

    Attributes
    ----------
    transmittance, oscillator, efficiency : array, shape (blocks,)
        Factors on the channel's transmittance, the local oscillator's power, the detectors' efficiency.
    misalignment : array, shape (blocks,)
        Factor on the share of photons that go to the wrong detector.
    delay_ps : array, shape (blocks,)
        Shift of the arrival times.
    """

    transmittance: Floats
    oscillator: Floats
    efficiency: Floats
    misalignment: Floats
    delay_ps: Floats


@dataclass(frozen=True, kw_only=True)
class Drift(Described):
    """How strongly a link drifts: a random walk that is pulled back, and the course of the day.

    Each quantity follows an Ornstein-Uhlenbeck process of standard deviation given here and correlation time
    `correlation_s`, stationary from the first block on; transmittance and delay also follow the temperature
    of the day with the amplitudes given.

    Examples
    --------
    >>> weather = Drift(transmittance_db=0.1).weather(np.arange(4) * 60.0, np.random.default_rng(1))
    >>> weather.transmittance.round(3).tolist(), weather.oscillator.tolist()
    ([0.992, 0.989, 0.988, 0.993], [1.0, 1.0, 1.0, 1.0])
    """

    transmittance_db: float = number("standard deviation of the loss", 0.0, unit="dB", low=0, high=20)
    oscillator_share: float = number(
        "relative standard deviation of the local oscillator's power", 0.0, low=0, high=0.3
    )
    efficiency_share: float = number(
        "relative standard deviation of the efficiency, with the detectors' temperature", 0.0, low=0, high=0.3
    )
    misalignment_share: float = number(
        "relative standard deviation of the misalignment", 0.0, low=0, high=0.3
    )
    delay_ps: float = number("standard deviation of the arrival time", 0.0, unit="ps", low=0, high=1e4)
    daily_loss_db: float = number("amplitude of the loss over a day", 0.0, unit="dB", low=0, high=20)
    daily_delay_ps: float = number("amplitude of the delay over a day", 0.0, unit="ps", low=0, high=1e5)
    correlation_s: float = number("correlation time", 3600.0, unit="s", low=0, low_open=True, high=1e7)

    def weather(self, times_s: Floats, rng: np.random.Generator) -> Weather:
        """Return what drifts how far at equally spaced times, shape (blocks,)."""
        blocks = len(times_s)
        step = float(times_s[1] - times_s[0]) if blocks > 1 else 1.0
        kept = float(np.exp(-step / self.correlation_s))
        noise = rng.standard_normal((5, blocks))
        noise[:, 1:] *= np.sqrt(1 - kept**2)
        walks = lfilter([1.0], [1.0, -kept], noise, axis=1)
        day = np.sin(2 * np.pi * (times_s / 86400.0 + rng.random()))
        loss_db = self.transmittance_db * walks[0] + self.daily_loss_db * day
        return Weather(
            transmittance=10 ** (-loss_db / 10),
            oscillator=np.maximum(1 + self.oscillator_share * walks[1], 1e-3),
            efficiency=np.maximum(1 + self.efficiency_share * walks[2], 1e-3),
            misalignment=np.maximum(1 + self.misalignment_share * walks[3], 0.0),
            delay_ps=self.delay_ps * walks[4] + self.daily_delay_ps * day,
        )


STEADY = Drift()
"""No drift at all."""
FIELD = Drift(
    transmittance_db=0.1,
    oscillator_share=0.01,
    efficiency_share=0.01,
    misalignment_share=0.05,
    delay_ps=10.0,
    daily_loss_db=0.1,
    daily_delay_ps=20.0,
)
"""A link in the field. The 1 % of the local oscillator is that of Mao et al., NJP 22, 083073 (2020); other
figures are ours, of the size that such links are run with, and are not taken from an experiment."""
