"""What is wrong with an attack on symbols, in words; see `noclone.protocols.check_attack`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.protocols.symbol_attack import SymbolAttack
from noclone.sampling.symbols import SymbolModel

SYMBOL_LINKS = (SymbolModel(), SymbolModel(reference_photons=1e4, phase_noise_rad2=0.01))
"""Links on which attacks are looked at: the oscillator travels, or is Bob's own."""
_CLOSE = 1e-9
_CUT = 1e-5
"""Share of what the parties charge that they miss where the receiver's limit cuts very noisy readings."""
_EVES = frozenset(
    (
        "transmittance",
        "excess_noise_snu",
        "shot_noise_v2",
        "oscillator_photons",
        "reference_photons",
        "phase_noise_rad2",
        "resent",
        "displacement_v",
    )
)
"""What of a `SymbolModel` lies on the channel or follows from what comes out of it."""
_OF_ANOTHER_LINK = 2.0
"""How far the light that hides an attack may exceed what is declared for the default link."""


def symbol_faults(attack: SymbolAttack) -> Iterator[str]:
    """Find what is wrong with an attack, all symbols attacked."""
    runs = False
    for model in SYMBOL_LINKS:
        try:
            link = attack.attacked(model)
        except InvalidInput:
            continue  # not every link offers what an attack needs
        runs = True
        yield from _reach(attack, model, link)
        yield from _oscillator(attack, model, link)
        yield from _noise(attack, model, link)
        yield from _information(attack, model)
    if not runs:
        yield "it refuses every link"


def _reach(attack: SymbolAttack, model: SymbolModel, link: SymbolModel) -> Iterator[str]:
    """Find what is out of Eve's reach, and light that she does not declare."""
    light = attack.injected_light.get("bob", 0.0)
    foreign = float(link.foreign_signal_photons + link.foreign_oscillator_photons)
    for field in fields(SymbolModel):
        before, after = getattr(model, field.name), getattr(link, field.name)
        if not np.all(np.isfinite(after)):
            yield f"its {field.name} is not finite"
        elif np.all(before == after) or field.name in _EVES:
            continue
        elif not field.name.startswith("foreign"):
            yield f"it changes {field.name}, which is out of Eve's reach"
        elif light == 0 and foreign > 0:
            yield f"it changes {field.name}, but declares no light that enters Bob's station"
    if np.any(np.asarray(link.transmittance) > 1):
        yield f"its channel passes more light than there is: a transmittance of {link.transmittance:.4g}"
    if 0 < light * _OF_ANOTHER_LINK < foreign:
        yield f"its foreign light has {foreign:.4g} photons, but it declares {light:.4g}"
    if link.displacement_v != model.displacement_v and link.resent == 0 and light == 0:
        yield "it displaces readings, but neither resends symbols nor declares light at Bob's station"


def _oscillator(attack: SymbolAttack, model: SymbolModel, link: SymbolModel) -> Iterator[str]:
    """Find oscillators and reference pulses that no channel and no light declared can make."""
    light = attack.injected_light.get("bob", 0.0)
    travels = model.reference_photons == 0
    if travels != (link.reference_photons == 0):
        yield "it changes whether the oscillator travels over the channel or is Bob's own"
        return
    name = "oscillator_photons" if travels else "reference_photons"
    found, most = float(getattr(link, name)), float(getattr(model, name)) / model.transmittance + light
    if found > most * (1 + _CLOSE):
        yield f"its {name} are {found:.4g}, but a channel without loss and the light declared give {most:.4g}"
    power = link.oscillator_photons / model.oscillator_photons
    if not travels and (power != 1 or link.shot_noise_v2 != model.shot_noise_v2):
        yield "it changes the oscillator or the shot noise, but the oscillator does not leave Bob's station"
    elif not attack.BREAKS and abs(link.shot_noise_v2 / (model.shot_noise_v2 * power) - 1) > _CLOSE:
        yield "its shot noise does not follow the oscillator's power; such an attack must say what it breaks"


def _noise(attack: SymbolAttack, model: SymbolModel, link: SymbolModel) -> Iterator[str]:
    """Find noise that was there and is gone."""
    for name in ("excess_noise_snu", "phase_noise_rad2"):
        if not attack.BREAKS and getattr(link, name) < getattr(model, name) * (1 - _CLOSE):
            yield f"it lowers {name} below that of the untouched link, but breaks no assumption"


def _information(attack: SymbolAttack, model: SymbolModel) -> Iterator[str]:
    """Find information that is none, more than the parties charge, or different for arrays."""
    information = np.asarray(attack.information(model))
    if information.shape != () or not (np.isfinite(information) and information >= -_CLOSE):
        yield f"its information must be a finite number of bits, at least 0, but is {information}"
    elif not attack.BREAKS and information > attack.charged(model) * (1 + _CUT) + _CLOSE:
        yield (
            f"it claims {float(information):.4g} bits of a symbol where the parties charge "
            f"{float(attack.charged(model)):.4g}; an attack that breaks an assumption must say which"
        )
    several = np.asarray(attack.information(model.per_block(3)))
    # Only the first block need be like a link by itself: an attack may go on and off from block to block.
    if several.shape != (3,) or not np.isclose(several[0], information, rtol=1e-6, atol=_CLOSE):
        yield "its information for an array of links differs from that of the links one by one"
