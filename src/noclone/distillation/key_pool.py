"""Authentication key shared by two parties: a file each, from which no bit is handed out twice.

A pool holds two hash keys, which are recycled, and sessions of one-time pads, one pad for the
tag of either party. A session is erased from the file, durably, before its pads are handed out,
so what the file still holds was never used: a party killed at any moment starts again with the
next session, and the parties meet at the later of their two.

File: a 512-byte head (magic, party, live, pair, committed length, hash keys, CRC-32), then
batches: 64 bytes (magic, identity, number of sessions, CRC-32) and 64 bytes per session (two
pads, CRC-32; all zero when erased). Items never straddle a disk sector, which a disk writes
whole or not at all. A batch counts once the head's committed length covers it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np

from noclone.core.bits import Bits
from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.core.secrets import Secrets
from noclone.hashing.polynomial import DIGEST_BITS, FIELD_BITS, PRIME, Digest

Party = Literal["alice", "bob"]

TAG_KEY_BITS = DIGEST_BITS
"""Key that one tag uses up."""

SESSION_KEY_BITS = 2 * TAG_KEY_BITS
"""Key that one session, with a tag in either direction, uses up."""

LARGEST_SKIP = 64
"""How many sessions a pool gives up at a peer's (unauthenticated) word. The parties drift apart
by one session each time one dies between the other's erasure and its own."""

_HEAD = struct.Struct("<30s2BQQ4Q")
_HEAD_BYTES = 512
_MAGIC = b"noclone authentication key 1\n\0"
_BATCH = struct.Struct("<8sQQ")
_BATCH_MAGIC = b"sessions"
_PADS = struct.Struct("<4Q")
_ITEM = struct.Struct("<32sI28x")
_ITEM_BYTES = _ITEM.size
_ERASED = bytes(_PADS.size), 0


class Session(NamedTuple):
    """Which pads two parties use: a batch by its identity, and a place in it."""

    batch: int
    slot: int


@dataclass
class _Batch:
    offset: int
    count: int
    next: int


class KeyPool:
    """One party's authentication key; made by `create_pools` or `pools_in_memory`.

    Attributes
    ----------
    party : str
        Whose pool it is.
    live : bool
        Whether the first key was really secret; a pool of a simulation is not live.
    pair : int
        Identity that only the two pools made together share; public.
    points : dict of Digest
        Secret evaluation points of the polynomial hash, by the party that sends.
    """

    def __init__(self, name: str, file: BinaryIO, sync: Callable[[], None]) -> None:
        self._name, self._file, self._sync = name, file, sync
        data = file.read()
        if len(data) < _HEAD_BYTES or data[: len(_MAGIC)] != _MAGIC:
            raise InvalidInput(name, "is not an authentication key file of noclone")
        head = _checked(name, data[: _HEAD.size + 4])
        _, is_bob, live, self.pair, committed, *points = _HEAD.unpack(head)
        self.party: Party = "bob" if is_bob else "alice"
        self.live = bool(live)
        self.points: dict[Party, Digest] = {"alice": (points[0], points[1]), "bob": (points[2], points[3])}
        if len(data) < committed:
            raise InvalidInput(name, "is damaged: its end is missing")
        file.truncate(committed)  # what lies beyond is a refill that was interrupted
        self._committed = committed
        self._batches = _read_batches(name, data[:committed])

    @classmethod
    def open(cls, path: Path | str) -> KeyPool:
        """Open a pool for this process alone.

        Raises
        ------
        InvalidInput
            If the file is missing, foreign, damaged, readable by others or in use.
        """
        name = str(path)
        try:
            file = open(path, "r+b", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise InvalidInput(name, f"cannot be opened ({error.strerror})") from error
        try:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise InvalidInput(
                    name, "holds secret key and must be accessible to its owner only (chmod 600)"
                )
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InvalidInput(name, "is in use by another process") from error
            return cls(name, file, lambda: os.fsync(file.fileno()))
        except InvalidInput:
            file.close()
            raise

    def close(self) -> None:
        """Let another process use the pool."""
        self._file.close()

    @property
    def sessions_left(self) -> int:
        """Return how many sessions have not been used."""
        return sum(batch.count - batch.next for batch in self._batches.values())

    def next_sessions(self) -> list[Session]:
        """Return the next session of each batch that has any left, in the order of use."""
        return [
            Session(identity, batch.next)
            for identity, batch in self._batches.items()
            if batch.next < batch.count
        ]

    def common_session(self, peer: list[Session]) -> Session | None:
        """Return the first session that neither party has used, given the peer's next ones."""
        slots = dict(peer)
        for session in self.next_sessions():
            if session.batch in slots:
                later = Session(session.batch, max(session.slot, slots[session.batch]))
                if self.allows(later):
                    return later
        return None

    def allows(self, session: Session) -> bool:
        """Return whether this session is unused here and within `LARGEST_SKIP` of the next one."""
        batch = self._batches.get(session.batch)
        if batch is None:
            return False
        return batch.next <= session.slot < min(batch.count, batch.next + LARGEST_SKIP)

    def reserve(self, session: Session) -> dict[Party, Digest]:
        """Erase a session, and those before it in its batch, and hand out its two pads.

        Returns
        -------
        dict of Digest
            The pad of the tag that each party sends, uniform modulo `PRIME`.

        Raises
        ------
        InvalidInput
            If the session is used up, unknown or too far ahead, or the file cannot be written.
        """
        if not self.allows(session):
            raise InvalidInput(self._name, f"has no unused authentication session {tuple(session)} at hand")
        batch = self._batches[session.batch]
        self._file.seek(batch.offset + session.slot * _ITEM_BYTES)
        pads, checksum = _ITEM.unpack(self._file.read(_ITEM_BYTES))
        if checksum != _pads_checksum(session, pads):
            raise InvalidInput(self._name, "is damaged: a checksum does not match")
        a, b, c, d = _PADS.unpack(pads)
        skipped = session.slot + 1 - batch.next
        self._write(batch.offset + batch.next * _ITEM_BYTES, bytes(skipped * _ITEM_BYTES))
        batch.next = session.slot + 1
        return {"alice": (a, b), "bob": (c, d)}

    def refill(self, session: Session, key: Bits) -> int:
        """Add sessions made of distilled key, as a new batch.

        Both parties must give the same bits, to be used for nothing else. If only one of them
        gets here, the other has no such batch and the parties go on with those they share.

        Parameters
        ----------
        session : Session
            The session that authenticated this key; names the batch. A second refill from the
            same session does nothing, so a restarted party may repeat it.
        key : uint8 array of 0/1, shape (bits,)
            `SESSION_KEY_BITS` bits make a session; a remainder is left unused.

        Returns
        -------
        int
            Number of sessions added.

        Examples
        --------
        >>> from noclone.core.secrets import SystemSecrets
        >>> alice, bob = pools_in_memory(1, SystemSecrets())
        >>> session = alice.next_sessions()[0]
        >>> key = np.random.default_rng(1).integers(0, 2, 500, dtype=np.uint8)
        >>> alice.refill(session, key), alice.refill(session, key), bob.refill(session, key)
        (2, 0, 2)
        """
        label = struct.pack("<3Q", self.pair, *session)
        identity = int.from_bytes(hashlib.blake2b(label, digest_size=8).digest(), "little")
        pads = _field_elements(key)
        if identity in self._batches or len(pads) < 4:
            return 0
        data = _batch(identity, pads)
        offset = self._committed
        self._write(offset, data)
        self._committed += len(data)
        self._write(0, _head(self.party, self.live, self.pair, self._committed, self.points))
        count = len(pads) // 4
        self._batches[identity] = _Batch(offset + _ITEM_BYTES, count, 0)
        return count

    def _write(self, offset: int, data: bytes) -> None:
        """Write durably."""
        try:
            self._file.seek(offset)
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            self._sync()
        except OSError as error:
            raise InvalidInput(self._name, f"cannot be written ({error.strerror})") from error


def create_pools(alice: Path | str, bob: Path | str, sessions: int, secrets: Secrets) -> None:
    """Make the two first pools, mode 0600; the second file is carried to Bob by hand.

    Parameters
    ----------
    alice, bob : path-like
        The two files; neither may exist.
    sessions : int
        How many sessions of pads they hold.
    secrets : Secrets
        Source of the key; if it is not live, neither are the pools.

    Raises
    ------
    InvalidInput
        If a file exists or cannot be written; then neither is left behind.

    Examples
    --------
    >>> import tempfile
    >>> from noclone.core.secrets import SystemSecrets
    >>> folder = Path(tempfile.mkdtemp())
    >>> create_pools(folder / "alice.auth", folder / "bob.auth", 3, SystemSecrets())
    >>> KeyPool.open(folder / "bob.auth").sessions_left
    3
    """
    paths = (Path(alice), Path(bob))
    for path in paths:
        if path.exists():
            raise InvalidInput(str(path), "exists already, and authentication key is not overwritten")
    written: list[Path] = []
    try:
        for path, content in zip(paths, _first_contents(sessions, secrets), strict=True):

            def write(file: BinaryIO, content: bytes = content) -> None:
                file.write(content)

            write_atomically(path, write, mode=0o600)
            written.append(path)
    except InvalidInput:
        for path in written:
            with contextlib.suppress(OSError):
                path.unlink()
        raise


def pools_in_memory(sessions: int, secrets: Secrets) -> tuple[KeyPool, KeyPool]:
    """Return Alice's and Bob's pool without files, for two parties in one process.

    Examples
    --------
    >>> from noclone.core.secrets import SimulatedSecrets
    >>> alice, bob = pools_in_memory(2, SimulatedSecrets(7, "authentication"))
    >>> session = alice.common_session(bob.next_sessions())
    >>> alice.reserve(session) == bob.reserve(session), alice.sessions_left, alice.live
    (True, 1, False)
    """
    first, second = _first_contents(sessions, secrets)
    return (
        KeyPool("Alice's authentication key", io.BytesIO(first), lambda: None),
        KeyPool("Bob's authentication key", io.BytesIO(second), lambda: None),
    )


def _first_contents(sessions: int, secrets: Secrets) -> tuple[bytes, bytes]:
    if sessions < 1:
        raise InvalidInput("sessions", f"must be at least 1, but is {sessions}")
    pair = int.from_bytes(secrets.bytes(8), "little")
    keys = [_uniform_element(secrets) for _ in range(4)]
    points: dict[Party, Digest] = {"alice": (keys[0], keys[1]), "bob": (keys[2], keys[3])}
    batch = _batch(0, [_uniform_element(secrets) for _ in range(4 * sessions)])
    committed = _HEAD_BYTES + len(batch)
    first, second = (
        _head(party, secrets.live, pair, committed, points).ljust(_HEAD_BYTES, b"\0") + batch
        for party in ("alice", "bob")
    )
    return first, second


def _uniform_element(secrets: Secrets) -> int:
    """Return a number uniform below `PRIME`, by rejection."""
    while (value := int.from_bytes(secrets.bytes(8), "little") & PRIME) == PRIME:
        pass
    return value


def _field_elements(key: Bits) -> list[int]:
    """Cut key into numbers uniform below `PRIME`: groups of 61 bits, less those that are all ones."""
    groups = key[: len(key) // FIELD_BITS * FIELD_BITS].reshape(-1, FIELD_BITS)
    values = groups.astype(np.uint64) @ (np.uint64(1) << np.arange(FIELD_BITS, dtype=np.uint64))
    return [value for value in values.tolist() if value != PRIME]


def _head(party: Party, live: bool, pair: int, committed: int, points: dict[Party, Digest]) -> bytes:
    return _sealed(
        _HEAD.pack(_MAGIC, party == "bob", live, pair, committed, *points["alice"], *points["bob"])
    )


def _batch(identity: int, pads: list[int]) -> bytes:
    count = len(pads) // 4
    items = [_sealed(_BATCH.pack(_BATCH_MAGIC, identity, count)).ljust(_ITEM_BYTES, b"\0")]
    for slot in range(count):
        content = _PADS.pack(*pads[4 * slot : 4 * slot + 4])
        items.append(_ITEM.pack(content, _pads_checksum(Session(identity, slot), content)))
    return b"".join(items)


def _pads_checksum(place: Session, pads: bytes) -> int:
    """Return the CRC-32 of pads and of the place where they belong."""
    return zlib.crc32(pads, zlib.crc32(struct.pack("<2Q", *place)))


def _sealed(content: bytes) -> bytes:
    """Append the CRC-32."""
    return content + struct.pack("<I", zlib.crc32(content))


def _checked(name: str, sealed: bytes) -> bytes:
    """Return the content of what `_sealed` made."""
    if _sealed(sealed[:-4]) != sealed:
        raise InvalidInput(name, "is damaged: a checksum does not match")
    return sealed[:-4]


def _read_batches(name: str, data: bytes) -> dict[int, _Batch]:
    """Return the batches by identity, after checking every checksum."""
    batches: dict[int, _Batch] = {}
    start = _HEAD_BYTES
    while start < len(data):
        magic, identity, count = _BATCH.unpack(_checked(name, data[start : start + _BATCH.size + 4]))
        start += _ITEM_BYTES
        end = start + count * _ITEM_BYTES
        if magic != _BATCH_MAGIC or identity in batches or end > len(data):
            raise InvalidInput(name, "is damaged: its sessions are not in order")
        used = 0
        for slot, item in enumerate(_ITEM.iter_unpack(data[start:end])):
            # An erasure of several sectors that was cut off may leave whole sessions before
            # erased ones; nothing was handed out, and counting them as used is safe.
            if item == _ERASED:
                used = slot + 1
            elif item[1] != _pads_checksum(Session(identity, slot), item[0]):
                raise InvalidInput(name, "is damaged: a checksum does not match")
        batches[identity] = _Batch(start, count, used)
        start = end
    return batches
