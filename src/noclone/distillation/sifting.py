"""Sifting: Bob says which pulses he detected in which basis, Alice which of them count.

Alice's answer also tells the intensities and discloses her bits of every class that is not
keyed (the test events). Events go in chunks, so memory stays bounded whatever the run's size.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from noclone.core.bits import Bits
from noclone.distillation.channel import ClassicalChannel, ProtocolViolation
from noclone.distillation.messages import BitString, Message, Numbers
from noclone.records import AliceRecord, BobRecord

CHUNK_EVENTS = 1 << 21


class Detections(Message, frozen=True):
    """Bob's next events: distances from event to event, and the basis of each."""

    stage = "sifting"
    gaps: Numbers
    bases: BitString
    last: bool


class Matches(Message, frozen=True):
    """Alice's answer: which events match in basis, their intensities, her test bits."""

    stage = "sifting"
    matched: BitString
    intensities: list[BitString]
    disclosed: BitString


@dataclass(frozen=True)
class Sifted:
    """One party's events after sifting.

    Attributes
    ----------
    keyed : tuple of Bits
        The party's raw key of each basis, in order of time (empty where a basis is not keyed).
    intensity : tuple of NDArray[uint8]
        Intensity index of each raw key bit; kept at Bob, who counts errors by class.
    detections : NDArray[int64]
        Basis-matched detections (2, K) by basis and intensity.
    test_errors : NDArray[int64]
        Errors among the disclosed events (2, K); Bob knows them, at Alice they are zero.
    """

    keyed: tuple[Bits, Bits] = field(repr=False)
    intensity: tuple[NDArray[np.uint8], NDArray[np.uint8]] = field(repr=False)
    detections: NDArray[np.int64]
    test_errors: NDArray[np.int64]


def bob(record: BobRecord, keyed: NDArray[np.bool_], channel: ClassicalChannel) -> Sifted:
    """Run Bob's side.

    Parameters
    ----------
    record : BobRecord
        His detections.
    keyed : NDArray[bool]
        Which classes (2, K) give key; the others are disclosed.
    channel : ClassicalChannel
        To Alice.
    """
    collect = _Collector(keyed)
    previous = np.int64(-1)
    starts = range(0, max(1, record.pulse_index.size), CHUNK_EVENTS)
    for start in starts:
        rows = slice(start, start + CHUNK_EVENTS)
        index, basis = record.pulse_index[rows], record.basis[rows]
        gaps = np.diff(index, prepend=previous)
        previous = index[-1] if index.size else previous
        channel.send(Detections(_narrow(gaps), BitString.of(basis), rows.stop >= record.pulse_index.size))
        answer = channel.receive(Matches)
        matched = _bits(answer.matched, index.size, "matched").astype(bool)
        basis, bit = basis[matched], record.bit[rows][matched]
        intensity = _join(answer.intensities, basis.size, keyed.shape[1])
        test = ~keyed[basis, intensity]
        theirs = _bits(answer.disclosed, int(np.count_nonzero(test)), "disclosed")
        collect.add(basis, intensity, bit, test)
        collect.add_intensity(basis[~test], intensity[~test])
        collect.compare(basis[test], intensity[test], bit[test] ^ theirs)
    return collect.sifted()


def alice(record: AliceRecord, keyed: NDArray[np.bool_], channel: ClassicalChannel) -> Sifted:
    """Run Alice's side; see `bob`.

    Raises
    ------
    ProtocolViolation
        If Bob announces pulses in no order, outside the run, or that Alice has not recorded.
    """
    collect = _Collector(keyed)
    position, row, last = -1, 0, False
    while not last:
        message = channel.receive(Detections)
        last = message.last
        gaps = message.gaps.array().astype(np.int64)
        if gaps.size > CHUNK_EVENTS or np.any(gaps <= 0):
            raise ProtocolViolation("Bob's detections are not in order")
        index = position + np.cumsum(gaps)
        bob_basis = _bits(message.bases, index.size, "bases")
        rows, row = _find(record.pulse_index, index, row)
        position = int(index[-1]) if index.size else position
        matched = record.basis[rows] == bob_basis
        kept = rows[matched] if isinstance(rows, np.ndarray) else np.flatnonzero(matched) + rows.start
        basis, bit, intensity = record.basis[kept], record.bit[kept], record.intensity[kept]
        test = ~keyed[basis, intensity]
        channel.send(
            Matches(
                BitString.of(matched.view(np.uint8)),
                [BitString.of((intensity >> plane) & 1) for plane in range(_planes(keyed.shape[1]))],
                BitString.of(bit[test]),
            )
        )
        collect.add(basis, intensity, bit, test)
    return collect.sifted()


def _find(recorded: NDArray[np.int64], wanted: NDArray[np.int64], row: int) -> tuple[NDArray | slice, int]:
    """Return the rows of Alice's record that hold Bob's pulses, and where to go on."""
    window = recorded[row : row + wanted.size]
    if np.array_equal(window, wanted):
        return slice(row, row + wanted.size), row + wanted.size
    rows = row + np.searchsorted(recorded[row:], wanted)
    inside = rows < recorded.size
    if not inside.all() or not np.array_equal(recorded[rows], wanted):
        raise ProtocolViolation("Bob announced a pulse that Alice's record does not hold")
    return rows, int(rows[-1]) + 1 if rows.size else row


def _narrow(gaps: NDArray[np.int64]) -> Numbers:
    widest = int(gaps.max(initial=0))
    dtype = np.uint16 if widest < 1 << 16 else np.uint32 if widest < 1 << 32 else np.int64
    return Numbers.of(gaps.astype(dtype))


def _bits(field: BitString, count: int, name: str) -> Bits:
    if field.count != count:
        raise ProtocolViolation(f"{count} bits expected in {name}, got {field.count}")
    return field.bits()


def _planes(intensities: int) -> int:
    """Return how many bits an intensity index takes."""
    return max(1, (intensities - 1).bit_length())


def _join(planes: list[BitString], count: int, intensities: int) -> NDArray[np.uint8]:
    if len(planes) != _planes(intensities):
        raise ProtocolViolation("the intensities have another number of bits than there are")
    index = np.zeros(count, np.uint8)
    for plane, bits in enumerate(planes):
        index |= _bits(bits, count, "intensities") << np.uint8(plane)
    if count and index.max() >= intensities:
        raise ProtocolViolation("an intensity index is out of range")
    return index


class _Collector:
    """Grows one party's sifted events chunk by chunk."""

    def __init__(self, keyed: NDArray[np.bool_]) -> None:
        self._keyed = keyed
        self._chunks: list[list[NDArray[np.uint8]]] = [[], [], [], []]
        self._detections = np.zeros(keyed.size, np.int64)
        self._errors = np.zeros(keyed.size, np.int64)

    def _class(self, basis: Bits, intensity: NDArray[np.uint8]) -> NDArray[np.intp]:
        return np.asarray(basis.astype(np.intp) * self._keyed.shape[1] + intensity, np.intp)

    def add(self, basis: Bits, intensity: NDArray[np.uint8], bit: Bits, test: NDArray[np.bool_]) -> None:
        self._detections += np.bincount(self._class(basis, intensity), minlength=self._keyed.size)
        for which in (0, 1):
            self._chunks[which].append(bit[(basis == which) & ~test])

    def add_intensity(self, basis: Bits, intensity: NDArray[np.uint8]) -> None:
        for which in (0, 1):
            self._chunks[2 + which].append(intensity[basis == which])

    def compare(self, basis: Bits, intensity: NDArray[np.uint8], wrong: Bits) -> None:
        classes = self._class(basis, intensity)[wrong.astype(bool)]
        self._errors += np.bincount(classes, minlength=self._keyed.size)

    def sifted(self) -> Sifted:
        z, x, z_intensity, x_intensity = (_joined(chunks) for chunks in self._chunks)
        shape = self._keyed.shape
        return Sifted(
            (z, x), (z_intensity, x_intensity), self._detections.reshape(shape), self._errors.reshape(shape)
        )


def _joined(chunks: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Join the chunks and let go of them."""
    whole = np.concatenate([np.zeros(0, np.uint8), *chunks])
    chunks.clear()
    return whole
