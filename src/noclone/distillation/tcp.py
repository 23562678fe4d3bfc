"""The classical channel over TCP: length-prefixed messages on one connection."""

from __future__ import annotations

import socket
import struct
import time

from noclone.core.errors import InvalidInput
from noclone.distillation.channel import ChannelClosed, ProtocolViolation, expect
from noclone.distillation.messages import AnyMessage, Message, encode

_HEADER = struct.Struct("<I")
LONGEST_MESSAGE = 1 << 27
"""Bytes; a peer that announces more is not one of ours. Seeds of 5e8 raw key bits still fit."""


class TcpChannel:
    """One end of a TCP connection to the peer.

    Parameters
    ----------
    connection : socket.socket
        Connected.
    timeout_s : float
        Longest wait for the peer's next message.
    """

    def __init__(self, connection: socket.socket, timeout_s: float = 600.0) -> None:
        connection.settimeout(timeout_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection

    def send(self, message: Message) -> None:
        """Send one message."""
        data = encode(message)
        if len(data) > LONGEST_MESSAGE:
            raise InvalidInput("block", f"is too long: a message of {len(data)} bytes would be needed")
        try:
            self._connection.sendall(_HEADER.pack(len(data)) + data)
        except OSError as error:
            raise ChannelClosed("the peer has gone away") from error

    def receive(self, kind: type[AnyMessage]) -> AnyMessage:
        """Wait for the next message, which must be of this kind."""
        (length,) = _HEADER.unpack(self._exactly(_HEADER.size))
        if length > LONGEST_MESSAGE:
            raise ProtocolViolation("the peer announced a message of impossible length")
        return expect(self._exactly(length), kind)

    def _exactly(self, count: int) -> bytes:
        buffer = bytearray(count)
        view, got = memoryview(buffer), 0
        while got < count:
            try:
                read = self._connection.recv_into(view[got:], min(count - got, 1 << 20))
            except OSError as error:
                raise ChannelClosed("the peer has gone away or has stopped talking") from error
            if read == 0:
                raise ChannelClosed("the peer has closed the connection")
            got += read
        return bytes(buffer)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def parse_address(text: str, field: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``.

    Raises
    ------
    InvalidInput
        If the text is not of that form.

    Examples
    --------
    >>> parse_address("127.0.0.1:7000", "--peer")
    ('127.0.0.1', 7000)
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InvalidInput(field, f"must be HOST:PORT with a port from 1 to 65535, but is {text!r}")
    return host, int(port)


def listen(address: tuple[str, int], timeout_s: float) -> TcpChannel:
    """Wait for the peer to connect here.

    Raises
    ------
    InvalidInput
        If the address cannot be used.
    ChannelClosed
        If nobody connects in time.
    """
    try:
        server = socket.create_server(address)
    except OSError as error:
        raise InvalidInput("--listen", f"cannot use {address[0]}:{address[1]} ({error.strerror})") from error
    with server:
        server.settimeout(timeout_s)
        try:
            connection, _ = server.accept()
        except TimeoutError as error:
            raise ChannelClosed(f"nobody connected within {timeout_s:g} s") from error
    return TcpChannel(connection, timeout_s)


def connect(address: tuple[str, int], timeout_s: float) -> TcpChannel:
    """Connect to the peer, trying again until it listens.

    Raises
    ------
    ChannelClosed
        If nobody listens there in time.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return TcpChannel(socket.create_connection(address, timeout=5), timeout_s)
        except OSError as error:
            if time.monotonic() > deadline:
                raise ChannelClosed(f"nobody listens at {address[0]}:{address[1]}") from error
            time.sleep(0.05)
