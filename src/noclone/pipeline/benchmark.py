"""Speed of every stage on this machine: from pulses to a key, key rates, privacy amplification.

The link has 10 dB of loss and detectors of 10 % efficiency: one pulse in a few hundred is detected.
"""

from __future__ import annotations

import resource
import sys
from time import perf_counter, process_time
from typing import Any

import numpy as np

from noclone.core.registry import named_modules
from noclone.core.seeds import stream
from noclone.distil.distil import distil
from noclone.distil.result import Abort, SecretKey
from noclone.link import FixedLoss, Link, ThresholdDetectors, WeakCoherentSource
from noclone.pipeline.run import tally
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.records import AliceRecord, BobRecord
from noclone.setup import Setup, rate
from noclone.simulation import simulate

LINK = Setup(
    Link(
        alice=WeakCoherentSource(intensities=(0.5, 0.15, 0.001), clock_rate_hz=1e9),
        channel=FixedLoss(loss_db=10),
        bob=ThresholdDetectors(efficiency=0.1, dark_count_prob=1e-6, misalignment=0.01, dead_time_s=1e-7),
    ),
    DecoyBB84(intensity_probs=(0.6, 0.25, 0.15), basis_prob=0.6, bound="lim-2014"),
    name="benchmark",
)
"""What is timed: two decoys, key from one basis."""

WARM_UP_PULSES = 400_000_000
"""Enough for a key, so that every kernel has been compiled or loaded before the clock starts."""
RATES = (("vacuum-weak", "asymptotic"), ("lim-2014", "finite"), ("wiesemann-2024", "finite"))
RATE_POINTS = 100_000
HASHED_BITS = 1_000_000


def stages(pulses: int) -> list[dict[str, Any]]:
    """Time each stage once, after a warm-up, on one thread for each party.

    Parameters
    ----------
    pulses : int
        Pulses of the run that is simulated and distilled; other stages have sizes of their own.

    Returns
    -------
    list of dict
        A row per stage: ``stage``, ``amount`` and ``unit`` of the work, ``wall_s``, ``cpu_s`` (both
        parties together), ``per_cpu_s`` (work per processor second) and ``peak_mb`` (of the whole
        process, from its start to the end of the stage). Too few pulses for a key leave out the
        stages that a key needs, and "end to end" with them.

    Examples
    --------
    >>> [row["stage"] for row in stages(2_000_000)][:3]
    ['simulation', 'sifting', 'reconciliation']
    """
    _pulses_to_key(WARM_UP_PULSES, _Stopwatch())
    _rates(100, _Stopwatch())
    _extractors(1000, _Stopwatch())
    watch = _Stopwatch()
    _pulses_to_key(pulses, watch)
    _rates(RATE_POINTS, watch)
    _extractors(HASHED_BITS, watch)
    return watch.rows


class _Stopwatch:
    """Turns the time since the last lap into a row."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.restart()

    def restart(self) -> None:
        self._wall, self._cpu = perf_counter(), process_time()

    def lap(self, stage: str, amount: float, unit: str) -> None:
        self.add(stage, amount, unit, perf_counter() - self._wall, process_time() - self._cpu)
        self.restart()

    def add(self, stage: str, amount: float, unit: str, wall_s: float, cpu_s: float) -> None:
        self.rows.append(
            {
                "stage": stage,
                "amount": float(amount),
                "unit": unit,
                "wall_s": wall_s,
                "cpu_s": cpu_s,
                "per_cpu_s": amount / cpu_s,
                "peak_mb": _peak_mb(),
            }
        )


def _pulses_to_key(pulses: int, watch: _Stopwatch) -> None:
    watch.restart()
    alice, bob = simulate(LINK, pulses, seed=1)
    watch.lap("simulation", pulses, "pulses")
    outcome = _distil(alice, bob, watch)
    if isinstance(outcome, SecretKey):
        wall_s, cpu_s = (sum(row[clock] for row in watch.rows) for clock in ("wall_s", "cpu_s"))
        watch.add("end to end", pulses, "pulses", wall_s, cpu_s)


def _distil(alice: AliceRecord, bob: BobRecord, watch: _Stopwatch) -> SecretKey | Abort:
    """Distil, with a lap whenever Alice has finished a stage; Bob works at the same time."""
    detections, _ = tally(alice, bob, len(LINK.protocol.intensity_probs))
    sifted_bits = int(detections[LINK.protocol.keyed].sum())
    laps = {
        "sifting": ("sifting", len(bob), "detections"),
        "reconciliation": ("reconciliation", sifted_bits, "raw bits"),
        "amplification": ("verification, amplification", sifted_bits, "raw bits"),
    }

    def progress(stage: str, fraction: float) -> None:
        if fraction == 1.0 and stage in laps:
            watch.lap(*laps[stage])

    watch.restart()
    outcome = distil(alice, bob, LINK, seed=1, progress=progress)
    if isinstance(outcome, SecretKey):
        watch.lap("authentication", outcome.ledger.sent_bits, "bits sent")
    return outcome


def _rates(points: int, watch: _Stopwatch) -> None:
    grid = LINK.grid({"channel.loss_db": np.linspace(0, 30, points)})
    for bound, regime in RATES:
        watch.restart()
        rate(grid, bound=bound, **({"asymptotic": True} if regime == "asymptotic" else {"pulses": 1e12}))
        watch.lap(f"{regime} rate, {bound}", points, "links")


def _extractors(bits: int, watch: _Stopwatch) -> None:
    """Halve a random string with every extractor."""
    generator = stream(1, "benchmark")
    packed = np.frombuffer(generator.bytes(bits // 8), np.uint8)
    for name, family in named_modules("noclone.hashing").items():
        seed = generator.bytes(-(-family.seed_bits(bits, bits // 2) // 8))
        watch.restart()
        family.extract(packed, bits, bits // 2, seed)
        watch.lap(f"{name} hash", bits, "bits")


def _peak_mb() -> float:
    """Return the largest memory that the process has occupied; macOS counts bytes, others KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
