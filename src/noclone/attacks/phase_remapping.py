"""Phase remapping: Eve makes Alice's modulator act on her pulses halfway, with phases closer together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.linalg import eigh

from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack, no_photon, photon_numbers
from noclone.sampling.pulses import PulseSettings

_BASIS, _BIT = np.arange(4) % 2, np.arange(4) // 2
"""Basis and bit of the four states, in the order of their phases."""
_ENDS = np.array([0, 3])
"""The states that Eve resends: those of the smallest and the largest phase."""
_WRONG = np.where(_BASIS[:, None] == _BASIS[_ENDS], _BIT[:, None] != _BIT[_ENDS], 0.5)
"""Probability that a sifted bit is wrong, by state sent and state resent, shape (4, 2)."""


@dataclass(frozen=True, kw_only=True)
class PhaseRemapping(ChannelAttack):
    """Eve sends Alice's reference pulses early, so that the states come back with phases 0, f, 2f and 3f.

    It works where Bob's light passes through Alice and back (plug-and-play systems). On one photon of each
    pulse Eve makes the measurement of three outcomes that causes the fewest errors: two after which she
    resends one photon in the state of the smallest or the largest phase, as Alice meant it, and one that
    tells her nothing, after which she sends nothing. She sends through a better channel, as far as there is
    loss, and keeps the mean gain of single photons. Full phases (90 degrees) are plain intercept-resend, 25 %
    of errors; the smaller the step, the fewer the errors and the conclusive outcomes.

    Fung et al., PRA 75, 032314 (2007). Xu et al., New J. Phys. 12, 113026 (2010) measured 19.7 %, which is
    what equal steps of 61.2 degrees cause.

    Examples
    --------
    >>> round(PhaseRemapping(step_deg=90).error_rate, 6), round(PhaseRemapping().error_rate, 4)
    (0.25, 0.197)
    """

    NAME: ClassVar[str] = "phase-remapping"
    DOES: ClassVar[str] = "brings the four phases closer together, and measures a photon of each pulse"
    RESENDS: ClassVar[str] = "one photon, in the state of the smallest or the largest phase, or nothing"
    LEARNS: ClassVar[str] = "what her outcome tells of the bit once the basis is known"
    CHANGES: ClassVar[str] = (
        "errors rise to 19.7 %, gains of brighter pulses fall, and in each basis one bit comes more often"
    )
    BREAKS: ClassVar[str] = "Alice's states are those of the protocol"
    BREAKS_AT: ClassVar[str] = "alice"
    SOURCE: ClassVar[str] = "Fung et al., PRA 75, 032314 (2007); Xu et al., New J. Phys. 12, 113026 (2010)"

    step_deg: float = number("phase between one state and the next", 61.2, unit="degrees", low=1, high=90)

    @property
    def error_rate(self) -> float:
        """Error rate of sifted bits, without errors of the link itself."""
        found = self.measurement()
        return float((found * _WRONG).sum() / found.sum())

    def measurement(self) -> Floats:
        """Return P(outcome | state), shape (4, 2): states by phase, outcomes 'smallest' and 'largest'."""
        phases = np.exp(1j * np.radians(self.step_deg) * np.arange(4))
        vectors = np.stack([np.ones(4), phases], axis=-1) / np.sqrt(2)
        states = np.einsum("ki,kj->kij", vectors, vectors.conj())
        effects = []
        for wrong in _WRONG.T:
            # The fewest errors per conclusive outcome: a generalised eigenvalue.
            _, solutions = eigh(np.einsum("k,kij->ij", wrong, states), states.sum(axis=0))
            best = solutions[:, 0] / np.linalg.norm(solutions[:, 0])
            effects.append(np.outer(best, best.conj()))
        scale = 1 / np.linalg.eigvalsh(sum(effects))[-1]
        return np.asarray(scale * np.einsum("eij,kji->ke", np.array(effects), states).real)

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the joint law of the patterns and Eve's outcome."""
        found, photons = self.measurement(), photon_numbers(settings)
        needed = np.asarray(model.channel_transmittance) / found.sum(axis=1).mean()
        channel = replace(model, channel_transmittance=np.minimum(1.0, needed))
        empty = no_photon(model, settings)
        each = found[settings.sent_basis + 2 * settings.sent_bit][..., None, None]
        resent = [
            np.where(
                photons == 0,
                0.0,
                each[:, outcome]
                * channel.patterns(1, _BASIS[end], _BIT[end], settings.measured_basis[:, None]),
            )
            for outcome, end in enumerate(_ENDS)
        ]
        return [np.where(photons == 0, 1.0, 1 - each[:, 0] - each[:, 1]) * empty, *resent]
