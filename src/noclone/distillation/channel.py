"""The classical channel as the two parties see it, and its in-process form."""

from __future__ import annotations

import queue
from typing import Protocol

import msgspec

from noclone.distillation.messages import AnyMessage, Goodbye, Message, decode, encode


class ChannelClosed(Exception):
    """The peer has gone away or has stopped talking."""


class ProtocolViolation(Exception):
    """The peer said something that does not belong here."""


class PeerAborted(Exception):
    """The peer has given up and says why."""


class ClassicalChannel(Protocol):
    """Ordered, lossless transport of messages to and from one peer; public, not trusted."""

    def send(self, message: Message) -> None:
        """Send one message."""
        ...

    def receive(self, kind: type[AnyMessage]) -> AnyMessage:
        """Wait for the next message, which must be of this kind.

        Raises
        ------
        ProtocolViolation
            If it is anything else.
        PeerAborted
            If the peer has given up.
        ChannelClosed
            If the peer has closed the channel.
        """
        ...


class QueueChannel:
    """One end of an in-process channel; both ends exchange bytes, never objects.

    Examples
    --------
    >>> class Hello(Message):
    ...     stage = "greeting"
    ...     text: str
    >>> alice, bob = QueueChannel.pair()
    >>> alice.send(Hello("hi"))
    >>> bob.receive(Hello).text
    'hi'
    """

    def __init__(self, outgoing: queue.SimpleQueue[bytes | None], incoming: queue.SimpleQueue[bytes | None]):
        self._outgoing = outgoing
        self._incoming = incoming

    @classmethod
    def pair(cls) -> tuple[QueueChannel, QueueChannel]:
        """Return the two ends of a new channel."""
        forth: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        back: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        return cls(forth, back), cls(back, forth)

    def send(self, message: Message) -> None:
        """Send one message."""
        self._outgoing.put(encode(message))

    def receive(self, kind: type[AnyMessage]) -> AnyMessage:
        """Wait for the next message, which must be of this kind."""
        data = self._incoming.get()
        if data is None:
            raise ChannelClosed("the peer has closed the channel")
        return expect(data, kind)

    def close(self) -> None:
        """Tell the peer that no more messages will come."""
        self._outgoing.put(None)


def expect(data: bytes, kind: type[AnyMessage]) -> AnyMessage:
    """Decode a message of this kind, or say that the peer broke the protocol."""
    try:
        message = decode(data, kind)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolViolation(f"expected {kind.__name__}, got something else ({error})") from error
    if isinstance(message, Goodbye):
        raise PeerAborted(message.reason)
    return message
