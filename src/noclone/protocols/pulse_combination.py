"""Several attacks on one link, each on pulses of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import sifted_information
from noclone.protocols.combined_attack import CombinedAttack, injected_light
from noclone.protocols.pulse_attack import PulseAttack, widened
from noclone.protocols.readings import Readings
from noclone.sampling.pulses import PulseSettings

_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class PulseCombination(CombinedAttack, PulseAttack):
    """Eve does to each pulse one of several things, drawn anew for each, or nothing.

    Attributes
    ----------
    parts : tuple of PulseAttack
        Two or more different attacks.
    fraction : float
        Share of the pulses that any of them attacks: the sum of the parts' fractions. Where it is given, the
        parts' fractions are scaled to add up to it.

    Raises
    ------
    InvalidInput
        If there are fewer than two parts, two are of the same name, one does not act on pulses, or they
        attack more pulses than there are.

    Examples
    --------
    >>> from noclone.attacks import InterceptResend, TimeShift
    >>> both = PulseCombination(parts=(TimeShift(fraction=0.25), InterceptResend(fraction=0.5)))
    >>> both.NAME, both.fraction
    ('intercept-resend+time-shift', 0.75)
    >>> [part.fraction for part in replace(both, fraction=0.375).parts]
    [0.25, 0.125]
    """

    WORD: ClassVar[str] = "or"

    parts: tuple[PulseAttack, ...] = ()
    # Not declared as a number, because "not given" is no number.
    fraction: float = field(default=math.nan)

    def check(self) -> None:
        """Scale the parts to the fraction, or sum up theirs; refuse what does not fit on the pulses."""
        super().check()
        total = math.fsum(part.fraction for part in self.parts)
        if math.isnan(self.fraction):
            if total > 1 + _ROUNDING:
                raise InvalidInput(
                    "parts", f"must attack at most all pulses together, but their fractions sum to {total:g}"
                )
        elif not 0 <= self.fraction <= 1:
            raise InvalidInput("fraction", f"must be at least 0 and at most 1, but is {self.fraction:g}")
        elif self.fraction != total:
            shares = self._shares()
            parts = tuple(
                replace(part, fraction=min(self.fraction * share, 1.0))
                for share, part in zip(shares, self.parts, strict=True)
            )
            object.__setattr__(self, "parts", parts)
            total = math.fsum(part.fraction for part in parts)
        object.__setattr__(self, "fraction", min(total, 1.0))

    @property
    def NAME(self) -> str:  # type: ignore[override]
        """Names of the parts that attack any pulses, joined with ``+``; of all parts if none does."""
        return "+".join(part.NAME for part in self.parts if part.fraction > 0 or self.fraction == 0)

    @property
    def injected_light(self) -> dict[str, float]:
        """The mean over attacked pulses of what each part brings in."""
        return injected_light(self._shares(), self.parts)

    def attacked_settings(self, settings: PulseSettings) -> PulseSettings:
        """Return what Alice's source emits where any of the parts is at work."""
        settings = self._widened(settings)
        # Written with the differences, a source that no part changes stays the same to the last bit.
        changed = [
            share * (part.attacked_settings(settings).photon_probs - settings.photon_probs)
            for share, part in zip(self._shares(), self.parts, strict=True)
        ]
        return replace(settings, photon_probs=settings.photon_probs + np.sum(changed, axis=0))

    def attacked_patterns(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return the mean of what each part makes of a pulse, by how many photons it finds there."""
        settings = self._widened(settings)
        emitted = self._emitted(settings)
        # Where a part changes the source, the number of photons says something of which part is at work.
        likely = np.where(emitted.sum(axis=0) > 0, emitted, np.array(self._shares())[:, None, None])
        likely = likely / likely.sum(axis=0)
        patterns = [part.attacked_patterns(model, settings) for part in self.parts]
        return np.asarray(sum(share[..., None] * each for share, each in zip(likely, patterns, strict=True)))

    def information(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return the mean of what each part tells, weighted with its sifted clicks.

        Eve knows which part was at work, too: where it makes one bit more likely, that is added.
        """
        clicks = np.stack(
            [
                share * part.attacked_outcomes(model, settings)[..., 1:].sum(axis=-1)
                for share, part in zip(self._shares(), self.parts, strict=True)
            ],
            axis=-1,
        )
        sifted = settings.signal & (settings.sent_basis == settings.measured_basis)
        weights = np.einsum("j,...jk->...k", settings.probs * sifted, clicks)
        told = np.stack([part.information(model, settings) for part in self.parts], axis=-1)
        total = weights.sum(axis=-1)
        mean = np.divide((weights * told).sum(axis=-1), total, out=np.zeros_like(total), where=total > 0)
        return np.asarray(mean + sifted_information(settings, clicks))

    def by_cause(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return what pulses do that are left alone, and that each part attacks, shape (1 + K, ..., J, 4)."""
        untouched = super().by_cause(model, settings)[:1]
        touched = [part.fraction * part.attacked_outcomes(model, settings) for part in self.parts]
        return np.concatenate([untouched, np.stack(touched)])

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return the readings of attacked pulses, clicks taken to be as frequent for all parts."""
        whole = replace(self, fraction=1.0)
        return whole.readings(honest, np.array(whole._shares()))

    def readings(self, honest: Readings, click_shares: Floats) -> Readings:
        """Return the readings of a block; the share of clicks is given for each part."""
        pulses, clicks = 1 - self.fraction, 1 - np.sum(click_shares, axis=0)
        found = honest
        for part, share in zip(self.parts, click_shares, strict=True):
            if part.fraction == 0:
                continue
            pulses, clicks = pulses + part.fraction, clicks + share
            of_clicks = np.divide(share, clicks, out=np.zeros(np.shape(share)), where=clicks > 0)
            found = found.mixed(part.attacked_readings(honest), part.fraction / pulses, of_clicks)
        return found

    def _shares(self) -> list[float]:
        """Return the parts' shares of what is attacked; equal ones where nothing is."""
        total = math.fsum(part.fraction for part in self.parts)
        return [part.fraction / total if total > 0 else 1 / len(self.parts) for part in self.parts]

    def _widened(self, settings: PulseSettings) -> PulseSettings:
        """Return settings with as many photon numbers as any of the parts needs."""
        numbers = (part.attacked_settings(settings).photon_probs.shape[1] for part in self.parts)
        return widened(settings, max(numbers))

    def _emitted(self, settings: PulseSettings) -> Floats:
        """Return P(part, photons | setting) of attacked pulses, shape (K, J, N)."""
        return np.stack(
            [
                share * part.attacked_settings(settings).photon_probs
                for share, part in zip(self._shares(), self.parts, strict=True)
            ]
        )
