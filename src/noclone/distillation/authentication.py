"""Delayed authentication: talk freely, hash everything, exchange one tag in each direction last.

**What is the paper's.** Tupkary, Nahar and Tan, "Authentication in Security Proofs for Quantum
Key Distribution" (arXiv:2601.17960). Only its abstract and first page were at hand, so no theorem
is cited by number. They say: proofs assume a channel that never aborts and delivers every message
unchanged and in time, whereas over a real authenticated channel the receiver alone may notice a
failure (an *asymmetric abort*) and messages may be delayed, reordered or blocked, so that the usual
definition of security no longer fits; and any protocol proven secure over the former remains secure
over the latter under mild conditions and with a minor change. Delaying authentication to the end
to save key is theirs as well; they are said to order events by synchronised clocks.

**What is our construction.** Each message travels in an envelope with a fresh 128-bit random
number, and each party hashes, per direction, all envelopes that it sent or received. At the end
(1) Bob offers the sessions that his key pool has left, (2) Alice names one, (3) Bob sends his tag:
"I am done, and this is what I sent and received", (4) Alice verifies it, keeps her key and sends
her tag: "so did I, and I keep the key", (5) Bob verifies that and keeps his. A tag is the sum of the
two hashes and a one-time pad, modulo 2^61 - 1 at each of two points (Wegman and Carter 1981); the
hash keys, one per direction, are recycled, the pads are not. This is two-phase commit: Alice keeps
a key only on Bob's authenticated word that his transcript is hers, Bob only on Alice's that she
keeps it. Whoever sends the last message cannot know that it arrives: if Eve blocks step 4, Alice
has a key and Bob none. No protocol avoids that, so the security shown is the one that allows it:
a key that anyone keeps is secret, and if both keep one, the two are equal. Before using her key,
Alice should wait for a sign that Bob has it. The random numbers stand in for clocks.

**Conditions on the protocol.** After the quantum phase each party reacts to the content of messages
alone, not to the time, and reads them in order. Neither says anything that depends on its bases,
bits or intensities before it has read a message that the other sent when its own part of the
quantum phase was over (a greeting will do). Nobody uses the key before the last step, or distils
the same data again as if nothing had been said before.

**Why it is secure (sketch).** Call it bad if a tag is accepted although the streams of the two
parties differ (or belong to different runs, which their random numbers tell apart), or if an
envelope is read before it was sent. Each session tries one tag per party. The hash is almost
Δ-universal (`noclone.hashing.polynomial`), the pads are uniform, and for streams that differ in one
direction or both a forged tag is right with probability at most `collision_bound`, whatever the
hash key of the other direction; a tag that was never sent in this session is guessed with
probability p^-2, which is smaller. Recycling the hash keys costs no more than this per tag
(Portmann, IEEE Trans. Inf. Theory 60, 4383 (2014), arXiv:1202.1229). To read an envelope early,
with the very content that is sent later, its random number must be guessed. If nothing bad happens
and Alice keeps a key, then Bob is done, both saw the same messages in the same order, and each was
read after it was sent: by the conditions this is a run over an honest channel that only delayed
messages, to which the core proof applies. What Eve does afterwards can only replace Bob's key by
none, and Bob keeps his only if Alice keeps hers. If nobody keeps a key there is nothing to protect.
So a core protocol that is ε-secure over an honest channel becomes ε + `AUTHENTICATION_EPSILON`
secure, and the errors of sessions that live on one another's keys add up.
"""

from __future__ import annotations

import contextlib
import hmac
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from noclone.core.errors import InvalidInput
from noclone.core.secrets import Secrets
from noclone.distillation.channel import (
    ChannelClosed,
    ClassicalChannel,
    PeerAborted,
    ProtocolViolation,
    expect,
)
from noclone.distillation.key_pool import SESSION_KEY_BITS, KeyPool, Party, Session
from noclone.distillation.messages import AnyMessage, Message, encode
from noclone.hashing.polynomial import PRIME, Digest, PolynomialHash, collision_bound

TRANSCRIPT_LIMIT_BYTES = 2**32
"""Longest stream of either direction; the bound below holds up to it."""

NONCE_BYTES = 16

AUTHENTICATION_EPSILON = 2 * collision_bound(TRANSCRIPT_LIMIT_BYTES) + 2 * (
    TRANSCRIPT_LIMIT_BYTES // NONCE_BYTES
) * 2.0 ** (-8 * NONCE_BYTES)
"""Failure probability of one session: two tags, and no random number guessed in either direction."""

_COUNTERPART: dict[Party, Party] = {"alice": "bob", "bob": "alice"}


class Envelope(Message, frozen=True):
    """What every message travels in: a random number that nobody can know before, and the message."""

    stage = "authentication"
    nonce: bytes
    message: bytes


class SessionOffer(Message, frozen=True):
    """Bob's pool and the next unused session of each of its batches."""

    stage = "authentication"
    pair: int
    sessions: list[Session]


class SessionChoice(Message, frozen=True):
    """The session that Alice chose; none if there is no common one."""

    stage = "authentication"
    session: Session | None


class Tag(Message, frozen=True):
    """An authentication tag, 16 bytes; empty if the sender aborts."""

    stage = "authentication"
    value: bytes


@dataclass(frozen=True)
class Authentication:
    """How the authentication ended for one party.

    Attributes
    ----------
    accepted : bool
        Whether this party keeps its key.
    reason : str
        Why not; empty if accepted.
    session : Session or None
        Which pads were used, if any.
    key_bits : int
        Authentication key that this session used up, skipped sessions included.
    """

    accepted: bool
    reason: str
    session: Session | None
    key_bits: int


class TranscriptChannel:
    """A channel that remembers, in constant memory, all that passes through it.

    Parameters
    ----------
    channel : ClassicalChannel
        The public channel to the other party.
    pool : KeyPool
        This party's authentication key.
    secrets : Secrets
        Source of the envelopes' random numbers; a live pool needs a live one.

    Attributes
    ----------
    sent_bits, received_bits : Counter
        Bits on the wire per `Message.stage`, envelopes included.

    Raises
    ------
    InvalidInput
        If the pool has no session left or the source is not fit for a live pool.

    Examples
    --------
    >>> from noclone.core.secrets import SystemSecrets
    >>> from noclone.distillation.channel import QueueChannel
    >>> from noclone.distillation.key_pool import pools_in_memory
    >>> pools, ends = pools_in_memory(1, SystemSecrets()), QueueChannel.pair()
    >>> alice, bob = (TranscriptChannel(e, p, SystemSecrets()) for e, p in zip(ends, pools))
    >>> alice.send(Tag(b"hello"))
    >>> bob.receive(Tag).value
    b'hello'
    >>> alice.sent_bits == bob.received_bits, alice.digest() == bob.digest()
    (True, True)
    """

    def __init__(self, channel: ClassicalChannel, pool: KeyPool, secrets: Secrets) -> None:
        if pool.live and not secrets.live:
            raise InvalidInput("secrets", "must be really random here: the authentication key is live")
        if not pool.sessions_left:
            raise InvalidInput("authentication key", "is used up; start with a new pair of files")
        self._channel, self._secrets = channel, secrets
        self._party = pool.party
        self._streams = {party: PolynomialHash(points) for party, points in pool.points.items()}
        self.sent_bits: Counter[str] = Counter()
        self.received_bits: Counter[str] = Counter()

    def send(self, message: Message) -> None:
        """Send one message in an envelope and note it."""
        envelope = Envelope(self._secrets.bytes(NONCE_BYTES), encode(message))
        self.sent_bits[message.stage] += 8 * self._note(self._party, envelope)
        self._channel.send(envelope)

    def receive(self, kind: type[AnyMessage]) -> AnyMessage:
        """Wait for the next message, which must be of this kind, and note it."""
        envelope = self._channel.receive(Envelope)
        if len(envelope.nonce) != NONCE_BYTES:
            raise ProtocolViolation(f"expected {NONCE_BYTES} random bytes, got {len(envelope.nonce)}")
        self.received_bits[kind.stage] += 8 * self._note(_COUNTERPART[self._party], envelope)
        return expect(envelope.message, kind)

    def digest(self) -> Digest:
        """Return the secret hash of both streams so far.

        Raises
        ------
        ProtocolViolation
            If a stream is longer than `TRANSCRIPT_LIMIT_BYTES`.
        """
        if max(stream.length_bytes for stream in self._streams.values()) > TRANSCRIPT_LIMIT_BYTES:
            raise ProtocolViolation(f"more than {TRANSCRIPT_LIMIT_BYTES} bytes in one direction")
        first, second = (
            sum(values) % PRIME
            for values in zip(*(stream.digest() for stream in self._streams.values()), strict=True)
        )
        return first, second

    def _note(self, sender: Party, envelope: Envelope) -> int:
        data = encode(envelope)
        stream = self._streams[sender]
        stream.update(struct.pack("<Q", len(data)))
        stream.update(data)
        return len(data)


def authenticate_as_alice(
    channel: TranscriptChannel, pool: KeyPool, commit: Callable[[], None]
) -> Authentication:
    """Verify Bob's tag and, if it is right, keep the key and send mine.

    Parameters
    ----------
    channel : TranscriptChannel
        The channel over which the whole protocol ran.
    pool : KeyPool
        Alice's authentication key.
    commit : callable
        Called once if Alice accepts, before Bob hears of it: makes her key durable.

    Returns
    -------
    Authentication
        An abort is a result, also when Bob has gone away or speaks nonsense.

    Raises
    ------
    InvalidInput
        If the pool cannot be written.
    """
    start, session = pool.sessions_left, None
    try:
        offer = channel.receive(SessionOffer)
        session = pool.common_session(offer.sessions) if offer.pair == pool.pair else None
        channel.send(SessionChoice(session))
        if session is None:
            return _ended("Alice's and Bob's authentication keys have no session in common", pool, start)
        tags = _tags(channel, pool, session)
        if not hmac.compare_digest(channel.receive(Tag).value, tags["bob"]):
            channel.send(Tag(b""))
            return _ended("Bob's authentication tag is wrong", pool, start, session)
    except (ChannelClosed, PeerAborted, ProtocolViolation) as error:
        return _ended(f"authentication was cut short: {error}", pool, start, session)
    commit()
    with contextlib.suppress(ChannelClosed):  # like any last message it may not arrive
        channel.send(Tag(tags["alice"]))
    return _ended("", pool, start, session)


def authenticate_as_bob(channel: TranscriptChannel, pool: KeyPool) -> Authentication:
    """Send my tag, and keep the key if Alice's tag says that she keeps hers.

    Parameters
    ----------
    channel : TranscriptChannel
        The channel over which the whole protocol ran.
    pool : KeyPool
        Bob's authentication key.

    Returns
    -------
    Authentication
        An abort is a result, also when Alice has gone away or speaks nonsense.

    Raises
    ------
    InvalidInput
        If the pool cannot be written.
    """
    start, session = pool.sessions_left, None
    try:
        channel.send(SessionOffer(pool.pair, pool.next_sessions()))
        session = channel.receive(SessionChoice).session
        if session is None or not pool.allows(session):
            return _ended("Alice's and Bob's authentication keys have no session in common", pool, start)
        tags = _tags(channel, pool, session)
        channel.send(Tag(tags["bob"]))
        answer = channel.receive(Tag).value
    except (ChannelClosed, PeerAborted, ProtocolViolation) as error:
        return _ended(f"authentication was cut short: {error}", pool, start, session)
    if not answer:
        return _ended("Alice aborted", pool, start, session)
    if not hmac.compare_digest(answer, tags["alice"]):
        return _ended("Alice's authentication tag is wrong", pool, start, session)
    return _ended("", pool, start, session)


def _tags(channel: TranscriptChannel, pool: KeyPool, session: Session) -> dict[Party, bytes]:
    """Return the tags that Alice and Bob send if their transcripts are this party's."""
    digest = channel.digest()
    return {
        party: struct.pack("<2Q", *((value + mask) % PRIME for value, mask in zip(digest, pad, strict=True)))
        for party, pad in pool.reserve(session).items()
    }


def _ended(
    reason: str, pool: KeyPool, sessions_before: int, session: Session | None = None
) -> Authentication:
    key_bits = SESSION_KEY_BITS * (sessions_before - pool.sessions_left)
    return Authentication(not reason, reason, session, key_bits)
