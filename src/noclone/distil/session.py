"""One party's whole session: distillation, authentication, and the verdict on the key."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from noclone.core.progress import Progress, silent
from noclone.core.secrets import Secrets
from noclone.distil import party
from noclone.distil.authentication import (
    AUTHENTICATION_EPSILON,
    Authentication,
    TranscriptChannel,
    authenticate_as_alice,
    authenticate_as_bob,
)
from noclone.distil.channel import ChannelClosed, ClassicalChannel, PeerAborted, ProtocolViolation
from noclone.distil.key_pool import KeyPool
from noclone.distil.ledger import Epsilon, Ledger
from noclone.distil.party import Distilled, Stop
from noclone.distil.result import Abort, SecretKey
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
        Its randomness.
    bound : str or None
        Instead of the protocol's own.
    progress : callable
        Told how far the session is.
    """

    setup: Setup
    pool: KeyPool
    secrets: Secrets
    bound: str | None = None
    progress: Progress = silent


def alice(
    record: AliceRecord,
    terms: Terms,
    channel: ClassicalChannel,
    prepare: Callable[[Distilled], None] = lambda _: None,
    commit: Callable[[], None] = lambda: None,
) -> SecretKey | Abort:
    """Run Alice's session.

    Parameters
    ----------
    record : AliceRecord
        Her record.
    terms : Terms
        Setup, authentication key, randomness.
    channel : ClassicalChannel
        To Bob.
    prepare : callable
        Called with the key before authentication begins, e.g. to make it durable.
    commit : callable
        Called once she keeps the key, before Bob hears of it.

    Returns
    -------
    SecretKey or Abort
        An abort is a result, whatever went wrong on the other side.
    """

    def work(transcript: TranscriptChannel) -> tuple[Distilled, Authentication]:
        found = party.alice(record, terms.setup, transcript, terms.secrets, terms.bound, terms.progress)
        prepare(found)
        return found, authenticate_as_alice(transcript, terms.pool, commit)

    return _session(work, terms, channel, record.run.simulated)


def bob(
    record: BobRecord,
    terms: Terms,
    channel: ClassicalChannel,
    prepare: Callable[[Distilled], None] = lambda _: None,
) -> SecretKey | Abort:
    """Run Bob's session; see `alice`. He keeps the key only if Alice says that she keeps hers."""

    def work(transcript: TranscriptChannel) -> tuple[Distilled, Authentication]:
        found = party.bob(record, terms.setup, transcript, terms.bound, terms.progress)
        prepare(found)
        return found, authenticate_as_bob(transcript, terms.pool)

    return _session(work, terms, channel, record.run.simulated)


def _session(
    work: Callable[[TranscriptChannel], tuple[Distilled, Authentication]],
    terms: Terms,
    channel: ClassicalChannel,
    simulated: bool,
) -> SecretKey | Abort:
    transcript = TranscriptChannel(channel, terms.pool, terms.secrets)

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
    ledger = Ledger(
        _sent(transcript),
        found.charges,
        (
            *found.epsilons,
            Epsilon("authentication", AUTHENTICATION_EPSILON, "two tags and the envelopes' random numbers"),
        ),
        verdict.key_bits,
    )
    if not verdict.accepted:
        return Abort(verdict.reason, "authentication", {}, ledger)
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
