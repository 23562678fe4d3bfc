"""Measure Cascade: leakage, residual errors, round trips and speed of complete exchanges.

    python evidence/cascade.py efficient      the default schedule, 2000 frames of 65 536 bits a point
    python evidence/cascade.py mismatch       the same with blocks sized for a wrong error rate
    python evidence/cascade.py original       the protocol of 1993, 10 000 frames of 10 000 bits a point
    python evidence/cascade.py peer           what cascade-cpp counts for it, by a model of its bookkeeping
    python evidence/cascade.py report         all of the above as a table, beside the published figures

Results are rows of evidence/results/cascade.csv, each a batch of frames; batches add up, a run
continues where the last one stopped, and rows measured by other rules (column `rules`) are ignored.
CPU time is that of both parties' threads together, messages included. Five minutes on one core.

Why `original` charges less than cascade-cpp publishes for the same block sizes: cascade-cpp asks the
last block of passes 2 to 4, which follows from the others; it asks blocks twice that are searched on
two occasions at once; and it searches all odd blocks as they come, we the short ones first, where an
error costs fewer parities. `peer` models its bookkeeping and must meet its figures; the column that
counts each block once tells the second reason from the others.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, partial
from pathlib import Path

import msgspec
import numpy as np
from numba import njit

from noclone.core.files import write_atomically
from noclone.core.seeds import stream
from noclone.distillation.channel import QueueChannel
from noclone.distillation.messages import AnyMessage, Message, encode
from noclone.distillation.reconciliation.cascade import EFFICIENT, ORIGINAL, Schedule, alice, bob
from noclone.rates.entropy import binary_entropy

Point = tuple[float, float]
"""Error rate, and the one that the blocks are sized for."""

RESULTS = Path(__file__).parent / "results" / "cascade.csv"

PUBLISHED = {
    0.01: (1.142955, 0.012145, 3e-4),
    0.02: (1.159373, 0.008881, 3e-4),
    0.03: (1.173635, 0.007475, 0.0),
    0.05: (1.184570, 0.005252, 0.0),
    0.08: (1.217105, 0.005560, 0.0),
}
"""Of cascade-cpp (github.com/brunorijsman/cascade-cpp, commit 8240cab, study/data/papers, algorithm
"original", key size 10 000, 10 000 reconciliations a point): mean and standard deviation of the
efficiency, frame error rate."""


@dataclass(frozen=True)
class Batch:
    """Outcome of some frames.

    `distinct` counts a block once however often it was asked, and `seen_failures` only residual
    errors that cascade-cpp's counter sees; both differ from `charged` and `failures` for `peer` only.
    """

    table: str
    rules: str
    error_rate: float
    assumed: float
    frame_bits: int
    first_frame: int
    frames: int
    failures: int
    seen_failures: int
    charged: int
    distinct: int
    round_trips: int
    cpu_s: float
    command: str


class Recorded:
    """A channel end that keeps what is sent."""

    def __init__(self, end: QueueChannel) -> None:
        self.end = end
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        """Send one message."""
        self.sent.append(message)
        self.end.send(message)

    def receive(self, kind: type[AnyMessage]) -> AnyMessage:
        """Wait for the next message."""
        return self.end.receive(kind)


def exchange(
    table: str, schedule: Schedule, error_rate: float, assumed: float, first: int, frames: int
) -> Batch:
    """Let two parties reconcile; the original's frames have exactly their share of errors, as the peer's."""
    n = schedule.frame_bits
    random = stream(1, f"evidence:cascade:{table}:{error_rate}:{assumed}", first)
    x = random.integers(0, 2, frames * n, dtype=np.uint8)
    if table == "original":
        errors = np.zeros((frames, n), np.uint8)
        for frame in errors:
            frame[random.choice(n, round(error_rate * n), replace=False)] = 1
    else:
        errors = (random.random((frames, n), dtype=np.float32) < error_rate).astype(np.uint8)
    y = x ^ errors.ravel()
    hers, his = QueueChannel.pair()
    recorded = Recorded(hers)
    began = time.process_time()
    with ThreadPoolExecutor() as pool:
        other = pool.submit(bob, y, assumed, first, his, schedule)
        ours = alice(x, assumed, first, recorded, schedule)
        theirs = other.result()
    cpu_s = time.process_time() - began
    failures = int((x != theirs.bits).reshape(frames, n).any(axis=1).sum())
    cost = (ours.charged_bits, ours.charged_bits, len(recorded.sent), round(cpu_s, 3))
    command = f"python evidence/cascade.py {table}"
    return Batch(
        table, rules(table), error_rate, assumed, n, first, frames, failures, failures, *cost, command
    )


@cache
def rules(table: str) -> str:
    """Name the rules that a row was measured by: what Alice says in a reference exchange decides."""
    if table == "peer":
        return "cascade-cpp 8240cab"
    x = stream(1, "evidence:cascade:rules").integers(0, 2, 100_000, dtype=np.uint8)
    y = x ^ (stream(2, "evidence:cascade:rules").random(len(x)) < 0.03).astype(np.uint8)
    hers, his = QueueChannel.pair()
    recorded = Recorded(hers)
    with ThreadPoolExecutor() as pool:
        schedule = ORIGINAL if table == "original" else EFFICIENT
        pool.submit(bob, y, 0.03, 1, his, schedule)
        alice(x, 0.03, 1, recorded, schedule)
    return hashlib.blake2b(b"".join(map(encode, recorded.sent)), digest_size=6).hexdigest()


def modelled(error_rate: float, assumed: float, first: int, frames: int) -> Batch:
    """Count what cascade-cpp would."""
    n, bits = 10_000, math.ceil(0.73 / assumed)
    random = stream(1, f"evidence:cascade:peer:{error_rate}", first)
    began = time.process_time()
    counts = peer(n, bits, round(error_rate * n), frames, random)
    cpu_s = time.process_time() - began
    failures, seen, asked, distinct = (int(count) for count in counts)
    command = "python evidence/cascade.py peer"
    cost = (asked, distinct, 0, round(cpu_s, 3))
    return Batch("peer", rules("peer"), error_rate, assumed, n, first, frames, failures, seen, *cost, command)


@njit(cache=True)
def peer(n, first_block_bits, error_count, frames, random):  # type: ignore[no-untyped-def]
    """Reconcile as cascade-cpp does and count as it does; only the error pattern matters.

    Its bookkeeping, told in our words. Blocks that might hold an error wait in one queue, blocks whose
    parity Alice has yet to tell in another. The first queue is worked off completely, in order of
    arrival, then all blocks of the second are asked in one message and join the first. Working on a
    block: if its parity is unknown, and does not follow from its parent's and sibling's, it goes to the
    second queue, *even if it is there already*. If even, the right half comes in turn where this was a
    left half in search of an error. If odd and of one bit, the bit is corrected, and the top blocks
    around it in all other passes join the first queue; if longer, its left half comes in turn. Every
    block asked counts, the last block of a pass and repeated ones included.

    Returns
    -------
    tuple of int
        Frames with residual errors; those with residual errors in the lower half of a 64-bit word,
        which alone its counter of differing bits looks at; blocks asked; different blocks asked.
    """
    passes = 4
    orders = np.empty((passes, n), np.int64)
    places = np.empty((passes, n), np.int64)
    depth = 2
    while (1 << (depth - 1)) < 8 * first_block_bits:
        depth += 1
    known = np.empty((passes, n // first_block_bits + 1, 1 << depth), np.bool_)
    # A block in a queue: pass, top block, heap index, start, length, parent's length, whether the
    # right sibling comes next.
    doubtful = np.empty((1 << 16, 7), np.int64)
    unasked = np.empty((1 << 16, 7), np.int64)
    failures = seen = asked = distinct = 0
    for _ in range(frames):
        for p in range(passes):
            orders[p] = random.permutation(n) if p else np.arange(n)
            for x in range(n):
                places[p, orders[p, x]] = x
        error = np.zeros(n, np.uint8)
        for i in random.permutation(n)[:error_count]:
            error[i] = 1
        known[:] = False
        for latest in range(passes):
            bits = first_block_bits << latest
            n_unasked = 0
            for block in range((n + bits - 1) // bits):
                length = min(bits, n - block * bits)
                unasked[n_unasked] = (latest, block, 1, block * bits, length, 0, 0)
                n_unasked += 1
            while n_unasked > 0:
                asked += n_unasked
                n_doubtful = n_unasked
                for k in range(n_unasked):
                    doubtful[k] = unasked[k]
                    distinct += not known[unasked[k, 0], unasked[k, 1], unasked[k, 2]]
                    known[unasked[k, 0], unasked[k, 1], unasked[k, 2]] = True
                n_unasked = 0
                head = 0
                while head < n_doubtful:
                    p, block, node, start, length, parent, right_next = doubtful[head]
                    head += 1
                    while True:
                        if not known[p, block, node]:
                            if not (node > 1 and known[p, block, node >> 1] and known[p, block, node ^ 1]):
                                unasked[n_unasked] = (p, block, node, start, length, parent, right_next)
                                n_unasked += 1
                                break
                            known[p, block, node] = True
                        parity = 0
                        for x in range(start, start + length):
                            parity ^= error[orders[p, x]]
                        if parity == 0:
                            if right_next == 0:
                                break
                            node, start, length, right_next = node + 1, start + length, parent - length, 0
                        elif length == 1:
                            i = orders[p, start]
                            error[i] ^= 1
                            for t in range(latest + 1):
                                if t != p:
                                    bits_t = first_block_bits << t
                                    top = places[t, i] // bits_t
                                    top_length = min(bits_t, n - top * bits_t)
                                    doubtful[n_doubtful] = (t, top, 1, top * bits_t, top_length, 0, 0)
                                    n_doubtful += 1
                            break
                        else:
                            node, parent, length, right_next = 2 * node, length, length // 2, 1
        remaining = np.flatnonzero(error)
        failures += int(remaining.size > 0)
        seen += np.any(remaining % 64 < 32)
    return failures, seen, asked, distinct


def load() -> list[Batch]:
    """Return the batches measured so far."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as file:
        return [msgspec.convert(row, Batch, strict=False) for row in csv.DictReader(file)]


def save(batches: list[Batch]) -> None:
    """Write all batches."""
    lines = [",".join(field.name for field in fields(Batch))]
    lines += [",".join(str(value) for value in asdict(batch).values()) for batch in batches]
    RESULTS.parent.mkdir(exist_ok=True)
    write_atomically(RESULTS, lambda file: file.write("\n".join([*lines, ""]).encode()) and None)


def measure(table: str, points: Sequence[Point], frames: int, size: int, run: Callable[..., Batch]) -> None:
    """Run the batches that are missing."""
    done = {
        (b.error_rate, b.assumed, b.first_frame)
        for b in load()
        if b.table == table and b.rules == rules(table)
    }
    for error_rate, assumed in points:
        for first in range(0, frames, size):
            if (error_rate, assumed, first) not in done:
                save([*load(), run(error_rate, assumed, first, size)])


def report() -> None:
    """Print the table; a standard error comes from the scatter of the batches."""
    print("table       q      sized for    f                  FER        round trips  Mbit/s/core  published")
    batches = [b for b in load() if b.rules == rules(b.table)]
    for table, error_rate, assumed in sorted({(b.table, b.error_rate, b.assumed) for b in batches}):
        rows = [b for b in batches if (b.table, b.error_rate, b.assumed) == (table, error_rate, assumed)]
        frames, n = sum(b.frames for b in rows), rows[0].frame_bits
        shannon = n * rows[0].frames * float(binary_entropy(np.array(error_rate)))
        f = np.mean([b.charged for b in rows]) / shannon
        spread = np.std([b.charged for b in rows], ddof=1) / shannon / math.sqrt(len(rows))
        failures = sum(b.failures for b in rows)
        speed = frames * n / sum(b.cpu_s for b in rows) / 1e6
        line = f"{table:10}  {error_rate:<5}  {assumed:<7.4g}   {f:.4f} +- {spread:.4f}"
        line += f"  {failures:4}/{frames:<6}  {np.mean([b.round_trips for b in rows]):10.0f}  {speed:11.1f}"
        if table in ("original", "peer"):
            value, deviation, rate = PUBLISHED[error_rate]
            z = (f - value) / math.hypot(spread, deviation / 100)
            line += f"  {value:.4f} (z {z:+.1f}), FER {rate:g}"
        if table == "peer":
            once = np.mean([b.distinct for b in rows]) / shannon
            line += f"; each block once {once:.4f}; failures seen {sum(b.seen_failures for b in rows)}"
        print(line)


def main() -> None:
    """Run one table, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", nargs="?", choices=("efficient", "mismatch", "original", "peer", "report"))
    table = parser.parse_args().table
    if table in ("efficient", None):
        points = [(q, q) for q in (0.005, 0.01, 0.02, 0.03, 0.05, 0.08)]
        measure("efficient", points, 2000, 125, partial(exchange, "efficient", EFFICIENT))
    if table in ("mismatch", None):
        points = [(q, round(q * factor, 6)) for q in (0.01, 0.02, 0.05) for factor in (0.7, 1.4)]
        measure("mismatch", points, 500, 125, partial(exchange, "mismatch", EFFICIENT))
    points = [(q, q) for q in PUBLISHED]
    if table in ("original", None):
        small = replace(ORIGINAL, frame_bits=10_000)
        measure("original", points, 10_000, 1000, partial(exchange, "original", small))
    if table in ("peer", None):
        measure("peer", points, 10_000, 1000, modelled)
    report()


if __name__ == "__main__":
    main()
