"""What Eve's equipment can do: declared before the game, and all that she may use in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from noclone.attacks.detector_blinding import DetectorBlinding
from noclone.attacks.intercept_resend import InterceptResend
from noclone.attacks.photon_number_splitting import PhotonNumberSplitting
from noclone.attacks.time_shift import TimeShift
from noclone.attacks.trojan_horse import TrojanHorse
from noclone.core.fields import Described, flag, number
from noclone.protocols.pulse_attack import PulseAttack

_USUAL_SHIFT = TimeShift()
_ENCODER_LOSS_DB = TrojanHorse().reflection_db


@dataclass(frozen=True, kw_only=True)
class Hardware(Described):
    """Eve's equipment: what she may inject, block and shift, and how finely each can be set.

    Attributes
    ----------
    All are fields; 0 photons mean that she cannot inject.

    Examples
    --------
    >>> moves = Hardware(finest_fraction=0.5, finest_shift_ps=500).moves()
    >>> [(move.NAME, move.fraction) for move in moves if move.NAME == "time-shift"]
    [('time-shift', 0.5), ('time-shift', 1.0)]
    """

    finest_fraction: float = number(
        "smallest share of the pulses that she can single out", 1e-5, low=1e-6, high=1
    )
    photons_into_alice: float = number("most light into Alice's station", 1e6, unit="photons/pulse", low=0)
    finest_photons_into_alice: float = number(
        "the least of it that she can set", 0.1, unit="photons/pulse", low=0, low_open=True
    )
    photons_into_bob: float = number("most light into Bob's station", 2e9, unit="photons/pulse", low=0)
    blocks: bool = flag("whether she can measure, store and block pulses and send them on without loss", True)
    largest_shift_ps: float = number("largest shift of a pulse's arrival", 500.0, unit="ps", low=0, high=500)
    finest_shift_ps: float = number("smallest shift", 25.0, unit="ps", low=0, low_open=True, high=500)

    def moves(self) -> list[PulseAttack]:
        """Return what she tries first: shares of pulses and photons by factors of 4, shifts by factors of 2.

        The efficiencies of Bob's detectors differ the more, the further a pulse is shifted: by the ratio of
        `TimeShift` at its default shift, and exponentially less below (a model of ours). Light that comes
        back from Alice's encoder is less by the reflection loss of `TrojanHorse`.
        """
        photons = _steps(self.finest_photons_into_alice, self.photons_into_alice, 4)
        shifts = _steps(self.finest_shift_ps, self.largest_shift_ps, 2)
        found: list[PulseAttack] = []
        for fraction in _steps(self.finest_fraction, 1.0, 4):
            if self.blocks:
                found += [InterceptResend(fraction=fraction), PhotonNumberSplitting(fraction=fraction)]
            found += [self._shifted(fraction, shift_ps) for shift_ps in shifts]
            found += [self._injected(fraction, each) for each in photons]
            if self.photons_into_bob >= DetectorBlinding().injected_light["bob"]:
                found.append(DetectorBlinding(fraction=fraction, compensate=float(self.blocks)))
        return found

    def nearby(self, move: PulseAttack, span: float) -> list[PulseAttack]:
        """Return weaker and stronger moves of the same kind, each by less than a factor `span`.

        One of share, shift and light is varied at a time, by quarters of the span, and rounded to what her
        equipment can be set to.
        """
        varied: list[PulseAttack] = []
        for factor in span ** (np.arange(-3, 4) / 4):
            fraction = _settable(move.fraction * factor, self.finest_fraction, 1.0)
            varied.append(replace(move, fraction=fraction))
            if isinstance(move, TimeShift):
                shift_ps = _settable(move.shift_ps * factor, self.finest_shift_ps, self.largest_shift_ps)
                varied.append(self._shifted(move.fraction, shift_ps))
            if isinstance(move, TrojanHorse):
                photons = move.back_photons * 10 ** (move.reflection_db / 10) * factor
                light = _settable(photons, self.finest_photons_into_alice, self.photons_into_alice)
                varied.append(self._injected(move.fraction, light))
        return list(dict.fromkeys(varied))

    def _shifted(self, fraction: float, shift_ps: float) -> TimeShift:
        ratio = _USUAL_SHIFT.ratio ** (shift_ps / _USUAL_SHIFT.shift_ps)
        return TimeShift(fraction=fraction, ratio=ratio, shift_ps=shift_ps)

    def _injected(self, fraction: float, photons: float) -> TrojanHorse:
        return TrojanHorse(fraction=fraction, back_photons=photons * 10 ** (-_ENCODER_LOSS_DB / 10))


def _steps(finest: float, largest: float, factor: float) -> list[float]:
    """Return `finest`, then each times `factor`, up to `largest`, which is the last; nothing if it is below.

    Examples
    --------
    >>> _steps(100.0, 500.0, 2)
    [100.0, 200.0, 400.0, 500.0]
    """
    if largest < finest:
        return []
    count = int(np.floor(np.log(largest / finest) / np.log(factor) + 1e-9)) + 1
    steps = (finest * factor ** np.arange(count)).tolist()
    return steps if np.isclose(steps[-1], largest) else [*steps, largest]


def _settable(value: float, finest: float, largest: float) -> float:
    """Return the multiple of `finest` that is nearest, at least that and at most `largest`."""
    return float(min(max(round(value / finest), 1) * finest, largest))


HARDWARE = {
    "laboratory": Hardware(),
    "field": Hardware(
        finest_fraction=1e-2,
        photons_into_alice=1e4,
        finest_photons_into_alice=100.0,
        finest_shift_ps=100.0,
    ),
    "coarse": Hardware(
        finest_fraction=0.25,
        photons_into_alice=1e6,
        finest_photons_into_alice=1e5,
        finest_shift_ps=250.0,
        blocks=False,
    ),
}
"""Three declarations of ours, from what only a laboratory can do to little more than switches."""
