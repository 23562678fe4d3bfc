"""A channel that was measured over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import numbers
from noclone.link.device import Channel, Segments


@dataclass(frozen=True, kw_only=True)
class MeasuredTransmittance(Channel):
    """A channel that was measured: intervals of time, each with its transmittance.

    Pulses are spread evenly over the total time, so a rate is the mean over the series, not the
    rate at the mean.

    Examples
    --------
    >>> shares, _ = MeasuredTransmittance(duration_s=(1, 3), transmittance=(0.1, 0.01)).segments()
    >>> shares.tolist()
    [0.25, 0.75]
    """

    KIND: ClassVar[str] = "measured-transmittance"

    duration_s: tuple[float, ...] = numbers("length of each interval", unit="s", low=0, low_open=True)
    transmittance: tuple[float, ...] = numbers("share of photons that arrive in each interval", low=0, high=1)

    def check(self) -> None:
        """Both series must have the same length."""
        if len(self.duration_s) != len(self.transmittance) or not self.duration_s:
            raise InvalidInput(
                "transmittance",
                f"must have one value for each of the {len(self.duration_s)} intervals (at least one), "
                f"but has {len(self.transmittance)}",
            )

    def segments(self) -> Segments:
        """Return the share of time and the transmittance of each interval."""
        durations = np.array(self.duration_s)
        return durations / durations.sum(), np.stack(
            np.broadcast_arrays(*(np.asarray(x, float) for x in self.transmittance))
        )
