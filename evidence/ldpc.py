"""Measure the LDPC codes: frame errors on the binary symmetric channel, and whole exchanges.

    python evidence/ldpc.py                   all of the following except frames
    python evidence/ldpc.py search            smallest codes with frame error rates of 5e-2 and 1e-2,
                                              per error rate: the table that the package ships
    python evidence/ldpc.py frames 0.01 75    frame errors of one code (add --size, --frames)
    python evidence/ldpc.py between           codes that the package picks between measured rates
    python evidence/ldpc.py short             codes that it picks for short frames
    python evidence/ldpc.py parties           charged bits of complete exchanges

Results are rows of CSV files under evidence/results, each a batch of frames; batches add up, a
run continues where the last one stopped, and batches of other codes (column `code`) are ignored.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from noclone.core.seeds import stream
from noclone.distillation.channel import QueueChannel
from noclone.distillation.reconciliation import ldpc
from noclone.distillation.reconciliation.ldpc.adaptation import (
    COLUMNS,
    FRAME_BITS,
    FRAME_ERRORS_FILE,
    SIZE,
    code,
    design_for,
    plan,
)
from noclone.distillation.reconciliation.ldpc.decoder import MAX_ITERATIONS, decode, syndrome
from noclone.rates.entropy import binary_entropy

RESULTS = Path(__file__).parent / "results"
FRAMES_FILE = RESULTS / "ldpc_frames.csv"
PARTIES_FILE = RESULTS / "ldpc_parties.csv"

ERROR_RATES = (
    *(0.002, 0.0025, 0.003, 0.004, 0.005, 0.006, 0.0075, 0.0085, 0.01, 0.0125, 0.015, 0.0175, 0.02),
    *(0.0235, 0.027, 0.031, 0.035, 0.04, 0.046, 0.053, 0.06, 0.07, 0.08, 0.09, 0.1, 0.12),
)
BETWEEN = (0.0035, 0.0055, 0.008, 0.0112, 0.0162, 0.022, 0.029, 0.0375, 0.0495, 0.065, 0.085)
SHORT_SIZES = (4, 8, 16, 32, 64, 100)
SHORT_ERROR_RATES = (0.01, 0.027, 0.06)
FRAMES = 1000
LIMITS = ((500, 25), (1000, 5))
"""Frames and most failures of the two codes that are looked for at each error rate: the one that
the parties start with (at most 5 % need a further round) and one that fails in less than 1 %
(were it 1 %, at most 5 failures would be seen in 7 of 100 such runs)."""
BATCH = 50


@dataclass(frozen=True)
class Batch:
    """Outcome of some frames; `fewest_residual` is the least number of errors left in a failed one."""

    error_rate: float
    size: int
    rows: int
    code: str
    first_frame: int
    frames: int
    failures: int
    undetected: int
    fewest_residual: int | str
    iterations: int
    cpu_s: float


@dataclass(frozen=True)
class Total:
    """Batches of one code at one error rate, added up."""

    error_rate: float
    size: int
    rows: int
    frames: int
    failures: int
    undetected: int
    fewest_residual: int | str
    mean_iterations: float
    mbit_per_s: float

    @property
    def f(self) -> float:
        """Syndrome over binary entropy."""
        return self.rows / COLUMNS / float(binary_entropy(self.error_rate))

    def keeps_to(self, frames: int, most_failures: float) -> bool:
        """Whether it failed at most so often in so many frames, or in proportion if in more."""
        return self.failures <= most_failures * max(1, self.frames / frames)


def code_id(rows: int, size: int) -> str:
    """Return a short digest of a code's matrix."""
    matrix = code(rows, size)
    digest = hashlib.blake2b(digest_size=6)
    for array in (matrix.row_start, matrix.columns, matrix.shifts):
        digest.update(array.astype("<i8").tobytes())
    return digest.hexdigest()


def measure(error_rate: float, size: int, rows: int, first_frame: int, frames: int) -> Batch:
    """Decode frames of random errors; frame k has the same errors in every run."""
    matrix = code(rows, size)
    prior = np.full(matrix.length, math.log((1 - error_rate) / error_rate), np.float32)
    residuals: list[int] = []
    undetected = iterations = 0
    cpu = 0.0
    for frame in range(first_frame, first_frame + frames):
        draws = stream(0, f"evidence ldpc {error_rate} {size}", frame).random(matrix.length, np.float32)
        errors = (draws < error_rate).astype(np.uint8)
        clock = time.process_time()
        found, took = decode(matrix, syndrome(matrix, errors), prior)
        cpu += time.process_time() - clock
        iterations += took or MAX_ITERATIONS
        residual = int((found != errors).sum())
        if residual:
            residuals.append(residual)
            undetected += took > 0
    return Batch(
        error_rate,
        size,
        rows,
        code_id(rows, size),
        first_frame,
        frames,
        len(residuals),
        undetected,
        min(residuals, default=""),  # type: ignore[type-var]
        iterations,
        round(cpu, 3),
    )


def append(path: Path, row: dict[str, object]) -> None:
    """Add a row to a CSV file, with a header if it is new."""
    path.parent.mkdir(exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def total(error_rate: float, size: int, rows: int) -> Total:
    """Add up what has been measured of a code at an error rate."""
    batches = []
    if FRAMES_FILE.exists():
        with FRAMES_FILE.open() as file:
            batches = [
                row
                for row in csv.DictReader(file)
                if (float(row["error_rate"]), int(row["size"]), int(row["rows"])) == (error_rate, size, rows)
                and row["code"] == code_id(rows, size)
            ]
    frames = sum(int(row["frames"]) for row in batches)
    cpu = sum(float(row["cpu_s"]) for row in batches)
    residuals = [int(row["fewest_residual"]) for row in batches if row["fewest_residual"]]
    return Total(
        error_rate,
        size,
        rows,
        frames,
        sum(int(row["failures"]) for row in batches),
        sum(int(row["undetected"]) for row in batches),
        min(residuals) if residuals else "",
        round(sum(int(row["iterations"]) for row in batches) / max(frames, 1), 1),
        round(frames * size * COLUMNS / cpu / 1e6, 2) if cpu else 0.0,
    )


def complete(error_rate: float, size: int, rows: int, frames: int, most_failures: float = math.inf) -> Total:
    """Measure a code up to a number of frames, or until it has failed too often; print the total.

    With more frames than asked for, from earlier runs, more failures are allowed in proportion.
    """
    measure(error_rate, size, rows, 0, 1)  # compiles
    so_far = total(error_rate, size, rows)
    while so_far.frames < frames and so_far.keeps_to(frames, most_failures):
        batch = min(BATCH * max(1, SIZE // size), frames - so_far.frames)
        append(FRAMES_FILE, asdict(measure(error_rate, size, rows, so_far.frames, batch)))
        so_far = total(error_rate, size, rows)
    print(
        f"q {error_rate:<7} size {size:<4} rows {rows:<4} f {so_far.f:.4f}  "
        f"failures {so_far.failures}/{so_far.frames} (undetected {so_far.undetected}, "
        f"fewest residual errors {so_far.fewest_residual or '-'})  "
        f"iterations {so_far.mean_iterations}  {so_far.mbit_per_s} Mbit/s/core",
        flush=True,
    )
    return so_far


def threshold_f(rows: int) -> float:
    """Return f at the threshold of density evolution for the degrees used with so many rows."""
    design = design_for(rows)
    return design.leak / float(binary_entropy(design.threshold))


def search(error_rate: float) -> list[Total]:
    """Return the codes with the fewest rows that keep to each of the limits."""
    shannon = COLUMNS * float(binary_entropy(error_rate))
    rows = math.ceil(shannon)
    while rows < 1.03 * shannon * threshold_f(rows):
        rows += 1
    kept = []
    for frames, most_failures in LIMITS:
        while not complete(error_rate, SIZE, rows, frames, most_failures).keeps_to(frames, most_failures):
            rows += max(1, round(rows / 200))
        kept.append(rows)
    return [total(error_rate, SIZE, rows) for rows in sorted(set(kept))]


def ship(table: list[Total]) -> None:
    """Write the table that the package reads."""
    fields = ["error_rate", "size", "rows", "f", "frames", "failures", "undetected", "fewest_residual"]
    fields += ["mean_iterations"]
    lines = [",".join(fields)]
    for row in table:
        values = {**asdict(row), "f": f"{row.f:.4f}"}
        lines.append(",".join(str(values[field]) for field in fields))
    FRAME_ERRORS_FILE.write_text("\n".join(lines) + "\n")


def exchange(error_rate: float, expected: float, frames: int) -> None:
    """Run both parties over a string of full frames and record what they are charged, once."""
    count = frames * FRAME_BITS
    rows = plan(count, expected).rows
    key = {"error_rate": error_rate, "expected": expected, "bits": count, "rows": rows}
    key |= {"code": code_id(rows, SIZE)}
    if PARTIES_FILE.exists():
        with PARTIES_FILE.open() as file:
            done = list(csv.DictReader(file))
        if any(all(row[name] == str(value) for name, value in key.items()) for row in done):
            return
    mine = stream(1, "evidence ldpc alice").integers(0, 2, count, np.uint8)
    yours = mine ^ (stream(1, f"evidence ldpc errors {error_rate}").random(count, np.float32) < error_rate)
    here, there = QueueChannel.pair()
    clock = time.process_time()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ldpc.bob, yours, expected, 1, there)
        outcome = ldpc.alice(mine, expected, 1, here)
    cpu = time.process_time() - clock
    errors = int((mine != yours).sum())
    entropy = float(binary_entropy(errors / count))
    row = {
        **key,
        "measured_error_rate": f"{errors / count:.6f}",
        "charged_bits": outcome.charged_bits,
        "effective_f": f"{outcome.charged_bits / count / entropy:.4f}",
        "disclosed_frames": outcome.disclosed_frames,
        "unequal_bits": int((answer.result().bits != mine).sum()),
        "mbit_per_s_both_parties": f"{count / cpu / 1e6:.2f}",
    }
    append(PARTIES_FILE, row)
    print(row, flush=True)


def main() -> None:
    """Run one of the tasks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", nargs="?", choices=["search", "frames", "between", "short", "parties"])
    parser.add_argument("error_rate", type=float, nargs="?")
    parser.add_argument("rows", type=int, nargs="?")
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--frames", type=int, default=FRAMES)
    given = parser.parse_args()
    if given.task == "frames":
        complete(given.error_rate, given.size, given.rows, given.frames)
    if given.task in ("search", None):
        ship([found for error_rate in ERROR_RATES for found in search(error_rate)])
    if given.task in ("between", None):
        for error_rate in BETWEEN:
            complete(error_rate, SIZE, plan(FRAME_BITS, error_rate).rows, 500)
    if given.task in ("short", None):
        for size in SHORT_SIZES:
            for error_rate in SHORT_ERROR_RATES:
                complete(error_rate, size, plan(size * COLUMNS, error_rate).rows, 500)
    if given.task in ("parties", None):
        for error_rate in (0.005, 0.01, 0.027, 0.046, 0.08):
            exchange(error_rate, error_rate, 100)
        for expected in (0.015, 0.025, 0.03):
            exchange(0.02, expected, 20)


if __name__ == "__main__":
    main()
