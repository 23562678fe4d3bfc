"""Coincidences: tags of both parties that belong to one photon pair, and the records they make.

Two tags coincide if their times, by one clock, differ by at most half the window and each is the nearest
to the other. Basis and bit follow from the channel numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.records.clock_model import ClockModel
from noclone.records.record import AliceRecord, BobRecord, Run
from noclone.records.time_tags import TimeTags

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

CHANNELS = (0, 1, 2, 3)
"""Default channel numbers of the outcomes Z 0, Z 1, X 0 and X 1."""

_FIRST_SHIFT, _LAST_SHIFT = 10, 60
"""Distances, in windows, between which pairs of lone tags are counted, on either side."""


@dataclass(frozen=True, eq=False)
class Coincidences:
    """The coincidences of a run.

    Attributes
    ----------
    alice, bob : int64 arrays, shape (C,)
        Indices of the two tags of each, ascending.
    difference_ps : int64 array, shape (C,)
        Bob's time minus what his clock reads at Alice's.
    window_ps : float
        Full width of the window.
    accidentals : float
        Expected number among them that are not pairs, from shifted windows.
    """

    alice: Ints
    bob: Ints
    difference_ps: Ints
    window_ps: float
    accidentals: float

    def __len__(self) -> int:
        """Return the number of coincidences."""
        return len(self.alice)


@dataclass(frozen=True)
class Correlation:
    """What the coincidences with equal bases say of one basis.

    Attributes
    ----------
    basis : str
        ``"Z"`` or ``"X"``.
    sifted_bits, errors : int
        Coincidences with both tags in this basis, and those with unequal bits.
    """

    basis: str
    sifted_bits: int
    errors: int

    @property
    def qber(self) -> float:
        """Error rate; nan without bits."""
        return self.errors / self.sifted_bits if self.sifted_bits else float("nan")

    @property
    def visibility(self) -> float:
        """Contrast of equal and unequal outcomes, 1 - 2 QBER."""
        return 1 - 2 * self.qber


def coincidences(alice: TimeTags, bob: TimeTags, clock: ClockModel, window_ps: float) -> Coincidences:
    """Find the coincidences of two parties' tags.

    Parameters
    ----------
    alice, bob : TimeTags
        Of the same run.
    clock : ClockModel
        As `synchronise` found it.
    window_ps : float
        Full width: times may differ by half of it.

    Returns
    -------
    Coincidences

    Raises
    ------
    InvalidInput
        If the window is not a finite width above 0.

    Notes
    -----
    Accidental coincidences are those of lone tags, whose partner was lost or never was: their number per
    ps of delay is counted far from the peak, among the tags that are in no coincidence. A lone tag may
    also lie between the two of a pair and take the place of one; the second term counts that.

    Examples
    --------
    >>> alice = TimeTags(time_ps=[100, 5000, 9000], channel=[0, 1, 2])
    >>> bob = TimeTags(time_ps=[1120, 1300, 9900], channel=[0, 0, 2])
    >>> clock = ClockModel(np.array([0.0, 1e4]), np.array([1000.0, 1000.0]), 100.0, 1.0)
    >>> found = coincidences(alice, bob, clock, window_ps=1000)
    >>> found.alice.tolist(), found.bob.tolist(), found.difference_ps.tolist()
    ([0, 2], [0, 2], [20, -100])
    """
    if not 0 < window_ps < np.inf:
        raise InvalidInput("the window", f"must be a finite width above 0 ps, but is {window_ps!r}")
    expected = clock.read(alice.time_ps)
    hers, his = _nearest(expected, bob.time_ps, window_ps / 2)
    difference = bob.time_ps[his] - expected[hers]
    lone_alice, lone_bob = np.delete(expected, hers), np.delete(bob.time_ps, his)
    far = _count_pairs(lone_alice, lone_bob, _FIRST_SHIFT * window_ps, _LAST_SHIFT * window_ps)
    lone_pairs = far / (2 * (_LAST_SHIFT - _FIRST_SHIFT))
    lone_per_ps = (len(lone_alice) + len(lone_bob)) / max(alice.duration_ps, 1)
    displaced = lone_per_ps * 2 * float(np.abs(difference).sum())
    return Coincidences(hers, his, difference, float(window_ps), lone_pairs + displaced)


def outcomes(tags: TimeTags, channels: Sequence[int] = CHANNELS) -> Bytes:
    """Return basis and bit of every tag as 2 basis + bit, shape (tags,).

    Parameters
    ----------
    tags : TimeTags
        Of one party.
    channels : sequence of four int
        Channel numbers of the outcomes Z 0, Z 1, X 0 and X 1. For pairs that are anticorrelated in a
        basis, exchange its two channels on one side.

    Raises
    ------
    InvalidInput
        If these are not four different channels, or a tag's channel is none of them.

    Examples
    --------
    >>> outcomes(TimeTags(time_ps=[1, 2, 3], channel=[7, 5, 8]), channels=(5, 6, 7, 8)).tolist()
    [2, 0, 3]
    """
    if len(channels) != 4 or len(set(channels)) != 4 or not all(0 <= each <= 255 for each in channels):
        raise InvalidInput(
            "channels", f"must be four different numbers from 0 to 255, but are {tuple(channels)}"
        )
    outcome_of = np.full(256, 255, np.uint8)
    outcome_of[list(channels)] = np.arange(4)
    found = outcome_of[tags.channel]
    if found.max() > 3:
        row = int(np.argmax(found > 3))
        named = ", ".join(map(str, channels))
        raise InvalidInput("channel", f"must be one of {named}, but is {tags.channel[row]} in row {row}")
    return np.asarray(found)


def correlations(found: Coincidences, alice: Bytes, bob: Bytes) -> tuple[Correlation, Correlation]:
    """Return what the coincidences say of basis Z and of basis X.

    Parameters
    ----------
    found : Coincidences
    alice, bob : uint8 arrays, shapes (tags,)
        `outcomes` of all tags of both parties.

    Returns
    -------
    z, x : Correlation

    Examples
    --------
    >>> row = np.arange(3)
    >>> found = Coincidences(row, row, 0 * row, 1000.0, 0.0)
    >>> z, x = correlations(found, np.array([0, 1, 2], np.uint8), np.array([0, 0, 1], np.uint8))
    >>> z.sifted_bits, z.qber, z.visibility, x.sifted_bits
    (2, 0.5, 0.0, 0)
    """
    both = 4 * alice[found.alice].astype(np.int64) + bob[found.bob]
    table = np.bincount(both, minlength=16).reshape(2, 2, 2, 2)
    z, x = (
        Correlation(name, int(table[k, :, k].sum()), int(table[k, 0, k, 1] + table[k, 1, k, 0]))
        for k, name in enumerate("ZX")
    )
    return z, x


def records(
    alice: TimeTags, bob: TimeTags, found: Coincidences, channels: Sequence[Sequence[int]], protocol: str
) -> tuple[AliceRecord, BobRecord]:
    """Return the parties' records of the coincidences, in both bases and before sifting.

    A pulse is a coincidence window: they divide Alice's time from her first tag on. Of two coincidences
    in one window, which hardly happens, the first is kept.

    Parameters
    ----------
    alice, bob : TimeTags
    found : Coincidences
        Of these tags.
    channels : pair of sequences
        Alice's and Bob's channels, as for `outcomes`.
    protocol : str
        That the records are of.

    Raises
    ------
    InvalidInput
        As `outcomes` does.

    Examples
    --------
    >>> alice = TimeTags(time_ps=[100, 5000, 9000], channel=[0, 1, 2])
    >>> bob = TimeTags(time_ps=[1120, 1300, 9900], channel=[0, 0, 3])
    >>> clock = ClockModel(np.array([0.0, 1e4]), np.array([1000.0, 1000.0]), 100.0, 1.0)
    >>> found = coincidences(alice, bob, clock, window_ps=1000)
    >>> hers, his = records(alice, bob, found, (CHANNELS, CHANNELS), "continuous-bbm92")
    >>> hers.pulse_index.tolist(), hers.basis.tolist(), hers.bit.tolist(), his.bit.tolist()
    ([0, 8], [0, 1], [0, 0], [0, 1])
    """
    times = alice.time_ps[found.alice]
    window = ((times - alice.time_ps[0]) / found.window_ps).astype(np.int64)
    window, first = np.unique(window, return_index=True)
    hers = outcomes(alice, channels[0])[found.alice[first]]
    his = outcomes(bob, channels[1])[found.bob[first]]
    run = Run(
        run_id=f"tags-{hashlib.blake2b(times.tobytes(), digest_size=6).hexdigest()}",
        protocol=protocol,
        pulses=int(alice.duration_ps / found.window_ps) + 1,
        clock_rate_hz=1e12 / found.window_ps,
        simulated=alice.simulated or bob.simulated,
        provenance={"window_ps": found.window_ps, "tags": [len(alice), len(bob)]},
    )
    single = np.zeros(len(window), np.uint8)
    return (
        AliceRecord(run=run, pulse_index=window, basis=hers // 2, bit=hers % 2, intensity=single),
        BobRecord(run=run, pulse_index=window, basis=his // 2, bit=his % 2),
    )


@njit(cache=True, nogil=True)
def _nearest(expected: Ints, bob: Ints, reach: float) -> tuple[Ints, Ints]:
    """Return the indices of the tags that are nearest to each other and within reach; the earlier if tied."""
    most = min(len(expected), len(bob))
    hers, his = np.empty(most, np.int64), np.empty(most, np.int64)
    found, right = 0, 0
    for i in range(len(expected)):
        time = expected[i]
        while right < len(bob) and bob[right] < time:
            right += 1
        j = right
        if right == len(bob) or (right > 0 and time - bob[right - 1] <= bob[right] - time):
            j = right - 1
            while j > 0 and bob[j - 1] == bob[j]:
                j -= 1
        distance = abs(bob[j] - time)
        if distance > reach:
            continue
        if i > 0 and abs(bob[j] - expected[i - 1]) <= distance:
            continue
        later = i + 1
        while later < len(expected) and expected[later] == time:
            later += 1
        if later < len(expected) and abs(bob[j] - expected[later]) < distance:
            continue
        hers[found], his[found] = i, j
        found += 1
    return hers[:found].copy(), his[:found].copy()


@njit(cache=True, nogil=True)
def _count_pairs(expected: Ints, bob: Ints, low: float, high: float) -> int:
    """Count the pairs of tags whose distance, in either direction, lies above low and up to high."""
    count, far_left, near_left, near_right, far_right = 0, 0, 0, 0, 0
    for i in range(len(expected)):
        while far_left < len(bob) and bob[far_left] - expected[i] < -high:
            far_left += 1
        while near_left < len(bob) and bob[near_left] - expected[i] < -low:
            near_left += 1
        while near_right < len(bob) and bob[near_right] - expected[i] <= low:
            near_right += 1
        while far_right < len(bob) and bob[far_right] - expected[i] <= high:
            far_right += 1
        count += near_left - far_left + far_right - near_right
    return count
