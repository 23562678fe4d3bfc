"""`watch`: a run's telemetry beside what is normal, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone import attacks as attack_folder
from noclone import watchers
from noclone.core.errors import InvalidInput
from noclone.core.kinds import check_kind
from noclone.core.numbers import whole
from noclone.core.progress import Progress, silent
from noclone.distillation.estimation import Contradiction, estimate
from noclone.protocols.attack import Attack
from noclone.protocols.pulse_attack import PulseAttack
from noclone.rates.key_terms import shannon_leak
from noclone.records import AliceRecord, BobRecord
from noclone.records.pulse_features import alice_rows, pulse_columns, record_telemetry
from noclone.records.tally import tally
from noclone.records.telemetry import NORMAL, Telemetry, joined
from noclone.setup import Setup
from noclone.simulation.drift import STEADY, Drift
from noclone.simulation.pulse_telemetry import pulse_telemetry
from noclone.watching.calibration import CLASSIFICATION, ONE_CLASS, Calibrated, calibrate
from noclone.watching.detectable import least_fraction, sees_peace
from noclone.watching.run_test import run_p_value
from noclone.watching.verdict import Deviation, Verdict

Floats = NDArray[np.float64]

WATCHER = "chi-square"
"""The watcher that is asked if none is named."""
NORMAL_BLOCKS = 2000
"""Blocks that the model gives where no records of normal runs are at hand."""
MOST_BLOCKS = 100_000
_TRAINING_BLOCKS = 60
_USUAL_ATTACKS = ("intercept-resend", "photon-number-splitting")


def watch(
    alice: AliceRecord,
    bob: BobRecord,
    setup: Setup,
    *,
    watcher: str = WATCHER,
    normal: Sequence[tuple[AliceRecord, BobRecord]] = (),
    blocks: int = 1,
    false_alarm_rate: float = 0.01,
    drift: Drift = STEADY,
    attack: Attack | None = None,
    seed: int = 1,
    progress: Progress = silent,
) -> Verdict:
    """Say whether a run looks as usual.

    Parameters
    ----------
    alice, bob : AliceRecord, BobRecord
        What the two parties wrote down in one run.
    setup : Setup
        What the link should be.
    watcher : str
        Name of a watcher; see ``noclone list watchers``.
    normal : sequence of record pairs, optional
        Runs that were normal. Without them, normal is what the setup's model says: right for a simulation,
        and for a laboratory only as far as its setup is.
    blocks : int
        Blocks of equally many pulses that the run is cut into.
    false_alarm_rate : float
        Share of normal runs that may raise the alarm.
    drift : Drift
        What may drift where normal comes from the model.
    attack : Attack, optional
        Whose least detectable strength is wanted besides that of the usual ones.
    seed : int
    progress : callable
        Called with stage and share done.

    Returns
    -------
    Verdict

    Raises
    ------
    InvalidInput
        If the records do not belong together or to the setup, normal blocks are too few for the rate, the
        attack does not act on pulses, or an argument is of another type.

    Examples
    --------
    >>> import noclone as nc
    >>> setup = nc.load("lim-2014")
    >>> watch(*nc.simulate(setup, pulses=1e8), setup).alarm
    False
    >>> eve = nc.attacks.PhotonNumberSplitting(fraction=0.3)
    >>> watch(*nc.simulate(setup, pulses=1e8, attack=eve), setup).alarm
    True
    """
    return look(
        alice,
        bob,
        setup,
        watcher=watcher,
        normal=normal,
        blocks=blocks,
        false_alarm_rate=false_alarm_rate,
        drift=drift,
        attack=attack,
        seed=seed,
        progress=progress,
    ).verdict


@dataclass(frozen=True, eq=False)
class Watched:
    """A verdict and what it was made from, for pictures.

    Attributes
    ----------
    verdict : Verdict
    calibrated : Calibrated
    telemetry : Telemetry
    """

    verdict: Verdict
    calibrated: Calibrated
    telemetry: Telemetry


def look(
    alice: AliceRecord,
    bob: BobRecord,
    setup: Setup,
    *,
    watcher: str = WATCHER,
    normal: Sequence[tuple[AliceRecord, BobRecord]] = (),
    blocks: int = 1,
    false_alarm_rate: float = 0.01,
    drift: Drift = STEADY,
    attack: Attack | None = None,
    seed: int = 1,
    progress: Progress = silent,
) -> Watched:
    """Watch as `watch` does, and return what the verdict was made from besides."""
    check_kind("alice", alice, AliceRecord)
    check_kind("bob", bob, BobRecord)
    if attack is not None:
        check_kind("attack", attack, Attack)
        if not isinstance(attack, PulseAttack):
            raise InvalidInput("attack", f"must act on pulses, but {attack.NAME} acts on {attack.ACTS_ON}")
    calibrated, source = normal_of(
        setup,
        alice.run.pulses,
        watcher=watcher,
        normal=normal,
        blocks=blocks,
        false_alarm_rate=false_alarm_rate,
        drift=drift,
        seed=seed,
    )
    telemetry = record_telemetry(alice, bob, len(setup.recorded.intensity_probs), blocks)
    verdict = watch_telemetry(
        calibrated, telemetry, setup, source, attack=attack, drift=drift, seed=seed, progress=progress
    )
    verdict = replace(verdict, stake_bits=likely_bits(setup, alice, bob))
    return Watched(verdict, calibrated, telemetry)


def look_at(
    telemetry: Telemetry,
    normal: Telemetry,
    *,
    watcher: str = WATCHER,
    window: int = 1,
    false_alarm_rate: float = 0.01,
    seed: int = 1,
) -> Watched:
    """Watch telemetry beside telemetry that was normal.

    Parameters
    ----------
    telemetry : Telemetry
        What to judge; its labels are not looked at.
    normal : Telemetry
        With the same columns; blocks with another label than ``"normal"`` teach a watcher that learns from
        attacks.
    watcher, window, false_alarm_rate, seed
        As for `calibrate`.

    Raises
    ------
    InvalidInput
        If columns are missing or normal blocks are too few for the rate.
    """
    check_kind("telemetry", telemetry, Telemetry)
    check_kind("normal", normal, Telemetry)
    check_same_size(telemetry, normal)
    calibrated = calibrated_for(normal, watcher, window=window, false_alarm_rate=false_alarm_rate, seed=seed)
    verdict = judge(calibrated, telemetry, "the telemetry given")
    return Watched(verdict, calibrated, telemetry)


def check_same_size(telemetry: Telemetry, normal: Telemetry) -> None:
    """Refuse telemetry whose blocks are of another size than the normal ones, as far as their cards tell.

    Raises
    ------
    InvalidInput
        Naming both sizes.
    """
    seen, usual = sizes(telemetry.card), sizes(normal.card)
    if seen and usual and seen != usual:
        raise InvalidInput(
            "telemetry",
            f"must have blocks as long as the normal ones ({_listed(usual)}), but has {_listed(seen)}",
        )


def sizes(card: Mapping[str, Any]) -> set[tuple[str, float]]:
    """Return the sizes of blocks that a data card names, with their unit."""
    parts = card.get("parts", [card])
    units = {"pulses_per_block": "pulses", "symbols_per_block": "symbols"}
    return {(unit, float(part[name])) for part in parts for name, unit in units.items() if name in part}


def _listed(found: set[tuple[str, float]]) -> str:
    return " and ".join(f"{size:g} {unit}" for unit, size in sorted(found))


def calibrated_for(
    normal: Telemetry,
    watcher: str = WATCHER,
    *,
    window: int = 1,
    false_alarm_rate: float = 0.01,
    seed: int = 1,
) -> Calibrated:
    """Return a watcher calibrated with telemetry; its attacked blocks teach one that learns from attacks."""
    check_kind("watcher", watcher, str)
    check_kind("normal", normal, Telemetry)
    usual = normal.labels == NORMAL
    strange = [normal.rows(~usual)] if not usual.all() else []
    return calibrate(
        watchers.get(watcher),
        normal.rows(usual),
        false_alarm_rate,
        attacks=strange,
        window=window,
        seed=seed,
    )


def watch_telemetry(
    calibrated: Calibrated,
    telemetry: Telemetry,
    setup: Setup,
    source: str,
    *,
    attack: Attack | None = None,
    drift: Drift = STEADY,
    seed: int = 1,
    progress: Progress = silent,
) -> Verdict:
    """Return the verdict on telemetry of a setup with the attacks that would have been seen; see `watch`."""
    verdict = judge(calibrated, telemetry, source)
    eves = {each.NAME: each for each in _pulse_attacks() if each.NAME in _USUAL_ATTACKS}
    if isinstance(attack, PulseAttack):
        eves[attack.NAME] = attack
    pulses = int(telemetry.card["pulses_per_block"])
    if not sees_peace(calibrated, setup, pulses, drift=drift, seed=seed):
        return verdict  # normal is not what the model says, so its attacks tell nothing
    found = []
    for place, eve in enumerate(eves.values()):
        progress("watch", place / len(eves))
        found.append(least_fraction(calibrated, setup, eve, pulses, drift=drift, seed=seed))
    progress("watch", 1.0)
    return replace(verdict, detectable=tuple(found))


def likely_bits(setup: Setup, alice: AliceRecord, bob: BobRecord) -> int:
    """Return about how many secret bits two records give: as counted, with the leakage that is assumed.

    Raises
    ------
    InvalidInput
        If the counts cannot be those of the setup's source.
    """
    protocol = setup.recorded
    rows = alice_rows(alice, bob)
    hers = replace(
        alice,
        pulse_index=bob.pulse_index,
        basis=alice.basis[rows],
        bit=alice.bit[rows],
        intensity=alice.intensity[rows],
    )
    detections, errors = tally(hers, bob, len(protocol.intensity_probs))
    pulses = alice.run.pulses
    counts = protocol.observed(setup.link, detections, errors, pulses)
    leaks = [0, 0]
    for basis in range(2):
        mine = protocol.keyed & (np.arange(2) == basis)[:, None]
        leaks[basis] = int(np.ceil(float(shannon_leak(counts, mine, protocol.f_ec)))) if mine.any() else 0
    try:
        return sum(estimate(setup, detections, errors, (leaks[0], leaks[1]), pulses=pulses).lengths)
    except Contradiction as error:
        raise InvalidInput("records", f"cannot be of this setup: {error}") from error


def normal_of(
    setup: Setup,
    pulses: int,
    *,
    watcher: str = WATCHER,
    normal: Sequence[tuple[AliceRecord, BobRecord]] = (),
    blocks: int = 1,
    false_alarm_rate: float = 0.01,
    drift: Drift = STEADY,
    seed: int = 1,
) -> tuple[Calibrated, str]:
    """Return a watcher calibrated for a run of so many pulses, and in words what normal was learned from.

    The parameters are those of `watch`. It looks at nothing of the run but its size: what decides about a
    block is fixed before the block.
    """
    check_kind("setup", setup, Setup)
    check_kind("watcher", watcher, str)
    check_kind("drift", drift, Drift)
    _check_pairs(normal)
    seed = whole("seed", seed, 0)
    blocks = whole("blocks", blocks, 1)
    if blocks > MOST_BLOCKS:
        raise InvalidInput("blocks", f"must be at most {MOST_BLOCKS:,}, but is {blocks:,}")
    chosen = watchers.get(watcher)
    intensities = len(setup.recorded.intensity_probs)
    size = max(1, pulses // blocks)
    columns = pulse_columns(intensities)
    if normal:
        usual = joined(
            [record_telemetry(*pair, intensities, _fitting(pair[0], size), size) for pair in normal]
        )
        source = f"{len(normal)} recorded runs"
    else:
        usual = pulse_telemetry(setup, NORMAL_BLOCKS, size, drift=drift, seed=seed + 1).only(columns)
        source = "the setup's model" + ("" if drift == STEADY else " with drift")
    known: list[Telemetry] = []
    if not chosen.suits(columns, ONE_CLASS) and chosen.suits(columns, CLASSIFICATION):
        for run, eve in enumerate(_pulse_attacks()):
            with suppress(InvalidInput):  # an attack on a part that this link does not have teaches nothing
                taught = pulse_telemetry(
                    setup, _TRAINING_BLOCKS, size, attack=eve, drift=drift, seed=seed + 2, run=run
                )
                known.append(taught.only(columns))
    return calibrate(chosen, usual, false_alarm_rate, attacks=known, seed=seed), source


def _check_pairs(normal: Any) -> None:
    pairs = isinstance(normal, Sequence) and all(
        isinstance(pair, tuple | list) and [type(each) for each in pair] == [AliceRecord, BobRecord]
        for pair in normal
    )
    if not pairs:
        raise InvalidInput("normal", "must be a sequence of pairs of Alice's and Bob's records, but is not")


def _fitting(record: AliceRecord, size: int) -> int:
    """Return how many blocks of so many pulses fit into a normal run."""
    blocks = record.run.pulses // size
    if blocks == 0:
        raise InvalidInput(
            "normal runs",
            f"must have the {size:,} pulses of a block of the run, but one has {record.run.pulses:,}",
        )
    return blocks


def _pulse_attacks() -> list[PulseAttack]:
    kinds = (attack_folder.get(name) for name in attack_folder.names())
    return [kind(fraction=0.5) for kind in kinds if issubclass(kind, PulseAttack)]


def judge(calibrated: Calibrated, telemetry: Telemetry, source: str) -> Verdict:
    """Return the verdict on telemetry.

    The run raises the alarm where `run_p_value` is at most the false-alarm rate.

    Parameters
    ----------
    calibrated : Calibrated
    telemetry : Telemetry
        With the columns that it looks at.
    source : str
        What normal was learned from.

    Raises
    ------
    InvalidInput
        If columns are missing, or there are fewer blocks than one row needs.
    """
    telemetry = unlabelled(telemetry)
    rows = telemetry.only(calibrated.columns).windows(calibrated.window)
    if len(rows) == 0:
        raise InvalidInput(
            "telemetry", f"must have at least {calibrated.window} blocks, but has {len(telemetry)}"
        )
    scores = calibrated.scores(telemetry)
    alarms = calibrated.alarms(scores)
    p_value = run_p_value(calibrated, rows, scores)
    return Verdict(
        watcher=calibrated.watcher.name,
        family=calibrated.watcher.family,
        alarm=p_value <= calibrated.false_alarm_rate,
        p_value=p_value,
        false_alarm_rate=calibrated.false_alarm_rate,
        blocks=len(rows),
        alarming=tuple(int(each) for each in np.nonzero(alarms)[0]),
        normal=source,
        normal_blocks=len(calibrated.normal),
        evidence=deviations(telemetry.only(calibrated.columns), calibrated.normal),
        likely=_likely(calibrated, telemetry, alarms),
    )


def _likely(
    calibrated: Calibrated, telemetry: Telemetry, alarms: NDArray[np.bool_]
) -> tuple[tuple[str, float], ...]:
    named = calibrated.named(telemetry) if alarms.any() else None
    if named is None:
        return ()
    labels, counts = np.unique(named[alarms], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return tuple((str(labels[i]), float(counts[i] / counts.sum())) for i in order)


def unlabelled(telemetry: Telemetry) -> Telemetry:
    """Return the same blocks without their labels, which a verdict must not look at."""
    return replace(telemetry, labels=np.full(len(telemetry), NORMAL))


def deviations(telemetry: Telemetry, normal: Telemetry) -> tuple[Deviation, ...]:
    """Return every feature beside its normal mean, the strangest first."""
    seen, usual = telemetry.values.mean(axis=0), normal.values.mean(axis=0)
    spread = normal.values.std(axis=0) / np.sqrt(len(telemetry))
    gap = seen - usual
    floor = 1e-12 * np.maximum(
        np.abs(usual), 1.0
    )  # a constant column that is as it always was is 0 sigma off
    sigmas = np.where(np.abs(gap) <= floor, 0.0, gap / np.maximum(spread, floor))
    order = np.argsort(-np.abs(sigmas), kind="stable")
    return tuple(
        Deviation(normal.columns[i], float(seen[i]), float(usual[i]), float(sigmas[i])) for i in order
    )
