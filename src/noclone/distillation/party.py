"""The two parties: Alice's and Bob's side of distillation, from their record to their key.

Each function sees one record, one channel and its own secrets. Everything that the other party
learns goes through the channel. The order is: greeting, sifting, reconciliation, verification,
estimation, amplification, and last the delayed authentication of all that was said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.bits import Bits
from noclone.core.progress import Progress, silent
from noclone.core.registry import named_modules, pick
from noclone.core.secrets import Secrets
from noclone.distillation import amplification, estimation, sifting, verification
from noclone.distillation.channel import ClassicalChannel, PeerAborted, ProtocolViolation
from noclone.distillation.estimation import ErrorCounts, ErrorRates, Estimate
from noclone.distillation.ledger import Charge, Epsilon
from noclone.distillation.messages import Goodbye, Message, Numbers
from noclone.distillation.reconciliation.reconciliation import Reconciled
from noclone.distillation.sifting import Sifted
from noclone.rates.entropy import binary_entropy
from noclone.records import AliceRecord, BobRecord
from noclone.setup import Setup
from noclone.setup.toml import to_tables


class Greeting(Message, frozen=True):
    """What both parties must agree on before they begin."""

    stage = "greeting"
    run_id: str
    pulses: int
    setup_digest: bytes


class PublicSeed(Message, frozen=True):
    """Public randomness of reconciliation, chosen after the detections are known."""

    stage = "reconciliation"
    seed: int


class Stop(Exception):
    """Distillation cannot go on; carries the reason and what shows it."""

    def __init__(self, stage: str, reason: str, **evidence: Any) -> None:
        self.stage, self.reason, self.evidence = stage, reason, evidence
        super().__init__(reason)


@dataclass(frozen=True)
class Distilled:
    """A party's key before authentication has released it.

    Attributes
    ----------
    packed : NDArray[uint8]
        The key.
    estimate : Estimate
        Bound, counts, terms and lengths.
    charges : tuple of Charge
        Leakage by stage.
    epsilons : tuple of Epsilon
        Failure probabilities, authentication aside.
    qber, f_ec : float
        Of the raw key.
    sifted_bits, disclosed_frames : int
        Raw key bits, and frames sent in clear.
    leak_bits : tuple of int
        Leakage taken off each basis's key.
    """

    packed: NDArray[np.uint8] = field(repr=False)
    estimate: Estimate
    charges: tuple[Charge, ...]
    epsilons: tuple[Epsilon, ...]
    qber: float
    f_ec: float
    sifted_bits: int
    disclosed_frames: int
    leak_bits: tuple[int, int]


def alice(
    record: AliceRecord,
    setup: Setup,
    channel: ClassicalChannel,
    secrets: Secrets,
    bound: str | None = None,
    progress: Progress = silent,
    earlier_bits: int = 0,
) -> Distilled:
    """Run Alice's side up to, not including, authentication.

    Parameters
    ----------
    record : AliceRecord
        Her record.
    setup : Setup
        The same at both parties.
    channel : ClassicalChannel
        To Bob.
    secrets : Secrets
        Her randomness.
    bound : str, optional
        Instead of the protocol's own.
    progress : callable
        Told what is done.
    earlier_bits : int
        Bits about the raw key that either party disclosed in attempts that gave no key; charged in full to
        each keyed basis, because nobody knows which one they told of.

    Raises
    ------
    Stop
        With the reason, if there is no key.
    ProtocolViolation, PeerAborted, ChannelClosed
        If Bob, or Eve in his place, does not keep to the protocol.
    """
    _greet(record.run.run_id, record.run.pulses, setup, bound, channel)
    sifted = sifting.alice(record, setup.recorded.keyed, channel)
    progress("sifting", 1.0)
    guesses = _array(channel.receive(ErrorRates).parts_per_million, 2) / 1e6
    if guesses.min() < 0 or guesses.max() > 0.5:
        raise ProtocolViolation("an error rate is not between 0 and 1/2")
    _check_sifted(sifted, guesses, setup)
    seed = int.from_bytes(secrets.bytes(6), "little")
    channel.send(PublicSeed(seed))
    rounds = _reconcile("alice", sifted, guesses, setup, seed, channel)
    progress("reconciliation", 1.0)
    strings = _join([part.bits for part in rounds])
    checked = _verify(verification.alice, strings, rounds, channel, secrets)
    errors = _array(channel.receive(ErrorCounts).errors, sifted.detections.size).reshape(
        sifted.detections.shape
    )
    leak = _leak(rounds, checked, setup, earlier_bits)
    result = _conclude(sifted, errors, leak, setup, bound, record.run.pulses)
    final = _split(checked.bits, sifted)
    packed = amplification.alice(final, result.lengths, setup.recorded.amplification, channel, secrets)
    progress("amplification", 1.0)
    return _distilled(packed, result, leak, rounds, checked, setup, earlier_bits)


def bob(
    record: BobRecord,
    setup: Setup,
    channel: ClassicalChannel,
    bound: str | None = None,
    progress: Progress = silent,
    earlier_bits: int = 0,
) -> Distilled:
    """Run Bob's side; see `alice`."""
    _greet(record.run.run_id, record.run.pulses, setup, bound, channel)
    sifted = sifting.bob(record, setup.recorded.keyed, channel)
    progress("sifting", 1.0)
    guesses = np.rint(estimation.guess_error_rates(sifted, setup, record.run.pulses) * 1e6).astype(np.int64)
    channel.send(ErrorRates(Numbers.of(guesses)))
    _check_sifted(sifted, guesses / 1e6, setup)
    seed = channel.receive(PublicSeed).seed
    rounds = _reconcile("bob", sifted, guesses / 1e6, setup, seed, channel)
    progress("reconciliation", 1.0)
    strings = _join([part.bits for part in rounds])
    checked = _verify(verification.bob, strings, rounds, channel)
    final = _split(checked.bits, sifted)
    errors = estimation.count_errors(sifted, final)
    channel.send(ErrorCounts(Numbers.of(errors.ravel())))
    leak = _leak(rounds, checked, setup, earlier_bits)
    result = _conclude(sifted, errors, leak, setup, bound, record.run.pulses)
    packed = amplification.bob(final, result.lengths, setup.recorded.amplification, channel)
    progress("amplification", 1.0)
    return _distilled(packed, result, leak, rounds, checked, setup, earlier_bits)


def setup_digest(setup: Setup, bound: str | None) -> bytes:
    """Return a fingerprint of all that must be the same at both parties."""
    tables = to_tables(setup)
    kept = {name: tables[name] for name in ("alice", "protocol")}
    return hashlib.sha256(repr((kept, bound)).encode()).digest()


def say_goodbye(channel: ClassicalChannel, reason: str) -> None:
    """Tell the peer to stop waiting."""
    channel.send(Goodbye(reason))


def _greet(run_id: str, pulses: int, setup: Setup, bound: str | None, channel: ClassicalChannel) -> None:
    mine = Greeting(run_id, pulses, setup_digest(setup, bound))
    channel.send(mine)
    theirs = channel.receive(Greeting)
    for name, what in (("run_id", "run"), ("pulses", "number of pulses"), ("setup_digest", "setup")):
        if getattr(mine, name) != getattr(theirs, name):
            raise Stop("greeting", f"the parties do not have the same {what}")


def _check_sifted(sifted: Sifted, guesses: NDArray[np.float64], setup: Setup) -> None:
    bits = sum(part.size for part in sifted.keyed)
    if bits == 0:
        raise Stop("sifting", "no event gives raw key", detections=int(sifted.detections.sum()))
    keyed = setup.recorded.keyed.any(axis=1)
    worst = float(guesses[keyed].max())
    if worst > setup.recorded.abort_qber:
        raise Stop(
            "estimation",
            f"the error rate of the disclosed events is {worst:.1%}, "
            f"more than the {setup.recorded.abort_qber:.1%} that can give key",
            qber_estimate=worst,
            sifted_bits=bits,
        )


def _reconcile(
    party: str,
    sifted: Sifted,
    guesses: NDArray[np.float64],
    setup: Setup,
    seed: int,
    channel: ClassicalChannel,
) -> list[Reconciled]:
    method = reconciliation(setup.recorded.reconciliation)
    rounds = []
    for basis in (0, 1):
        bits = sifted.keyed[basis]
        if bits.size:
            rounds.append(getattr(method, party)(bits, float(guesses[basis]), seed + basis, channel))
        else:
            rounds.append(Reconciled(bits, 0, 1, 0))
    return rounds


def reconciliation(name: str) -> ModuleType:
    """Return the reconciliation method of this name."""
    return pick("protocol.reconciliation", name, named_modules("noclone.distillation.reconciliation"))


def _verify(
    side: Callable[..., Any], strings: Bits, rounds: list[Reconciled], *rest: Any
) -> verification.Verified:
    frame_bits = max(part.frame_bits for part in rounds)
    try:
        return side(strings, frame_bits, *rest)  # type: ignore[no-any-return]
    except verification.VerificationFailed:
        raise Stop("verification", "the strings still differ after all repairs") from None


def _leak(
    rounds: list[Reconciled],
    checked: verification.Verified,
    setup: Setup,
    earlier_bits: int,
) -> tuple[int, int]:
    """Return what was disclosed of each basis's string.

    Hashes and frames in clear are of both strings together. Each key must hold when the other string
    is known, so each pays for them in full.
    """
    if checked.collision_prob > setup.recorded.eps_cor:
        raise Stop("verification", "the string is too long for the correctness asked for")
    # The bound's own correctness term already charges log2(2 / eps_cor) bits for verification.
    extra = max(0, checked.charged_bits - int(np.floor(np.log2(2 / setup.recorded.eps_cor))))
    first, second = (part.charged_bits + extra + earlier_bits for part in rounds)
    return first, second


def _conclude(
    sifted: Sifted,
    errors: NDArray[np.int64],
    leak: tuple[int, int],
    setup: Setup,
    bound: str | None,
    pulses: int,
) -> Estimate:
    """Compute the keys' lengths from what was counted and charged."""
    try:
        result = estimation.estimate(setup, sifted.detections, errors, leak, bound, pulses)
    except estimation.Contradiction as error:
        raise Stop("estimation", f"the counts contradict the setup: {error}") from None
    if sum(result.lengths) == 0:
        keyed = setup.recorded.keyed
        wrong, seen = int(errors[keyed].sum()), int(sifted.detections[keyed].sum())
        found = [terms for terms in result.terms if terms is not None]
        raise Stop(
            "estimation",
            f"the bound {result.bound} leaves no secret key",
            qber=wrong / seen,
            sifted_bits=seen,
            single_photons=float(sum(terms.single.sum() for terms in found)),
            phase_error=float(max(terms.phase_error.max() for terms in found)),
            leak_bits=sum(leak),
        )
    return result


def _distilled(
    packed: NDArray[np.uint8],
    result: Estimate,
    leak: tuple[int, int],
    rounds: list[Reconciled],
    checked: verification.Verified,
    setup: Setup,
    earlier_bits: int,
) -> Distilled:
    theorem = reconciliation(setup.recorded.reconciliation).THEOREM
    charges = [Charge("reconciliation", part.charged_bits, theorem) for part in rounds if part.bits.size]
    charges.append(
        Charge("verification", checked.charged_bits, "every hash bit and every bit sent in clear is leaked")
    )
    if earlier_bits:
        charges.append(
            Charge("earlier attempts", earlier_bits, "whatever was said of the raw key without giving a key")
        )
    keyed = setup.recorded.keyed
    errors, seen = result.counts.errors[keyed].sum(), result.counts.detections[keyed].sum()
    # A string without errors has no Shannon limit to compare with; one error is the least that is assumed.
    shannon = sum(
        part.bits.size * float(binary_entropy(max(_rate(result, keyed, basis), 1 / part.bits.size)))
        for basis, part in enumerate(rounds)
        if part.bits.size > 1
    )
    spent = sum(part.charged_bits for part in rounds)
    return Distilled(
        packed=packed,
        estimate=result,
        charges=tuple(charges),
        epsilons=(
            Epsilon("secrecy", setup.recorded.eps_sec, f"the bound {result.bound} and privacy amplification"),
            Epsilon("correctness", checked.collision_prob, "equal hashes of different strings"),
        ),
        qber=float(errors / seen),
        f_ec=spent / shannon if shannon else float("nan"),
        sifted_bits=int(seen),
        disclosed_frames=checked.disclosed_frames + sum(part.disclosed_frames for part in rounds),
        leak_bits=leak,
    )


def _rate(result: Estimate, keyed: NDArray[np.bool_], basis: int) -> float:
    counts = result.counts
    return float(counts.errors[basis][keyed[basis]].sum() / counts.detections[basis][keyed[basis]].sum())


def _join(parts: list[Bits]) -> Bits:
    return np.concatenate(parts)


def _split(bits: Bits, sifted: Sifted) -> tuple[Bits, Bits]:
    first = sifted.keyed[0].size
    return bits[:first], bits[first:]


def _array(numbers: Numbers, size: int) -> NDArray[np.int64]:
    array = numbers.array()
    if array.size != size:
        raise ProtocolViolation(f"{size} numbers expected, got {array.size}")
    return array.astype(np.int64)


__all__ = [
    "Distilled",
    "PeerAborted",
    "Stop",
    "alice",
    "bob",
    "reconciliation",
    "say_goodbye",
    "setup_digest",
]
