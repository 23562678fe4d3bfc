"""No authentication key is handed out twice, whatever happens to the process or to the disk."""

import io
import os
import random
import signal
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.core.secrets import SimulatedSecrets, SystemSecrets
from noclone.distillation.key_pool import (
    LARGEST_SKIP,
    SESSION_KEY_BITS,
    KeyPool,
    Session,
    create_pools,
    pools_in_memory,
)
from noclone.hashing.polynomial import PRIME

SECTOR = 512


@pytest.fixture
def paths(tmp_path):
    found = tmp_path / "alice.auth", tmp_path / "bob.auth"
    create_pools(*found, 20, SystemSecrets())
    return found


def distilled(count, seed=1):
    return np.random.default_rng(seed).integers(0, 2, count, dtype=np.uint8)


def test_both_files_hold_the_same_key_and_are_private(paths):
    alice, bob = (KeyPool.open(path) for path in paths)
    assert (alice.party, bob.party) == ("alice", "bob")
    assert alice.pair == bob.pair
    assert alice.points == bob.points
    assert alice.live
    assert bob.live
    for path in paths:
        assert path.stat().st_mode & 0o777 == 0o600
    seen = set(sum(alice.points.values(), ()))
    for slot in range(20):
        pads = alice.reserve(Session(0, slot))
        assert pads == bob.reserve(Session(0, slot))
        seen.update(pads["alice"] + pads["bob"])
    assert len(seen) == 4 + 4 * 20
    assert max(seen) < PRIME


def test_a_simulated_source_marks_the_pool():
    alice, bob = pools_in_memory(1, SimulatedSecrets(3, "authentication"))
    assert not alice.live
    assert not bob.live


def test_a_session_is_gone_from_the_file_once_handed_out(paths):
    pool = KeyPool.open(paths[0])
    pads = pool.reserve(Session(0, 2))
    content = paths[0].read_bytes()
    for value in pads["alice"] + pads["bob"]:
        assert value.to_bytes(8, "little") not in content
    pool.close()
    again = KeyPool.open(paths[0])
    assert again.next_sessions() == [Session(0, 3)]
    assert again.sessions_left == 17


def test_unfit_sessions_are_refused(paths):
    pool = KeyPool.open(paths[0])
    pool.reserve(Session(0, 4))
    for session in (Session(0, 4), Session(0, 0), Session(0, -1), Session(0, 20), Session(1, 0)):
        with pytest.raises(InvalidInput, match=r"has no unused authentication session"):
            pool.reserve(session)
    pool.reserve(Session(0, 19))
    assert pool.next_sessions() == []
    assert pool.sessions_left == 0


def test_a_peer_cannot_make_a_pool_give_up_many_sessions():
    pool, _ = pools_in_memory(200, SystemSecrets())
    assert pool.common_session([Session(0, LARGEST_SKIP)]) is None
    with pytest.raises(InvalidInput):
        pool.reserve(Session(0, LARGEST_SKIP))
    assert pool.common_session([Session(0, LARGEST_SKIP - 1)]) == Session(0, LARGEST_SKIP - 1)
    assert pool.common_session([Session(7, 0)]) is None


def test_refill_adds_the_same_sessions_at_both_parties():
    alice, bob = pools_in_memory(1, SystemSecrets())
    session, key = Session(0, 0), distilled(5 * SESSION_KEY_BITS + 3)
    alice.reserve(session), bob.reserve(session)
    assert alice.refill(session, key) == bob.refill(session, key) == 5
    (first,) = alice.next_sessions()
    assert alice.common_session(bob.next_sessions()) == first
    pads = alice.reserve(first)
    assert pads == bob.reserve(first)
    numbers = [sum(int(bit) << i for i, bit in enumerate(key[61 * j : 61 * j + 61])) for j in range(4)]
    assert [*pads["alice"], *pads["bob"]] == numbers


def test_key_that_is_no_field_element_is_skipped():
    alice, _ = pools_in_memory(1, SystemSecrets())
    key = np.concatenate([np.ones(61, np.uint8), distilled(SESSION_KEY_BITS)])
    assert alice.refill(Session(0, 0), key) == 1
    pads = alice.reserve(alice.next_sessions()[1])
    assert pads["alice"][0] == sum(int(bit) << i for i, bit in enumerate(key[61:122]))


def test_a_refill_repeated_after_its_key_was_used_gives_nothing(paths):
    session, key = Session(0, 0), distilled(2 * SESSION_KEY_BITS)
    pool = KeyPool.open(paths[0])
    pool.refill(session, key)
    batch = pool.next_sessions()[1].batch
    pool.reserve(Session(batch, 1))
    pool.close()
    pool = KeyPool.open(paths[0])
    assert pool.refill(session, key) == 0
    assert [found.batch for found in pool.next_sessions()] == [0]


def test_a_refill_at_one_party_only_is_passed_over():
    alice, bob = pools_in_memory(3, SystemSecrets())
    alice.refill(Session(0, 0), distilled(500))
    alice.reserve(Session(0, 1))
    assert alice.common_session(bob.next_sessions()) == Session(0, 2)
    assert bob.common_session(alice.next_sessions()) == Session(0, 2)


def test_existing_files_are_not_overwritten(paths):
    before = paths[0].read_bytes()
    with pytest.raises(InvalidInput, match="exists already"):
        create_pools(*paths, 5, SystemSecrets())
    assert paths[0].read_bytes() == before


def test_nothing_is_left_if_the_second_file_cannot_be_written(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be written"):
        create_pools(tmp_path / "alice.auth", tmp_path / "nowhere" / "bob.auth", 5, SystemSecrets())
    assert list(tmp_path.iterdir()) == []


def test_a_pool_needs_a_session():
    with pytest.raises(InvalidInput, match="sessions must be at least 1, but is 0"):
        pools_in_memory(0, SystemSecrets())


@pytest.mark.parametrize("content", [b"", b"PAR1", bytes(4096)])
def test_foreign_files_are_refused(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InvalidInput, match=r"is not an authentication key file of noclone\.$"):
        KeyPool.open(path)


def test_missing_open_and_shared_files_are_refused(paths, tmp_path):
    with pytest.raises(InvalidInput, match="cannot be opened"):
        KeyPool.open(tmp_path / "none")
    pool = KeyPool.open(paths[0])
    with pytest.raises(InvalidInput, match="is in use by another process"):
        KeyPool.open(paths[0])
    pool.close()
    paths[0].chmod(0o640)
    with pytest.raises(InvalidInput, match="accessible to its owner only"):
        KeyPool.open(paths[0])


def in_memory_content(sessions=3, used=1):
    pool, _ = pools_in_memory(sessions, SimulatedSecrets(5, "authentication"))
    for slot in range(used):
        pool.reserve(Session(0, slot))
    pool.refill(Session(0, 0), distilled(500))
    return pool._file.getvalue()


def reopened(content):
    return KeyPool("alice.auth", io.BytesIO(content), lambda: None)


def test_every_damaged_byte_is_noticed_or_does_not_matter():
    content = in_memory_content()
    intact = reopened(content)
    expected = intact.next_sessions(), intact.points, intact.pair
    pads = [intact.reserve(session) for session in intact.next_sessions()]
    noticed = 0
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 0x5A
        try:
            pool = reopened(bytes(damaged))
        except InvalidInput:
            noticed += 1
            continue
        assert (pool.next_sessions(), pool.points, pool.pair) == expected
        assert [pool.reserve(session) for session in pool.next_sessions()] == pads
    assert noticed > 0.3 * len(content)


@pytest.mark.parametrize("missing", [1, 64, 200, 800])
def test_a_truncated_file_is_refused(missing):
    content = in_memory_content()
    with pytest.raises(InvalidInput, match=r"its end is missing|is not an authentication key file"):
        reopened(content[: len(content) - missing])


def test_sessions_before_an_erased_one_count_as_used():
    """A disk may write the later sectors of an erasure and lose the earlier ones."""
    content = bytearray(in_memory_content(sessions=30, used=2))
    start = SECTOR + 64 * (1 + 8)
    content[start : start + 64 * 8] = bytes(64 * 8)
    assert reopened(bytes(content)).next_sessions()[0] == Session(0, 16)


class Disk(io.BytesIO):
    """A disk that loses power: unsynced writes arrive sector by sector, or do not."""

    def __init__(self, content, crash_at, luck):
        super().__init__(content)
        self.durable = bytearray(content)
        self.pending, self.crash_at, self.luck = [], crash_at, luck

    def _tick(self):
        self.crash_at -= 1
        if self.crash_at < 0:
            for offset, data in self.pending:
                for start in range(offset // SECTOR * SECTOR, offset + len(data), SECTOR):
                    low, high = max(start, offset), min(start + SECTOR, offset + len(data))
                    if self.luck.random() < 0.5:
                        self.durable.extend(bytes(max(high - len(self.durable), 0)))
                        self.durable[low:high] = data[low - offset : high - offset]
            raise PowerFailure

    def write(self, data):
        offset = self.tell()
        self.pending.append((offset, bytes(data)))
        self._tick()
        return super().write(data)

    def sync(self):
        self._tick()
        for offset, data in self.pending:
            self.durable.extend(bytes(max(offset + len(data) - len(self.durable), 0)))
            self.durable[offset : offset + len(data)] = data
        self.pending = []


class PowerFailure(Exception):
    pass


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["reserve", "skip", "refill"]), st.integers(0, 12)), min_size=1, max_size=12
    ),
    number=st.integers(0, 2**32),
)
def test_power_failures_never_bring_a_pad_back(steps, number):
    luck = random.Random(number)
    content = in_memory_content(sessions=30, used=0)
    used, refills = set(), 0
    for action, crash_at in steps:
        disk = Disk(content, crash_at, luck)
        pool = KeyPool("alice.auth", disk, disk.sync)
        try:
            for _ in range(3):
                if action == "refill":
                    refills += 1
                    pool.refill(Session(0, refills), distilled(12 * SESSION_KEY_BITS, seed=100 + refills))
                elif sessions := pool.next_sessions():
                    batch, slot = luck.choice(sessions)
                    session = Session(batch, slot + (luck.randrange(20) if action == "skip" else 0))
                    if pool.allows(session):
                        pads = pool.reserve(session)
                        assert used.isdisjoint({pads["alice"], pads["bob"]})
                        used |= {pads["alice"], pads["bob"]}
        except PowerFailure:
            pass
        content = bytes(disk.durable)
    reopened(content)


def test_two_hundred_kills_reuse_no_key(tmp_path):
    """SIGKILL at random moments around the pool's writes; every pad is reported as it is sent."""
    path = tmp_path / "alice.auth"
    create_pools(path, tmp_path / "bob.auth", 4000, SystemSecrets())
    luck = random.Random(20)
    report, sink = os.pipe()
    pads_sent = []
    for _ in range(200):
        child = os.fork()
        if child == 0:
            try:
                pool = KeyPool.open(path)
                os.write(sink, b"open\n")
                for _ in range(20):
                    pads = pool.reserve(pool.next_sessions()[0])
                    os.write(sink, f"{pads['alice'][0]} {pads['bob'][0]}\n".encode())
            finally:
                os._exit(0)
        received, lines = b"", luck.randrange(8)
        while received.count(b"\n") < lines:
            received += os.read(report, 65536)
        time.sleep(luck.uniform(0, 0.003))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.write(sink, b"end\n")
        while not received.endswith(b"end\n"):
            received += os.read(report, 65536)
        pads_sent += [line for line in received.splitlines() if b" " in line]
    os.close(report), os.close(sink)
    assert len(pads_sent) > 200
    assert len(set(pads_sent)) == len(pads_sent)
    assert KeyPool.open(path).sessions_left <= 4000 - len(pads_sent)
