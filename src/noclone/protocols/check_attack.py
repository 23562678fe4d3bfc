"""`check_attack`: what is wrong with an attack, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import product

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols import protocols
from noclone.protocols.agreement import compare
from noclone.protocols.attack import Attack
from noclone.protocols.protocol import Moment, unlocked
from noclone.protocols.pulse_attack import PulseAttack
from noclone.protocols.readings import NAMES, Readings
from noclone.protocols.round_attack import RoundAttack
from noclone.protocols.symbol_attack import SymbolAttack
from noclone.rates.entropy import binary_entropy
from noclone.sampling import photons
from noclone.sampling.pulses import PulseSettings, honest_patterns
from noclone.sampling.symbols import SymbolModel

LINKS = (
    DetectionModel(0.1, 0.6, dark_count_prob=1e-6, misalignment=0.01),
    DetectionModel(0.5, 0.2, dark_count_prob=1e-4, misalignment=0.03),
)
"""Links of equally efficient detectors on which attacks on pulses are looked at."""
SYMBOL_LINKS = (SymbolModel(), SymbolModel(reference_photons=1e4))
"""Links on which attacks on symbols are: the oscillator travels, or is Bob's own."""
_INTENSITIES = (0.5, 0.15, 0.0)
_Z_PROBS = (0.5, 0.8)
_CLOSE = 1e-9
_LENGTH_KM = 20.0
_ROUNDS = 20_000
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


def check_attack(attack: Attack) -> tuple[str, ...]:
    """Return what is wrong with an attack, one sentence for each fault; nothing if it is sound.

    It looks at the declarations and, on a few links, at whether the attack gives probabilities, is nothing at
    fraction 0, uses only what Eve can know, brings in only light that it declares, claims no more information
    than its disturbance allows unless it breaks an assumption, keeps to the devices' readings, and treats an
    array of links as it treats each of them.

    Parameters
    ----------
    attack : Attack
        With the parameters at which it is looked at; its `fraction` does not matter.

    Raises
    ------
    InvalidInput
        If it is no attack on pulses, symbols or rounds.

    Examples
    --------
    >>> from noclone.attacks import InterceptResend
    >>> check_attack(InterceptResend())
    ()
    """
    if not isinstance(attack, PulseAttack | SymbolAttack | RoundAttack):
        raise InvalidInput("attack", f"must be an Attack, but is {type(attack).__name__}")
    whole = replace(attack, fraction=1.0)
    faults = [*_declarations(whole)]
    try:
        if isinstance(whole, PulseAttack):
            faults += _pulses(whole)
        elif isinstance(whole, SymbolAttack):
            faults += _symbols(whole)
        else:
            faults += _rounds(whole)
    except InvalidInput as error:
        faults.append(f"it refuses a link that it should run on: {error}")
    return tuple(dict.fromkeys(faults))


def _declarations(attack: Attack) -> Iterator[str]:
    for name in ("NAME", "DOES", "RESENDS", "LEARNS", "CHANGES", "SOURCE"):
        if not isinstance(getattr(attack, name, None), str) or not getattr(attack, name):
            yield f"{name} is missing or empty"
    name = str(getattr(attack, "NAME", ""))
    package, _, module = type(attack).__module__.rpartition(".")
    if not re.fullmatch(r"[a-z0-9+]+(-[a-z0-9+]+)*", name):
        yield f"NAME must be lower-case words with hyphens, but is {name!r}"
    elif package == "noclone.attacks" and name != module.replace("_", "-"):
        yield f"NAME must be that of its file, {module.replace('_', '-')}, but is {name}"
    if (type(attack).__doc__ or "(").startswith(
        (type(attack).__name__ + "(", "(")
    ):  # what dataclass puts there
        yield "it has no docstring"
    for station, light in attack.INJECTED_LIGHT.items():
        if station not in ("alice", "bob") or not (np.isfinite(light) and light > 0):
            yield f"INJECTED_LIGHT must give photons at alice or bob, but has {station!r}: {light!r}"


def _settings(z_prob: float) -> PulseSettings:
    """Return those of decoy-state BB84, numbered over intensity, Alice's basis, her bit and Bob's basis."""
    intensity, sent_basis, sent_bit, measured_basis = np.indices((len(_INTENSITIES), 2, 2, 2)).reshape(4, -1)
    bases = np.array([z_prob, 1 - z_prob])
    return PulseSettings(
        bases[sent_basis] * bases[measured_basis] / (2 * len(_INTENSITIES)),
        photons.poisson(_INTENSITIES)[intensity],
        sent_basis,
        sent_bit,
        measured_basis,
        intensity == 0,
    )


def _pulses(attack: PulseAttack) -> Iterator[str]:
    yield from _readings(attack)
    for model, z_prob in product(LINKS, _Z_PROBS):
        settings = _settings(z_prob)
        invalid = [*_source(attack, settings), *_table(attack, model, settings)]
        if invalid:
            yield from invalid
            return
        yield from _knowledge(attack, model, settings)
        yield from _light(attack, model, settings)
        yield from _blocks(attack, model, settings)
    if not attack.BREAKS:
        yield from _information_of_single_photons(attack)


def _source(attack: PulseAttack, settings: PulseSettings) -> Iterator[str]:
    """Find a source that Eve changes without reaching into it, or in more than its light."""
    sent = attack.attacked_settings(settings)
    for name in ("probs", "sent_basis", "sent_bit", "measured_basis", "signal"):
        if not np.array_equal(getattr(sent, name), getattr(settings, name)):
            yield f"it changes {name} of the settings, which Alice and Bob choose"
    if sent.photon_probs.shape != settings.photon_probs.shape:
        yield "it changes the shape of photon_probs"
    elif "alice" not in attack.INJECTED_LIGHT and not np.array_equal(
        sent.photon_probs, settings.photon_probs
    ):
        yield "it changes Alice's light, but declares no light that enters her station"


def _table(attack: PulseAttack, model: DetectionModel, settings: PulseSettings) -> Iterator[str]:
    """Find what is no probability, or does not vanish with the fraction."""
    patterns = np.asarray(attack.attacked_patterns(model, settings))
    expected = (*settings.photon_probs.shape, 4)
    if patterns.shape != expected:
        yield f"its patterns must have the shape {expected}, but have {patterns.shape}"
        return
    if not (patterns.min() >= -_CLOSE and np.allclose(patterns.sum(axis=-1), 1, rtol=0, atol=_CLOSE)):
        yield "its patterns are not probabilities that sum to 1"
        return
    information = np.asarray(attack.information(model, settings))
    if information.shape != () or not -_CLOSE <= information <= 1 + _CLOSE:
        yield f"its information must be a number of bits from 0 to 1, but is {information}"
    honest = honest_patterns(model, settings)
    emitted, none = replace(attack, fraction=0.0).mixture(model, settings)
    if not (np.array_equal(emitted, settings.photon_probs) and np.array_equal(none, honest)):
        yield "at fraction 0 it is not the honest link"
    emitted, half = replace(attack, fraction=0.5).mixture(model, settings)
    touched = attack.attacked_settings(settings).photon_probs[..., None] * patterns
    mean = (settings.photon_probs[..., None] * honest + touched) / 2
    if not np.allclose(emitted[..., None] * half, mean, rtol=0, atol=_CLOSE):
        yield "at fraction 0.5 it is not the mean of the honest and the attacked link"


def _knowledge(attack: PulseAttack, model: DetectionModel, settings: PulseSettings) -> Iterator[str]:
    """Find patterns that depend on what Eve cannot know."""
    patterns = attack.attacked_patterns(model, settings)
    table = patterns.reshape(len(_INTENSITIES), 2, 2, 2, -1, 4)
    if np.ptp(table, axis=0).max() > _CLOSE:
        yield "it treats pulses of equally many photons differently by their intensity, which Eve cannot know"
    if np.ptp(table[..., 0, :], axis=(1, 2)).max() > _CLOSE:
        yield "what becomes of empty pulses depends on Alice's basis or bit, which they do not carry"
    if not attack.BREAKS and np.ptp(table[..., 0], axis=3).max() > _CLOSE:
        yield "whether Bob's detectors click depends on his basis, which Eve cannot know"


def _light(attack: PulseAttack, model: DetectionModel, settings: PulseSettings) -> Iterator[str]:
    """Find clicks that the photons sent and the light declared cannot cause."""
    clicks = 1 - attack.attacked_patterns(model, settings)[..., 0]
    silent = honest_patterns(replace(model, channel_transmittance=1.0), settings)[..., 0]
    most = 1 - silent * np.exp(-model.efficiency * attack.INJECTED_LIGHT.get("bob", 0.0))
    excess = (clicks - most).max(axis=0)
    if excess.max() > _CLOSE:
        number = int(np.argmax(excess > _CLOSE))
        yield (
            f"pulses of {number} photons click with probability {clicks[:, number].max():.3g}, but photons "
            f"without loss, dark counts and the light declared allow {most[:, number].max():.3g}"
        )


def _blocks(attack: PulseAttack, model: DetectionModel, settings: PulseSettings) -> Iterator[str]:
    """Find an array of links that is not treated as each link by itself."""
    factors = np.array([1.0, 0.8, 0.3])
    links = [replace(model, channel_transmittance=model.channel_transmittance * each) for each in factors]
    together = replace(
        model,
        channel_transmittance=(model.channel_transmittance * factors)[:, None, None],
        misalignment=np.full((3, 1, 1), model.misalignment),
    )
    for name in ("attacked_patterns", "information"):
        try:
            got = np.asarray(getattr(attack, name)(together, settings))
        except (ValueError, IndexError, TypeError) as error:
            yield f"its {name} fails for an array of links: {error}"
            continue
        alone = np.stack([np.asarray(getattr(attack, name)(link, settings)) for link in links])
        if got.shape != alone.shape or not np.allclose(got, alone, rtol=1e-6, atol=_CLOSE):
            yield f"its {name} for an array of links differs from that of the links one by one"


def _information_of_single_photons(attack: PulseAttack) -> Iterator[str]:
    """Find more information than Fuchs et al., PRA 56, 1163 (1997) allow for the errors caused."""
    sent_basis, sent_bit, measured_basis = np.indices((2, 2, 2)).reshape(3, -1)
    rows = np.broadcast_to(photons.single(), (8, 2))
    settings = PulseSettings(
        np.full(8, 1 / 8), rows, sent_basis, sent_bit, measured_basis, np.ones(8, np.bool_)
    )
    for transmittance in (0.1, 0.5, 1.0):
        model = DetectionModel(transmittance, 0.6)
        patterns = attack.attacked_patterns(model, settings)[sent_basis == measured_basis, 1]
        bits = sent_bit[sent_basis == measured_basis]
        wrong = np.where(bits == 1, patterns[:, 1], patterns[:, 2]) + patterns[:, 3] / 2
        clicks = 1 - patterns[:, 0].mean()
        error = min(float(wrong.mean() / clicks), 0.5) if clicks > 0 else 0.5
        most = float(1 - binary_entropy(0.5 + np.sqrt(error * (1 - error))))
        claimed = float(attack.information(model, settings))
        if claimed > most + _CLOSE:
            yield (
                f"it claims {claimed:.4g} bits of a single photon at an error rate of {error:.4g}, which "
                f"allows {most:.4g}; an attack that breaks an assumption must say which"
            )
            return


def _readings(attack: PulseAttack) -> Iterator[str]:
    """Find readings that do not exist, are not finite, or show light that is not declared."""
    honest = Readings(**{name: np.full(3, getattr(Readings, name)) for name in NAMES})
    read = attack.attacked_readings(honest)
    if type(read) is not Readings:
        yield f"it must return Readings, but returns {type(read).__name__}"
        return
    for name in NAMES:
        values: Floats = np.asarray(getattr(read, name), float)
        if values.shape not in ((), (3,)) or not np.isfinite(values).all():
            yield f"its reading {name} is not a finite number for each block"
    if np.any(np.asarray(read.arrival_std_ps) <= 0):
        yield "its arrival times have no width"
    for name in ("alice_monitor_nw", "source_power"):
        if np.any(getattr(read, name) > getattr(honest, name)) and "alice" not in attack.INJECTED_LIGHT:
            yield f"it raises {name}, but declares no light that enters Alice's station"


def _symbols(attack: SymbolAttack) -> Iterator[str]:
    runs = False
    for model in SYMBOL_LINKS:
        try:
            link = attack.attacked(model)
        except InvalidInput:
            continue  # not every link offers what an attack needs
        runs = True
        for field in fields(SymbolModel):
            before, after = getattr(model, field.name), getattr(link, field.name)
            foreign = field.name.startswith("foreign")
            if not np.all(np.isfinite(after)):
                yield f"its {field.name} is not finite"
            elif np.all(before == after) or field.name in _EVES:
                continue
            elif not foreign:
                yield f"it changes {field.name}, which is out of Eve's reach"
            elif "bob" not in attack.INJECTED_LIGHT:
                yield f"it changes {field.name}, but declares no light that enters Bob's station"
        if np.any(np.asarray(link.transmittance) > 1):
            yield f"its channel passes more light than there is: a transmittance of {link.transmittance:.4g}"
        information = np.asarray(attack.information(model))
        if information.shape != () or not (np.isfinite(information) and information >= -_CLOSE):
            yield f"its information must be a finite number of bits, at least 0, but is {information}"
        elif not attack.BREAKS and information > attack.charged(model) + _CLOSE:
            yield (
                f"it claims {float(information):.4g} bits of a symbol where the parties charge "
                f"{float(attack.charged(model)):.4g}; an attack that breaks an assumption must say which"
            )
        several = np.asarray(attack.information(model.per_block(3)))
        # Only the first block need be like a link by itself: an attack may go on and off from block to block.
        if several.shape != (3,) or not np.isclose(several[0], information, rtol=1e-6, atol=_CLOSE):
            yield "its information for an array of links differs from that of the links one by one"
    if not runs:
        yield "it refuses every link"


def _rounds(attack: RoundAttack) -> Iterator[str]:
    for name in attack.PROTOCOLS:
        if name not in protocols():
            yield f"PROTOCOLS names {name}, which does not exist"
            continue
        link, locked = protocols()[name].typical(_LENGTH_KM)
        protocol = unlocked(locked)
        honest, expected = protocol.statistics(link), attack.statistics(protocol, link)
        if set(expected) != set(honest):
            odd = ", ".join(sorted(set(expected) ^ set(honest)))
            yield f"its statistics do not name what those of {name} do: {odd}"
            continue
        outside = [key for key, value in expected.items() if not 0 <= _mean(value) <= 1]
        if outside:
            yield f"its statistic {outside[0]!r} of {name} is not a probability"
            continue
        none = replace(attack, fraction=0.0).statistics(protocol, link)
        if any(not np.isclose(_mean(none[key]), _mean(honest[key]), atol=1e-12) for key in honest):
            yield f"at fraction 0 it is not the honest link of {name}"
        sampled = attack.sample(protocol, link, _ROUNDS, np.random.default_rng(7))
        if set(sampled) != set(honest):
            yield f"its sample does not name what that of {name} does"
            continue
        for row in compare(expected, sampled, _ROUNDS):
            if row.p_value < 1e-6:
                yield (
                    f"its sampled {row.name!r} of {name} disagrees with its statistics: {row.seen:.6g} seen, "
                    f"{row.expected:.6g} expected"
                )
        information = float(attack.information(protocol, link))
        if not -_CLOSE <= information <= 1 + _CLOSE:
            yield f"its information on {name} must be from 0 to 1 bits, but is {information}"


def _mean(value: Floats | Moment) -> float:
    return float(value.mean if isinstance(value, Moment) else value)
