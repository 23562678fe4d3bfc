"""Reconciliation of random strings with independent errors, by every method of ours and by `qkd`.

Ours are two parties in two threads that exchange messages and hold one string each; the time is that
of both. The peer draws the frame and its errors itself and counts parities; it takes no strings.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from measure import Row, beside, timed
from noclone.core.registry import named_modules
from noclone.core.seeds import stream
from noclone.distillation.channel import QueueChannel
from noclone.distillation.distil import both
from noclone.rates.entropy import binary_entropy

ERROR_RATES = (0.01, 0.03, 0.05)
BITS = 1 << 21
PEER_FRAMES = 64


def rows() -> Iterator[Row]:
    for error_rate in ERROR_RATES:
        job = f"reconciliation at {error_rate:.0%}"
        for name, method in named_modules("noclone.distillation.reconciliation").items():
            yield ours(job, name, method, error_rate)
        yield from beside(job, "qkd", qkd, job, error_rate)


def ours(job: str, name: str, method, error_rate: float) -> Row:
    generator = stream(1, "benchmark reconciliation")
    hers = generator.integers(0, 2, BITS, dtype=np.uint8)
    his = hers ^ (generator.random(BITS) < error_rate)

    def exchange():
        here, there = QueueChannel.pair()
        return both(
            lambda: method.alice(hers, error_rate, 1, here), lambda: method.bob(his, error_rate, 1, there)
        )

    run = timed(exchange)
    alice, bob = run.result
    wrong = np.add.reduceat(alice.bits != bob.bits, np.arange(0, BITS, alice.frame_bits))
    return run.row(
        job,
        f"noclone, {name}",
        BITS,
        "bits",
        remark(
            alice.charged_bits / BITS,
            error_rate,
            np.count_nonzero(wrong) + alice.disclosed_frames,
            wrong.size,
            alice.frame_bits,
        ),
    )


def qkd(job: str, error_rate: float) -> Iterator[Row]:
    import qkd

    frame_bits = qkd.reconcile.Cascade().frame
    run = timed(lambda: qkd.reconcile.run_cascade(error_rate, frames=PEER_FRAMES, seed=1))
    leak, failed = run.result
    text = remark(leak / frame_bits, error_rate, failed, PEER_FRAMES, frame_bits)
    yield run.row(job, "qkd, cascade", PEER_FRAMES * frame_bits, "bits", text)


def remark(leak: float, error_rate: float, failed: int, frames: int, frame_bits: int) -> str:
    f = leak / float(binary_entropy(error_rate))
    return f"f {f:.3f}; {failed} of {frames} frames of {frame_bits} bits failed"
