"""LDPC decoding beside the PyPI package `ldpc`: the same matrix, the same error patterns.

    python benchmarks/ldpc.py [--error-rate 0.027] [--frames 20] [--peer-frames 3]

The peer is optional (`pip install ldpc`); without it only our own speed is printed. Times are
CPU time of one thread.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

import numpy as np
from scipy import sparse

# This file must not stand in for the package of the same name.
sys.path = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

from noclone.core.seeds import stream  # noqa: E402
from noclone.distil.reconciliation.ldpc.adaptation import FRAME_BITS, code, plan  # noqa: E402
from noclone.distil.reconciliation.ldpc.code import Code  # noqa: E402
from noclone.distil.reconciliation.ldpc.decoder import MAX_ITERATIONS, decode, syndrome  # noqa: E402
from noclone.rates.entropy import binary_entropy  # noqa: E402

try:
    from ldpc import BpDecoder
except ImportError:
    BpDecoder = None


def parity_check_matrix(matrix: Code) -> sparse.csr_matrix:
    """Return the lifted matrix in the form that the peer takes."""
    row = np.repeat(np.arange(matrix.rows), np.diff(matrix.row_start))
    i = np.arange(matrix.size)
    checks = (row[:, None] * matrix.size + i).ravel()
    bits = (matrix.columns[:, None] * matrix.size + (i + matrix.shifts[:, None]) % matrix.size).ravel()
    return sparse.csr_matrix((np.ones(len(bits), np.uint8), (checks, bits)), (matrix.checks, matrix.length))


def patterns(error_rate: float, frames: int) -> list[np.ndarray]:
    """Return the error patterns that both decode."""
    draws = (stream(0, "benchmark ldpc", frame).random(FRAME_BITS) for frame in range(frames))
    return [(draw < error_rate).astype(np.uint8) for draw in draws]


def main() -> None:
    """Print one line for each decoder and their ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--error-rate", type=float, default=0.027)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--peer-frames", type=int, default=3)
    given = parser.parse_args()
    rows = plan(FRAME_BITS, given.error_rate).rows
    matrix = code(rows, FRAME_BITS // 800)
    f = matrix.checks / matrix.length / float(binary_entropy(given.error_rate))
    print(f"n {matrix.length}, leak {matrix.checks / matrix.length:.4f}, q {given.error_rate}, f {f:.3f}")

    prior = np.full(matrix.length, math.log((1 - given.error_rate) / given.error_rate), np.float32)
    decode(matrix, syndrome(matrix, np.zeros(matrix.length, np.uint8)), prior)
    errors_of = patterns(given.error_rate, max(given.frames, given.peer_frames))
    solved, iterations = 0, 0
    clock = time.process_time()
    for errors in errors_of[: given.frames]:
        found, took = decode(matrix, syndrome(matrix, errors), prior)
        solved += int(np.array_equal(found, errors))
        iterations += took or MAX_ITERATIONS
    ours = given.frames * matrix.length / (time.process_time() - clock) / 1e6
    print(
        f"noclone  {ours:8.3f} Mbit/s  {solved}/{given.frames} frames, {iterations / given.frames:.1f} iterations"
    )

    if BpDecoder is None:
        print("ldpc     not installed (pip install ldpc)")
        return
    peer = BpDecoder(
        parity_check_matrix(matrix),
        error_rate=given.error_rate,
        max_iter=MAX_ITERATIONS,
        bp_method="product_sum",
        schedule="parallel",
        input_vector_type="syndrome",
    )
    solved, iterations = 0, 0
    clock = time.process_time()
    for errors in errors_of[: given.peer_frames]:
        found = peer.decode(syndrome(matrix, errors))
        solved += int(np.array_equal(found, errors))
        iterations += peer.iter
    theirs = given.peer_frames * matrix.length / (time.process_time() - clock) / 1e6
    mean = iterations / given.peer_frames
    print(f"ldpc     {theirs:8.3f} Mbit/s  {solved}/{given.peer_frames} frames, {mean:.1f} iterations")
    print(f"ratio    {ours / theirs:8.1f}")


if __name__ == "__main__":
    main()
