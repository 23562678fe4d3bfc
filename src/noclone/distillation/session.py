"""One party's whole session: distillation, authentication, and the verdict on the key."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from noclone.core.progress import Progress, silent
from noclone.core.secrets import Secrets
from noclone.distillation import party
from noclone.distillation.authentication import (
    AUTHENTICATION_EPSILON,
    Authentication,
    TranscriptChannel,
    authenticate_as_alice,
    authenticate_as_bob,
)
from noclone.distillation.channel import ChannelClosed, ClassicalChannel, PeerAborted, ProtocolViolation
from noclone.distillation.key_pool import KeyPool
from noclone.distillation.ledger import Epsilon, Ledger
from noclone.distillation.party import Distilled, Stop
from noclone.distillation.result import Abort, SecretKey
from noclone.records import AliceRecord, BobRecord
from noclone.setup import Setup


@dataclass(frozen=True)
class Terms:
    """What a party brings to a session besides its record.

    Attributes
    ----------
    setup : Setup
        Protocol and source, the same at both parties.
    pool : KeyPool
        The party's authentication key.
    secrets : Secrets
        Its randomness for seeds and choices.
    nonces : Secrets
        Its randomness for envelopes, a stream apart so that a reproducible key does not hang on it.
    bound : str or None
        Instead of the protocol's own.
    progress : callable
        Told how far the session is.
    """

    setup: Setup
    pool: KeyPool
    secrets: Secrets
    nonces: Secrets
    bound: str | None = None
    progress: Progress = silent


def alice(record: AliceRecord, terms: Terms, channel: ClassicalChannel) -> SecretKey | Abort:
    """Run Alice's session; an abort is a result, whatever went wrong on the other side."""

    def work(transcript: TranscriptChannel) -> tuple[Distilled, Authentication]:
        found = party.alice(record, terms.setup, transcript, terms.secrets, terms.bound, terms.progress)
        return found, authenticate_as_alice(transcript, terms.pool, lambda: None)

    outcome = run(work, terms, channel, record.run.simulated)
    assert outcome is not None
    return outcome


def bob(record: BobRecord, terms: Terms, channel: ClassicalChannel) -> SecretKey | Abort:
    """Run Bob's session; see `alice`. He keeps the key only if Alice says that she keeps hers."""

    def work(transcript: TranscriptChannel) -> tuple[Distilled, Authentication]:
        found = party.bob(record, terms.setup, transcript, terms.bound, terms.progress)
        return found, authenticate_as_bob(transcript, terms.pool)

    outcome = run(work, terms, channel, record.run.simulated)
    assert outcome is not None
    return outcome


def run(
    work: Callable[[TranscriptChannel], tuple[Distilled | None, Authentication]],
    terms: Terms,
    channel: ClassicalChannel,
    simulated: bool,
) -> SecretKey | Abort | None:
    """Run one party's work over a channel that is recorded, and turn every end into a result.

    Parameters
    ----------
    work : callable
        Given the recorded channel, returns what was distilled (None if nothing new was) and how the
        authentication ended.
    terms : Terms
        Authentication key and randomness.
    channel : ClassicalChannel
        To the peer.
    simulated : bool
        Whether the record is a simulated one.

    Returns
    -------
    SecretKey, Abort or None
        None where authentication accepted and nothing new was distilled.
    """
    transcript = TranscriptChannel(channel, terms.pool, terms.nonces)

    def aborted(stage: str, reason: str, **evidence: Any) -> Abort:
        return Abort(reason, stage, evidence, Ledger(_sent(transcript)))

    try:
        found, verdict = work(transcript)
    except Stop as stop:
        with contextlib.suppress(ChannelClosed):
            party.say_goodbye(transcript, stop.reason)
        return aborted(stop.stage, stop.reason, **stop.evidence)
    except PeerAborted as error:
        return aborted("peer", str(error))
    except ProtocolViolation as error:
        with contextlib.suppress(ChannelClosed):
            party.say_goodbye(transcript, "the other party received something that it cannot accept")
        return aborted("channel", f"the other side does not keep to the protocol: {error}")
    except ChannelClosed as error:
        return aborted("channel", str(error))
    charges, epsilons = (found.charges, found.epsilons) if found else ((), ())
    ledger = Ledger(
        _sent(transcript),
        charges,
        (
            *epsilons,
            Epsilon("authentication", AUTHENTICATION_EPSILON, "two tags and the envelopes' random numbers"),
        ),
        verdict.key_bits,
    )
    if not verdict.accepted:
        return Abort(verdict.reason, "authentication", {}, ledger)
    if found is None:
        return None
    return SecretKey(
        packed=found.packed,
        key_bits=sum(found.estimate.lengths),
        ledger=ledger,
        estimate=found.estimate,
        qber=found.qber,
        sifted_bits=found.sifted_bits,
        f_ec=found.f_ec,
        disclosed_frames=found.disclosed_frames,
        leak_bits=found.leak_bits,
        simulated=simulated or not terms.secrets.live,
    )


def _sent(transcript: TranscriptChannel) -> dict[str, int]:
    total: Counter[str] = transcript.sent_bits + transcript.received_bits
    return dict(total)
