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
from noclone.distillation.distil import distil
from noclone.distillation.result import SecretKey
from noclone.link import FixedLoss, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.records.tally import tally
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

WARM_UP_PULSES = 200_000_000
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
    watch = _Stopwatch()
    _pulses_to_key(WARM_UP_PULSES, _Stopwatch())
    _pulses_to_key(pulses, watch)
    for part in (_rates, _extractors):
        part(_Stopwatch())
        part(watch)
    return watch.rows


class _Stopwatch:
    """Makes a row of the time since the last lap."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.restart()

    def restart(self) -> None:
        self._last = _clocks()

    def lap(self, stage: str, amount: float, unit: str) -> None:
        self.add(stage, amount, unit, since=self._last)
        self.restart()

    def add(self, stage: str, amount: float, unit: str, since: tuple[float, float]) -> None:
        wall_s, cpu_s = (now - then for now, then in zip(_clocks(), since, strict=True))
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


def _clocks() -> tuple[float, float]:
    return perf_counter(), process_time()


def _pulses_to_key(pulses: int, watch: _Stopwatch) -> None:
    start = _clocks()
    watch.restart()
    alice, bob = simulate(LINK, pulses, seed=1)
    watch.lap("simulation", pulses, "pulses")
    detections, _ = tally(alice, bob, len(LINK.recorded.intensity_probs))
    sifted_bits = int(detections[LINK.recorded.keyed].sum())
    # A lap whenever Alice has finished a stage; Bob works at the same time.
    laps = {
        "sifting": ("sifting", len(bob), "detections"),
        "reconciliation": ("reconciliation", sifted_bits, "raw bits"),
        "amplification": ("verification, amplification", sifted_bits, "raw bits"),
    }

    def progress(stage: str, fraction: float) -> None:
        if fraction == 1.0 and stage in laps:
            watch.lap(*laps[stage])

    watch.restart()
    key = distil(alice, bob, LINK, seed=1, progress=progress)
    if isinstance(key, SecretKey):
        watch.add("end to end", pulses, "pulses", since=start)


def _rates(watch: _Stopwatch) -> None:
    grid = LINK.grid({"channel.loss_db": np.linspace(0, 30, RATE_POINTS)})
    for bound, regime in RATES:
        watch.restart()
        rate(grid, bound=bound, **({"asymptotic": True} if regime == "asymptotic" else {"pulses": 1e12}))
        watch.lap(f"{regime} rate, {bound}", RATE_POINTS, "links")


def _extractors(watch: _Stopwatch) -> None:
    """Halve a random string with every extractor."""
    output_bits = HASHED_BITS // 2
    generator = stream(1, "benchmark")
    packed = np.frombuffer(generator.bytes(HASHED_BITS // 8), np.uint8)
    for name, family in named_modules("noclone.hashing").items():
        seed = generator.bytes(-(-family.seed_bits(HASHED_BITS, output_bits) // 8))
        watch.restart()
        family.extract(packed, HASHED_BITS, output_bits, seed)
        watch.lap(f"{name} hash", HASHED_BITS, "bits")


def _peak_mb() -> float:
    """Return the largest memory that the process has occupied; macOS counts bytes, others KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
