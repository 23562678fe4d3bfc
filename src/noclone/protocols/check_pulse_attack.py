"""What is wrong with an attack on pulses, in words; see `noclone.protocols.check_attack`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.pulse_attack import PulseAttack, widened
from noclone.protocols.pulse_combination import PulseCombination
from noclone.protocols.readings import NAMES, Readings
from noclone.rates.entropy import binary_entropy
from noclone.sampling import photons
from noclone.sampling.pulses import PulseSettings, honest_patterns

LINKS = (
    DetectionModel(0.1, 0.6, dark_count_prob=1e-6, misalignment=0.01),
    DetectionModel(0.5, 0.2, dark_count_prob=1e-4, misalignment=0.03),
)
"""Links of equally efficient detectors on which attacks are looked at."""
_INTENSITIES = (0.5, 0.15, 0.0)
_Z_PROBS = (0.5, 0.8)
_CLOSE = 1e-9
_CLOSE_TRACES = 1e-7
"""Precision of trace norms, which hang on roots of numbers that may be 0."""
_ANGLES = np.array([0.0, np.pi / 2, np.pi / 4, -np.pi / 4])
"""Of the polarisations by basis and bit: Z0, Z1, X0, X1."""
_WEIGHTS = np.array(list(product((-1, 0, 1), repeat=4)))


def pulse_faults(attack: PulseAttack) -> Iterator[str]:
    """Find what is wrong with an attack, all pulses attacked."""
    yield from _readings(attack)
    for model, z_prob in product(LINKS, _Z_PROBS):
        settings = _settings(np.array(_INTENSITIES), photons.poisson(_INTENSITIES), z_prob)
        invalid = list(_source(attack, settings))
        if not invalid:
            settings = widened(settings, attack.attacked_settings(settings).photon_probs.shape[1])
            invalid = list(_table(attack, model, settings))
        if invalid:
            yield from invalid
            return
        # What a combination does to so many photons depends on the intensity where a part changes the source.
        for part in attack.parts if isinstance(attack, PulseCombination) else (attack,):
            yield from _knowledge(part, model, widened(settings, _numbers(part, settings)))
        yield from _light(attack, model, settings)
        yield from _blocks(attack, model, settings)
        yield from _information(attack, model, settings)
    single = _settings(np.ones(1), photons.single()[None], 0.5)
    if not attack.BREAKS:
        for transmittance in (0.1, 0.5, 1.0):
            yield from _information(attack, DetectionModel(transmittance, 0.6), single)


def _settings(intensities: Floats, photon_probs: Floats, z_prob: float) -> PulseSettings:
    """Return those of decoy-state BB84, numbered over intensity, Alice's basis, her bit and Bob's basis."""
    intensity, sent_basis, sent_bit, measured_basis = np.indices((len(intensities), 2, 2, 2)).reshape(4, -1)
    bases = np.array([z_prob, 1 - z_prob])
    return PulseSettings(
        bases[sent_basis] * bases[measured_basis] / (2 * len(intensities)),
        photon_probs[intensity],
        sent_basis,
        sent_bit,
        measured_basis,
        intensity == 0,
    )


def _numbers(attack: PulseAttack, settings: PulseSettings) -> int:
    return int(attack.attacked_settings(settings).photon_probs.shape[1])


def _declares(attack: PulseAttack, station: str) -> bool:
    return attack.injected_light.get(station, 0.0) > 0


def _source(attack: PulseAttack, settings: PulseSettings) -> Iterator[str]:
    """Find a source that Eve changes without reaching into it, or in more than its light."""
    sent = attack.attacked_settings(settings)
    for name in ("probs", "sent_basis", "sent_bit", "measured_basis", "signal"):
        if not np.array_equal(getattr(sent, name), getattr(settings, name)):
            yield f"it changes {name} of the settings, which Alice and Bob choose"
    if sent.photon_probs.shape[1] < settings.photon_probs.shape[1]:
        yield "it leaves out photon numbers that Alice's source emits"
    elif not _declares(attack, "alice") and not np.array_equal(sent.photon_probs, settings.photon_probs):
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
    broken = attack.BREAKS_AT if attack.BREAKS else None
    if broken != "bob" and np.ptp(table[..., 0], axis=3).max() > _CLOSE:
        yield "whether Bob's detectors click depends on his basis, which Eve cannot know"
    if broken != "alice":
        yield from _one_photon(table[0, ..., 1, :])
        yield from _several_photons(table[0].reshape(4, 2, -1, 4))


def _one_photon(patterns: Floats) -> Iterator[str]:
    """Find patterns of single photons that are not those of any measurement of a photon.

    `patterns` is P(pattern | Alice's basis, her bit, Bob's basis). Each pattern is an effect a + b . s of the
    state's direction s in the plane of both bases, so that its mean over the bit is a in either basis, and
    |b| is at most a. That holds whatever Bob's receiver does.
    """
    means = patterns.mean(axis=1)
    if np.abs(means[0] - means[1]).max() > _CLOSE:
        yield (
            "what becomes of single photons, averaged over Alice's bit, depends on her basis, which no "
            "measurement finds out"
        )
    direction = (patterns[:, 0] - patterns[:, 1]) / 2
    if (np.hypot(*direction) - means.mean(axis=0)).max() > _CLOSE:
        yield "what becomes of single photons tells more of Alice's bit in both bases than any measurement"


def _several_photons(patterns: Floats) -> Iterator[str]:
    """Find patterns of several photons that tell Alice's states apart better than any measurement.

    `patterns` is P(pattern | state, Bob's basis, photons). Of a signed sum of the states' density operators
    no measurement shows more than its trace norm (Helstrom), here that of the Gram matrix with these weights.
    """
    overlaps = np.cos(_ANGLES[:, None] - _ANGLES)
    for number in range(2, patterns.shape[2]):
        values, vectors = np.linalg.eigh(overlaps**number)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        weighted = np.einsum("ia,wi,ib->wab", root, _WEIGHTS, root)
        most = np.abs(np.linalg.eigvalsh(weighted)).sum(axis=-1)
        seen = np.abs(np.einsum("wi,imk->wmk", _WEIGHTS, patterns[:, :, number])).sum(axis=-1)
        if (seen - most[:, None]).max() > _CLOSE_TRACES:
            yield f"what becomes of {number} photons tells Alice's states apart better than any measurement"
            return


def _light(attack: PulseAttack, model: DetectionModel, settings: PulseSettings) -> Iterator[str]:
    """Find clicks that the photons sent and the light declared cannot cause."""
    clicks = 1 - attack.attacked_patterns(model, settings)[..., 0]
    silent = honest_patterns(replace(model, channel_transmittance=1.0), settings)[..., 0]
    most = 1 - silent * np.exp(-model.efficiency * attack.injected_light.get("bob", 0.0))
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


def _information(attack: PulseAttack, model: DetectionModel, settings: PulseSettings) -> Iterator[str]:
    """Find more information than several photons and the errors of single ones allow.

    Of an empty pulse Eve learns nothing, and of one of several photons all. What she learns of a single
    photon's bit in one basis is at most 1 - h(1/2 + sqrt(D (1 - D))) for the error rate D in the other (Fuchs
    et al., PRA 56, 1163 (1997)), for lost photons too: those that arrive are as good as a channel without
    loss once she flips states and bits at random.
    """
    if attack.BREAKS:
        return
    patterns = attack.attacked_patterns(model, settings)
    sifted = settings.signal & (settings.sent_basis == settings.measured_basis)
    sent = (settings.probs * sifted)[:, None] * attack.attacked_settings(settings).photon_probs
    clicks = sent * (1 - patterns[..., 0])
    wrong_bit = np.where(settings.sent_bit == 1, patterns[:, 1, 1], patterns[:, 1, 2])
    wrong = sent[:, 1] * (wrong_bit + patterns[:, 1, 3] / 2)
    events, errors = (
        np.stack([each[settings.sent_basis == basis].sum(axis=0) for basis in (0, 1)])
        for each in (clicks, wrong)
    )
    if not events.sum() > 0:
        return
    rate = np.divide(errors, events[:, 1], out=np.full(2, 0.5), where=events[:, 1] > 0)
    rate = np.clip(rate[::-1], 0.0, 0.5)  # in the other basis
    single = 1 - np.asarray(binary_entropy(0.5 + np.sqrt(rate * (1 - rate))))
    most = float((events[:, 2:].sum() + events[:, 1] @ single) / events.sum())
    claimed = float(attack.information(model, settings))
    if claimed > most + _CLOSE:
        several = events[:, 2:].sum() / events.sum()
        yield (
            f"it claims {claimed:.4g} bits of a sifted bit, but {several:.3g} of them come from several "
            f"photons, and error rates of single ones of {rate[1]:.3g} in Z and {rate[0]:.3g} in X allow "
            f"{most:.4g}; an attack that breaks an assumption must say which"
        )


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
    monitored = {"alice_monitor_nw": "alice", "source_power": "alice", "bob_current_ua": "bob"}
    for name, station in monitored.items():
        if np.any(getattr(read, name) != getattr(honest, name)) and not _declares(attack, station):
            yield f"it changes {name}, but declares no light that enters {station.capitalize()}'s station"
    # Part of the width is the detectors' jitter, which no pulse that Eve sends instead of Alice's changes.
    narrower = np.any(np.asarray(read.arrival_std_ps) < np.asarray(honest.arrival_std_ps) * (1 - _CLOSE))
    if narrower and not (attack.BREAKS or _declares(attack, "bob")):
        yield "it narrows the arrival times, but declares no light that enters Bob's station"
