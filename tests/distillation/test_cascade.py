"""Cascade by two parties: what they say, what is charged, what is corrected."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.core.seeds import stream
from noclone.distillation.channel import ProtocolViolation, QueueChannel
from noclone.distillation.messages import BitString
from noclone.distillation.reconciliation import cascade, cascade_original
from noclone.distillation.reconciliation.cascade import (
    EFFICIENT,
    ORIGINAL,
    AliceParities,
    BobDifferences,
    Schedule,
)
from noclone.distillation.reconciliation.cascade_search import SPREAD, Search
from noclone.distillation.reconciliation.cascade_strings import Strings
from noclone.rates.entropy import binary_entropy

SMALL = Schedule(EFFICIENT.block_bits, settled_passes=3, frame_bits=700)
DEFAULT_SMALL = replace(EFFICIENT, frame_bits=700)
SMALL_ORIGINAL = replace(ORIGINAL, frame_bits=700)


class Recorded:
    """A channel end that keeps what was sent through it."""

    def __init__(self, end):
        self.end = end
        self.sent = []

    def send(self, message):
        self.sent.append(message)
        self.end.send(message)

    def receive(self, kind):
        return self.end.receive(kind)


def converse(x, y, error_rate, seed=1, schedule=EFFICIENT):
    hers, his = (Recorded(end) for end in QueueChannel.pair())
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(cascade.bob(y, error_rate, seed, his, schedule)))
    thread.start()
    ours = cascade.alice(x, error_rate, seed, hers, schedule)
    thread.join()
    return ours, outcome[0], hers.sent, his.sent


def noisy_pair(count, error_rate, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, count, dtype=np.uint8)
    return x, x ^ (rng.random(count) < error_rate).astype(np.uint8)


def permutations_of(seed, passes, frame_bits):
    return [stream(seed, "cascade", p).permutation(frame_bits) for p in range(passes)]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    count=st.integers(1, 3000),
    error_rate=st.sampled_from([0.0, 0.003, 0.02, 0.11, 0.3]),
    assumed=st.sampled_from([0.0, 0.01, 0.05, 0.2, 0.5, 1.0]),
    seed=st.integers(0, 2**32),
    schedule=st.sampled_from([EFFICIENT, ORIGINAL, SMALL, SMALL_ORIGINAL]),
)
def test_whatever_the_length_every_disclosed_block_ends_even(count, error_rate, assumed, seed, schedule):
    x, y = noisy_pair(count, error_rate, seed)
    before = y.copy()
    ours, theirs, said, answered = converse(x, y, assumed, seed, schedule)
    assert ours.bits is x
    assert np.array_equal(y, before)
    assert ours.charged_bits == theirs.charged_bits == sum(m.parities.count for m in said)
    assert [m.parities.count for m in said] == [m.differs.count for m in answered]
    assert (ours.frame_bits, ours.disclosed_frames) == (theirs.frame_bits, theirs.disclosed_frames)
    frames = -(-count // ours.frame_bits)
    assert ours.frame_bits * (frames - 1) < count <= ours.frame_bits * frames
    residual = np.zeros(frames * ours.frame_bits, np.uint8)
    residual[:count] = x ^ theirs.bits
    blocks = schedule.block_bits(ours.frame_bits, assumed)
    for order, bits in zip(permutations_of(seed, len(blocks), ours.frame_bits), blocks, strict=True):
        for frame in residual.reshape(frames, -1)[:, order]:
            assert not np.any(np.add.reduceat(frame, range(0, len(frame), bits)) % 2)
    if blocks[0] == 1:
        assert np.array_equal(theirs.bits, x)
        assert ours.disclosed_frames == frames
        assert ours.charged_bits == frames * ours.frame_bits


class NaiveFrame:
    """The public rules for one frame, in plain Python with the error pattern at hand."""

    def __init__(self, x, y, orders, blocks, settled_passes):
        self.x, self.y = x.tolist(), y.tolist()
        self.orders = [order.tolist() for order in orders]
        self.blocks, self.settled_passes = blocks, settled_passes
        self.segments = [{} for _ in blocks]  # start -> [end, odd]
        self.settled, self.waiting, self.rounds = set(), [], []
        self.begun = 0

    def parity(self, string, p, start, end):
        return sum(string[i] for i in self.orders[p][start:end]) % 2

    def odd(self, p, start, end):
        return self.parity(self.x, p, start, end) != self.parity(self.y, p, start, end)

    def around(self, p, i):
        x = self.orders[p].index(i)
        return max(start for start in self.segments[p] if start <= x)

    def add(self, p, start, end):
        odd = self.odd(p, start, end)
        self.segments[p][start] = [end, odd]
        if end - start == 1:
            self.settled.add(self.orders[p][start])
        elif odd:
            self.waiting.append(((end - start - 1).bit_length(), p, start))
        return [self.orders[p][start]] if odd and end - start == 1 else []

    def correct(self, i):
        if self.x[i] == self.y[i]:
            return
        self.y[i] ^= 1
        self.settled.add(i)
        for p in range(self.begun):
            start = self.around(p, i)
            segment = self.segments[p][start]
            segment[1] = not segment[1]
            if segment[1] and segment[0] - start > 1:
                self.waiting.append(((segment[0] - start - 1).bit_length(), p, start))

    def propose(self):
        """Return the next questions as (pass, cuts), the cuts including both ends."""
        while True:
            if not self.waiting:
                opened = []
                while self.begun < len(self.blocks) and (
                    not opened or self.blocks[self.begun] == self.blocks[self.begun - 1]
                ):
                    n = len(self.x)
                    opened.append((self.begun, [*range(0, n, self.blocks[self.begun]), n]))
                    self.begun += 1
                return opened
            shortest = min(self.waiting)
            widest = (self.blocks[min(1, len(self.blocks) - 1)] - 1).bit_length()
            together = min(shortest[0] + SPREAD, widest)
            near = [w for w in self.waiting if w[0] <= together or w[:2] == shortest[:2]]
            questions, plain = [], []
            for _, p, start in near:
                end, odd = self.segments[p][start]
                if not odd:
                    continue
                cut = (start + end + 1) // 2
                if p < self.settled_passes:
                    open_ = [x for x in range(start, end) if self.orders[p][x] not in self.settled]
                    if len(open_) == 1:
                        plain.append(self.orders[p][open_[0]])
                        continue
                    cut = open_[(len(open_) + 1) // 2]
                if (p, [start, cut, end]) not in questions:
                    questions.append((p, [start, cut, end]))
            if plain:
                for i in plain:
                    self.correct(i)
                continue
            self.waiting = [w for w in self.waiting if w not in near]
            if questions:
                return questions

    def run(self):
        while questions := self.propose():
            answers, found = [], []
            for p, cuts in questions:
                pieces = list(pairwise(cuts))
                asked = pieces if p == 0 and not self.segments[0] else pieces[:-1]
                answers += [self.parity(self.x, p, *piece) for piece in asked]
                for piece in pieces:
                    found += self.add(p, *piece)
            self.rounds.append(answers)
            for i in found:
                self.correct(i)
        return self


@pytest.mark.parametrize("schedule", [SMALL, DEFAULT_SMALL, SMALL_ORIGINAL])
@pytest.mark.parametrize(("count", "error_rate"), [(700, 0.02), (2003, 0.05), (130, 0.1)])
def test_the_dialogue_is_that_of_the_naive_bookkeeping(schedule, count, error_rate):
    x, y = noisy_pair(count, error_rate, 5)
    ours, theirs, said, _ = converse(x, y, error_rate, 9, schedule)
    n = ours.frame_bits
    padded = np.zeros((2, -(-count // n) * n), np.uint8)
    padded[:, :count] = x, y
    blocks = schedule.block_bits(n, error_rate)
    orders = permutations_of(9, len(blocks), n)
    frames = [
        NaiveFrame(*padded[:, k : k + n], orders, blocks, schedule.settled_passes).run()
        for k in range(0, padded.shape[1], n)
    ]
    naive = [
        [bit for frame in frames if r < len(frame.rounds) for bit in frame.rounds[r]]
        for r in range(max(len(frame.rounds) for frame in frames))
    ]
    assert [m.parities.bits().tolist() for m in said] == [bits for bits in naive if bits]
    assert theirs.bits.tolist() == [bit for frame in frames for bit in frame.y][:count]


@pytest.mark.parametrize(
    ("error_rate", "most"), [(0.005, 1.04), (0.01, 1.035), (0.02, 1.035), (0.03, 1.035), (0.05, 1.045)]
)
def test_efficiency_and_residual_errors(error_rate, most):
    frames, n = 40, 65_536
    x, y = noisy_pair(frames * n, error_rate, int(1e4 * error_rate))
    ours, theirs, said, _ = converse(x, y, error_rate, 3)
    assert ours.frame_bits == n
    f = ours.charged_bits / (len(x) * binary_entropy((x ^ y).mean()))
    # Frames scatter by about 0.012 each.
    assert 1.0 < f < most + 4 * 0.012 / math.sqrt(frames)
    assert np.array_equal(theirs.bits, x)
    assert len(said) < 1500


def test_a_wrong_error_rate_costs_little():
    x, y = noisy_pair(16 * 65_536, 0.02, 8)
    shannon = len(x) * binary_entropy((x ^ y).mean())
    for factor in (0.7, 1.4):
        ours, theirs, *_ = converse(x, y, 0.02 * factor)
        assert ours.charged_bits < 1.05 * shannon
        assert np.array_equal(theirs.bits, x)


def test_equal_and_opposite_strings():
    x, _ = noisy_pair(5000, 0.0, 2)
    equal, *_ = converse(x, x, 0.02)
    # 157 blocks of 32, then 9 of 512, 3 of 1250 and 11 halves, each without the last.
    assert EFFICIENT.block_bits(5000, 0.02) == (32, 512, 1250, *[2500] * 11)
    assert equal.charged_bits == 157 + 9 + 3 + 11
    opposite, theirs, *_ = converse(x, 1 - x, 0.02)
    # Cascade sees nothing where every block holds an even number of errors.
    assert np.array_equal(theirs.bits, 1 - x)
    assert opposite.charged_bits == equal.charged_bits
    for length in (4999, 5001):
        one_more, theirs, *_ = converse(x[:length], 1 - x[:length], 0.02)
        assert one_more.charged_bits < 2 * length


@pytest.mark.parametrize("assumed", [0.0, 0.5, 1.0])
def test_extreme_error_rates(assumed):
    x, y = noisy_pair(3000, 0.02, 4)
    _, theirs, *_ = converse(x, y, assumed)
    assert np.array_equal(theirs.bits, x)


@pytest.mark.parametrize(("bits", "error_rate"), [(0, 0.1), (10, -0.1), (10, 1.1), (10, math.nan)])
def test_bad_input(bits, error_rate):
    with pytest.raises(InvalidInput):
        cascade.alice(np.zeros(bits, np.uint8), error_rate, 1, QueueChannel.pair()[0])


def test_same_seed_same_words():
    x, y = noisy_pair(20_000, 0.03, 6)
    first, again, other = (converse(x, y, 0.03, seed)[2] for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("answer", [BitString(3, b"\0"), BitString(0, b""), BitString(16, b"\0\0")])
def test_answers_of_another_length_are_refused(answer):
    # Eight bits are sent in clear, so the first message holds eight parities.
    hers, his = QueueChannel.pair()
    his.send(BobDifferences(answer))
    with pytest.raises(ProtocolViolation):
        cascade.alice(np.zeros(8, np.uint8), 0.1, 1, hers)
    hers, his = QueueChannel.pair()
    hers.send(AliceParities(answer))
    with pytest.raises(ProtocolViolation):
        cascade.bob(np.zeros(8, np.uint8), 0.1, 1, his)
    hers, his = QueueChannel.pair()
    his.send(AliceParities(BitString(8, b"\0")))
    with pytest.raises(ProtocolViolation):
        cascade.alice(np.zeros(8, np.uint8), 0.1, 1, hers)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(frame_bits=st.integers(65, 900), error_rate=st.sampled_from([0.01, 0.1]), seed=st.integers(0, 2**32))
def test_contradictory_answers_come_to_an_end(frame_bits, error_rate, seed):
    rng = np.random.default_rng(seed)
    blocks = EFFICIENT.block_bits(frame_bits, error_rate)
    orders = np.array(permutations_of(seed, len(blocks), frame_bits), np.uint16)
    search = Search(2, orders, blocks, 3)
    strings = Strings(np.zeros((2, frame_bits), np.uint8), orders)
    asked = 0
    while search.asked:
        asked += search.asked
        strings.correct(search, search.learn(rng.integers(0, 2, search.asked, dtype=np.uint8)))
    assert asked <= 2 * frame_bits * len(blocks)


def test_groups_of_frames_follow_one_another(monkeypatch):
    x, y = noisy_pair(9 * 700 - 5, 0.03, 7)
    together = converse(x, y, 0.03, 1, SMALL)
    monkeypatch.setattr(cascade, "GROUP_FRAMES", 4)
    apart = converse(x, y, 0.03, 1, SMALL)
    assert len(apart[2]) > len(together[2])
    assert apart[0].charged_bits == together[0].charged_bits
    assert np.array_equal(apart[1].bits, together[1].bits)


def test_a_frame_takes_less_than_half_a_megabyte():
    blocks = EFFICIENT.block_bits(65_536, 0.05)
    orders = np.array(permutations_of(1, len(blocks), 65_536), np.uint16)
    state = Search(4, orders, blocks, 3).state
    rows = 4 * len(blocks) * (65_536 // 64 + 1) * 8
    assert (state.marks.nbytes + state.settled.nbytes + rows) / 4 < 0.5e6


def test_the_schedules():
    assert EFFICIENT.block_bits(65_536, 0.01) == (64, 1024, 16_384, *[32_768] * 11)
    # Block sizes of the original protocol as cascade-cpp computes them (ceil(0.73 / q), doubling).
    assert ORIGINAL.block_bits(10_000, 0.01) == (73, 146, 292, 584)
    assert ORIGINAL.block_bits(10_000, 0.03) == (25, 50, 100, 200)


def test_the_original_is_the_same_engine_with_its_own_schedule():
    x, y = noisy_pair(30_000, 0.03, 11)
    hers, his = QueueChannel.pair()
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(cascade_original.bob(y, 0.03, 1, his)))
    thread.start()
    ours = cascade_original.alice(x, 0.03, 1, hers)
    thread.join()
    assert ours.charged_bits == outcome[0].charged_bits == converse(x, y, 0.03, 1, ORIGINAL)[0].charged_bits
    assert np.array_equal(outcome[0].bits, x)
    assert cascade_original.THEOREM == cascade.THEOREM
    assert cascade_original.NAME != cascade.NAME
