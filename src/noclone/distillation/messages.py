"""What the two parties say to each other: typed messages with a fixed binary form.

A stage declares its messages as subclasses of `Message` beside its own code. Decoding checks
the kind and every field's type, so a peer (or Eve) can only send what the stage expects.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from noclone.core.bits import Bits, pack, unpack


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True, forbid_unknown_fields=True):
    """Base of all messages; `stage` names the ledger line its bits are booked under."""

    stage: ClassVar[str]

    def raw_key_bits(self) -> int:
        """Return how many bits of this message tell something of the sender's raw key.

        Bit strings of reconciliation and verification do; what sifting discloses is no raw key.
        """
        if self.stage not in ("reconciliation", "verification"):
            return 0
        fields = (getattr(self, name) for name in self.__struct_fields__)
        return sum(field.count for field in fields if isinstance(field, BitString))


AnyMessage = TypeVar("AnyMessage", bound=Message)


class BitString(msgspec.Struct, frozen=True, array_like=True):
    """A bit string inside a message: its length and its packed bytes.

    Examples
    --------
    >>> import numpy as np
    >>> BitString.of(np.array([1, 0, 1], np.uint8)).bits().tolist()
    [1, 0, 1]
    """

    count: int
    packed: bytes

    def __post_init__(self) -> None:
        """Refuse a length that the bytes do not have; decoding reports it as a bad message."""
        if self.count < 0 or len(self.packed) != (self.count + 7) // 8:
            raise ValueError(f"{self.count} bits do not take {len(self.packed)} bytes")

    @classmethod
    def of(cls, bits: Bits) -> BitString:
        """Pack an array of 0/1 into a message field."""
        return cls(len(bits), pack(bits).tobytes())

    def bits(self) -> Bits:
        """Return the array of 0/1."""
        return unpack(self.packed, self.count)


INTEGERS = ("|u1", "<u2", "<u4", "<u8", "<i4", "<i8")
"""NumPy types that a message may carry."""


class Numbers(msgspec.Struct, frozen=True, array_like=True):
    """An integer array inside a message: its NumPy dtype name and its bytes."""

    dtype: str
    data: bytes

    def __post_init__(self) -> None:
        """Refuse what is no whole number of integers; decoding reports it as a bad message."""
        if self.dtype not in INTEGERS or len(self.data) % np.dtype(self.dtype).itemsize:
            raise ValueError(f"{len(self.data)} bytes are no integers of type {self.dtype!r}")

    @classmethod
    def of(cls, array: NDArray[np.integer]) -> Numbers:
        """Wrap a one-dimensional integer array."""
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        return cls(little.dtype.str, little.tobytes())

    def array(self) -> NDArray[np.integer]:
        """Return the array."""
        return np.frombuffer(self.data, np.dtype(self.dtype))


class Goodbye(Message, frozen=True):
    """The sender gives up; the receiver must give up, too."""

    stage = "abort"
    reason: str


def encode(message: Message) -> bytes:
    """Return the bytes that go over the wire; these are the bits the ledger counts as sent."""
    return msgspec.msgpack.encode(message)


def decode(data: bytes, kind: type[AnyMessage]) -> AnyMessage | Goodbye:
    """Return the message of the expected kind, or the peer's goodbye instead of it.

    Raises
    ------
    msgspec.ValidationError, msgspec.DecodeError
        If the bytes are not such a message.
    """
    return msgspec.msgpack.decode(data, type=kind | Goodbye)
