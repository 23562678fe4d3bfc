"""Attacks on the symbols of a continuous-variable link: another model of it, and what Eve knows then."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, roots_hermite

from noclone.core.errors import InvalidInput
from noclone.protocols.attack import Attack
from noclone.protocols.combined_attack import CombinedAttack, injected_light
from noclone.rates.gaussian_modulation import after_channel, behind_detector, holevo_homodyne, homodyne_noise
from noclone.sampling.symbols import SymbolModel

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SymbolAttack(Attack):
    """Eve on a link that a `SymbolModel` describes.

    A model's parameters may be arrays over blocks; every method then returns such arrays.
    """

    ACTS_ON: ClassVar[str] = "symbols"

    @abstractmethod
    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link as it is for attacked symbols.

        Raises
        ------
        InvalidInput
            If the link offers nothing to attack in this way.
        """

    @abstractmethod
    def information(self, model: SymbolModel) -> Floats:
        """Return what Eve knows of Bob's reading of an attacked symbol, in bits.

        `model` is the untouched link.
        """

    def charged(self, model: SymbolModel) -> Floats:
        """Return what the parties take Eve to know if all symbols are attacked, in bits per symbol.

        It is her Holevo information at the transmittance and the excess noise that they estimate with the
        shot noise as calibrated.
        """
        seen = model.estimates(self.attacked(model).expected())
        return holevo(model, seen.transmittance, np.maximum(seen.excess_noise_snu, 0.0) / model.efficiency)


@dataclass(frozen=True, kw_only=True)
class Combination(CombinedAttack, SymbolAttack):
    """Several attacks on the same symbols, in the alphabetical order of their names.

    Attributes
    ----------
    parts : tuple of SymbolAttack
        Two or more different attacks, each on all symbols; `fraction` is that of the combination.

    Raises
    ------
    InvalidInput
        If there are fewer than two, two are of the same name, or one has a fraction of its own.

    Notes
    -----
    Du and Huang, Photonics 9, 177 (2022), on attacks that coexist.
    """

    WORD: ClassVar[str] = "and"

    parts: tuple[SymbolAttack, ...] = ()

    def check(self) -> None:
        """Sort the parts and refuse what cannot be combined."""
        super().check()
        if any(part.fraction != 1 for part in self.parts):
            raise InvalidInput("parts", "must attack all symbols; the fraction is the combination's")

    @property
    def injected_light(self) -> dict[str, float]:
        """The sum of what the parts bring in."""
        return injected_light([1.0] * len(self.parts), self.parts)

    def text(self) -> str:
        """Return the texts of the parts, each with the fraction of the combination."""
        return "+".join(replace(part, fraction=self.fraction).text() for part in self.parts)

    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link after each of the attacks."""
        return reduce(lambda link, part: part.attacked(link), self.parts, model)

    def information(self, model: SymbolModel) -> Floats:
        """Return the largest information that one of them gives: Eve knows at least that."""
        told: Floats = np.zeros(())
        for part in self.parts:
            told = np.maximum(told, part.information(model))
            model = part.attacked(model)
        return told


def combined(attacks: Sequence[SymbolAttack]) -> SymbolAttack | None:
    """Return no attack, the one given, or the combination of several, which must be of the same fraction."""
    if len(attacks) < 2:
        return attacks[0] if attacks else None
    fractions = {attack.fraction for attack in attacks}
    if len(fractions) > 1:
        raise InvalidInput(
            "attacks on the same symbols",
            f"must have one fraction, but have {' and '.join(map(str, sorted(fractions)))}",
        )
    parts = tuple(replace(attack, fraction=1.0) for attack in attacks)
    return Combination(parts=parts, fraction=fractions.pop())


def check_travelling_oscillator(model: SymbolModel, name: str) -> None:
    """Raise `InvalidInput` if the local oscillator is Bob's own, out of Eve's reach."""
    if np.any(np.asarray(model.reference_photons) > 0):
        raise InvalidInput(f"attack {name}", "needs a local oscillator that travels over the channel")


def hidden_noise_snu(model: SymbolModel, kept: float, name: str) -> Floats:
    """Return how much excess noise parties overlook whose shot noise has fallen to a share of what it was.

    They take N0 for the shot noise where it is `kept` N0: (1 - kept) / kept of its units at the detector, so
    much more at the channel's input as light is lost in between.

    Raises
    ------
    InvalidInput
        If no light gets through, so that nothing at the channel's input reaches the detector.
    """
    gain = np.asarray(model.gain, float)
    if np.any(gain <= 0):
        raise InvalidInput(f"attack {name}", "needs a channel that passes light")
    return np.asarray((1 - kept) / (kept * gain))[()]


def holevo(model: SymbolModel, transmittance: Any, channel_noise: Any) -> Floats:
    """Return Eve's Holevo information on a reading, in bits per symbol, as asymptotic key rates charge it.

    Phase noise is the receiver's: out of Eve's reach if that is trusted, and hers if not.

    Parameters
    ----------
    model : SymbolModel
        Modulation and receiver.
    transmittance, channel_noise : array_like
        Of the channel as the readings' slope shows it, phase noise included, and the noise beyond the
        vacuum's at its output, in shot-noise units.
    """
    state = after_channel(np.asarray(model.modulation_snu) + 1.0, transmittance, channel_noise)
    noise = model.electronic_noise_snu + model.phase_noise_snu(transmittance)
    if model.trusted:
        return holevo_homodyne(state, homodyne_noise(model.efficiency, noise))
    return holevo_homodyne(behind_detector(state, model.efficiency, noise), 0.0)


def cloner_information(model: SymbolModel) -> Floats:
    """Return the Holevo information of an entangling cloner that makes all of a link's excess noise.

    Eve sends one half of an entangled pair into the other input of a beam splitter that replaces the channel,
    and keeps the other half and what leaves the beam splitter (Grosshans et al., Quantum Inf. Comput. 3, 535
    (2003)).
    """
    seen = model.transmittance * np.exp(-np.asarray(model.phase_variance))
    return holevo(model, seen, model.transmittance * model.excess_noise_snu)


def resent_information(model: SymbolModel) -> Floats:
    """Return what Eve knows of a reading, in bits per symbol, where she measures and resends.

    Mutual information of the state that she sent and the reading, cut where the receiver saturates, times the
    share of symbols that she resends.

    Notes
    -----
    A cut Gaussian has the entropy of its middle part and of its two atoms, in closed form; the mean over the
    states sent is Gauss-Hermite quadrature.
    """
    law = model.reading(1.0)
    signal = law.gain_v**2 * law.modulation_snu + law.resent_noise_v2
    known = np.sqrt(np.asarray(signal, float))[..., None] * np.sqrt(2) * _NODES
    offset = np.asarray(law.offset_v + law.swing_v, float)
    noise = np.sqrt(np.asarray(law.noise_v2, float))
    limit = np.asarray(law.limit_v, float)
    given = _cut_entropy(offset[..., None] + known, noise[..., None], limit[..., None]) @ _WEIGHTS
    bits: Floats = law.resent * (_cut_entropy(offset, np.sqrt(signal + noise**2), limit) - given)
    return bits


_NODES, _WEIGHTS = roots_hermite(150)
_WEIGHTS = _WEIGHTS / np.sqrt(np.pi)


def _cut_entropy(mean: Floats, deviation: Floats, limit: Floats) -> Floats:
    """Return the entropy, in bits, of a Gaussian cut at both limits: density inside, atoms at the edges."""
    low, high = (((edge - mean) / deviation).clip(-38, 38) for edge in (-limit, limit))
    below, above = ndtr(low), ndtr(-high)
    inside = ndtr(high) - below

    def edge(z: Floats) -> Floats:
        return np.asarray(z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))

    nats = inside * (np.log(deviation * np.sqrt(2 * np.pi)) + 0.5) - (edge(high) - edge(low)) / 2
    for atom in (below, above):
        nats = nats - np.where(atom > 0, atom * np.log(np.where(atom > 0, atom, 1.0)), 0.0)
    return np.asarray(nats / np.log(2))
