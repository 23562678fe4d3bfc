"""A party on a machine of its own: its record, its key files, its journal, one connection.

Alice decides: when she has verified Bob's tag she releases her key, and Bob his when he has
verified hers. If the connection dies between the two, Bob holds a prepared key that Alice has
released; the next session, itself authenticated, tells him so and he releases the same key.
Nothing that was prepared but not decided is ever released, and a decided run is never distilled
again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from noclone.core.bits import Bits, unpack
from noclone.distillation import party, session
from noclone.distillation.authentication import (
    Authentication,
    TranscriptChannel,
    authenticate_as_alice,
    authenticate_as_bob,
)
from noclone.distillation.channel import ClassicalChannel, ProtocolViolation
from noclone.distillation.journal import Journal
from noclone.distillation.key_pool import SESSION_KEY_BITS, Session
from noclone.distillation.messages import AnyMessage, Message
from noclone.distillation.party import Distilled, Stop
from noclone.distillation.result import Abort, SecretKey
from noclone.distillation.session import Terms
from noclone.records import AliceRecord, BobRecord

ALLOWANCE = 0.02
"""Share of the raw key by which the journal's count of disclosed bits runs ahead of the messages."""


NONCE_BYTES = 16


class Status(Message, frozen=True):
    """What a party's journal says of the run, and its part of the name of a new attempt."""

    stage = "greeting"
    run_id: str
    released: str
    disclosed_bits: int
    refill_sessions: int
    nonce: bytes


class MeteredChannel:
    """Counts, durably and before they are sent, the bits that tell something of the raw key.

    An attempt that dies leaves Eve, who may have posed as the peer, with what was sent in it. The
    next attempt must charge that, so it must never be forgotten, and never be too small.
    """

    def __init__(self, channel: TranscriptChannel, journal: Journal, detections: int) -> None:
        self._channel, self._journal = channel, journal
        self._step = max(1024, int(ALLOWANCE * detections))
        self._left = 0

    def send(self, message: Message) -> None:
        """Send one message, after making sure that its bits are counted."""
        bits = message.raw_key_bits()
        if bits > self._left:
            more = bits - self._left + self._step
            self._journal.allow(more)
            self._left += more
        self._left -= bits
        self._channel.send(message)

    def receive(self, kind: type[AnyMessage]) -> AnyMessage:
        """Wait for the next message, which must be of this kind."""
        return self._channel.receive(kind)


@dataclass(frozen=True)
class Resumed:
    """A key that an earlier session had distilled and that is now released at both parties.

    Attributes
    ----------
    key_path : Path
        Where it lies.
    key_bits : int
        Its length.
    """

    key_path: Path
    key_bits: int


Outcome = SecretKey | Resumed | Abort


def alice(
    record: AliceRecord, terms: Terms, channel: ClassicalChannel, journal: Journal, refill_sessions: int = 0
) -> Outcome:
    """Run Alice on this machine, and leave her key in the journal's folder if there is one.

    Parameters
    ----------
    record : AliceRecord
        Her record.
    terms : Terms
        Setup, authentication key, randomness.
    channel : ClassicalChannel
        To Bob's machine.
    journal : Journal
        Of her party and this run.
    refill_sessions : int
        Sessions of authentication key to take from the end of the new key, the same at both.
    """

    def work(transcript: TranscriptChannel) -> tuple[Distilled | None, Authentication]:
        theirs, attempt = _exchange(transcript, journal, record.run.run_id, refill_sessions, terms, hers=True)
        if journal.entry.released:
            return None, authenticate_as_alice(transcript, terms.pool, lambda: None)
        if theirs.released:
            raise Stop("greeting", "Bob has released a key of this run that Alice has not")
        metered = MeteredChannel(transcript, journal, len(record))
        earlier = journal.entry.disclosed_bits + theirs.disclosed_bits
        found = party.alice(record, terms.setup, metered, terms.secrets, terms.bound, terms.progress, earlier)
        _prepare(journal, attempt, found, refill_sessions)
        return found, authenticate_as_alice(transcript, terms.pool, lambda: journal.release(attempt))

    return _finish(work, terms, channel, journal, refill_sessions, record.run.simulated)


def bob(
    record: BobRecord, terms: Terms, channel: ClassicalChannel, journal: Journal, refill_sessions: int = 0
) -> Outcome:
    """Run Bob on this machine; see `alice`."""

    def work(transcript: TranscriptChannel) -> tuple[Distilled | None, Authentication]:
        theirs, attempt = _exchange(
            transcript, journal, record.run.run_id, refill_sessions, terms, hers=False
        )
        found = None
        if theirs.released:
            # What she has released he must have prepared, in the session of that name.
            attempt = theirs.released
            if attempt not in journal.entry.prepared or journal.entry.released not in ("", attempt):
                raise Stop("greeting", "Alice has released a key of this run that Bob does not have")
        elif journal.entry.released:
            raise Stop("greeting", "Bob has released a key of this run that Alice has not")
        else:
            metered = MeteredChannel(transcript, journal, len(record))
            earlier = journal.entry.disclosed_bits + theirs.disclosed_bits
            found = party.bob(record, terms.setup, metered, terms.bound, terms.progress, earlier)
            _prepare(journal, attempt, found, refill_sessions)
        verdict = authenticate_as_bob(transcript, terms.pool)
        if verdict.accepted and not journal.entry.released:
            journal.release(attempt)
        return found, verdict

    return _finish(work, terms, channel, journal, refill_sessions, record.run.simulated)


def _exchange(
    transcript: TranscriptChannel,
    journal: Journal,
    run_id: str,
    refill_sessions: int,
    terms: Terms,
    hers: bool,
) -> tuple[Status, str]:
    """Exchange what the journals say; return the peer's word and the name of a new attempt.

    The name holds a fresh nonce of each party (Alice's comes first), so nobody but the two can make a
    party prepare a second key under a name that it has used.
    """
    nonce = terms.nonces.bytes(NONCE_BYTES)
    entry = journal.entry
    transcript.send(Status(run_id, entry.released, entry.disclosed_bits, refill_sessions, nonce))
    theirs = transcript.receive(Status)
    if theirs.disclosed_bits < 0 or len(theirs.nonce) != NONCE_BYTES:
        raise ProtocolViolation("a status that cannot be")
    if theirs.run_id != run_id:
        raise Stop("greeting", "the parties do not have the same run", mine=run_id, theirs=theirs.run_id)
    if theirs.refill_sessions != refill_sessions:
        raise Stop(
            "greeting",
            "the parties do not refill the same number of sessions",
            mine=refill_sessions,
            theirs=theirs.refill_sessions,
        )
    both = nonce + theirs.nonce if hers else theirs.nonce + nonce
    return theirs, hashlib.sha256(both).hexdigest()[: 2 * NONCE_BYTES]


def _prepare(journal: Journal, attempt: str, found: Distilled, refill_sessions: int) -> None:
    bits, refill_bits = sum(found.estimate.lengths), refill_sessions * SESSION_KEY_BITS
    if bits <= refill_bits:
        raise Stop("amplification", "the key is too short to refill the authentication key", key_bits=bits)
    journal.prepare(attempt, unpack(found.packed, bits), refill_bits)


def _finish(
    work: Callable[[TranscriptChannel], tuple[Distilled | None, Authentication]],
    terms: Terms,
    channel: ClassicalChannel,
    journal: Journal,
    refill_sessions: int,
    simulated: bool,
) -> Outcome:
    outcome = session.run(work, terms, channel, simulated)

    def refill(attempt: str, bits: Bits) -> None:
        # The attempt, the same at both parties, names the new batch of pads.
        terms.pool.refill(Session(int(attempt[:16], 16), 0), bits)

    journal.take_refill(refill_sessions * SESSION_KEY_BITS, refill)
    if outcome is None:
        return Resumed(journal.key_path, journal.entry.key_bits)
    return outcome
