"""What every benchmark hands back: rows of one code doing one job, all timed alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter, process_time
from typing import Any

import numpy as np

REPEATS, ENOUGH_S = 3, 5.0
"""The best of these calls counts, as the first may compile or load; none is begun after so many seconds."""


@dataclass(frozen=True)
class Row:
    """One code doing one job.

    Attributes
    ----------
    job : str
        Rows of one job are compared with each other, all with the first.
    code : str
        Who does it.
    unit : str
        Of the work.
    amount : float
        Work done in the time given.
    cpu_s, wall_s : float
        Best processor time, all threads together, and the wall time of the same call; 0: not done.
    remark : str
        What else there is to say.
    """

    job: str
    code: str
    unit: str = ""
    amount: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    remark: str = ""

    @property
    def per_cpu_s(self) -> float | None:
        """Work per processor second."""
        return self.amount / self.cpu_s if self.cpu_s else None


@dataclass(frozen=True)
class Timed:
    """The result of a call and its times."""

    result: Any
    cpu_s: float
    wall_s: float

    def row(self, job: str, code: str, amount: float, unit: str, remark: str = "") -> Row:
        """Say what the time was spent on."""
        return Row(job, code, unit, float(amount), self.cpu_s, self.wall_s, remark)


def settle_memory() -> None:
    """Let the process keep the memory of arrays that it has done with, as any does that has run for a while.

    Until a large array has been given back, the C library of Linux returns that of each grid to the system,
    and asking for it again takes as long as some of the rates.
    """
    np.empty(31 << 20, np.uint8)


def timed(work: Callable[[], Any], repeats: int = REPEATS) -> Timed:
    """Return the best of `repeats` calls, or of fewer long ones."""
    calls: list[Timed] = []
    while len(calls) < repeats and sum(call.cpu_s for call in calls) < ENOUGH_S:
        wall, cpu = perf_counter(), process_time()
        result = work()
        calls.append(Timed(result, process_time() - cpu, perf_counter() - wall))
    return min(calls, key=lambda call: call.cpu_s)


def beside(job: str, peer: str, rows: Callable[..., Iterable[Row]], *given: Any) -> Iterator[Row]:
    """Yield a peer's rows, or one that says how to get it."""
    if installed(peer):
        yield from rows(*given)
    else:
        yield Row(job, peer, remark=f"not installed: pip install {peer}")


def installed(distribution: str) -> str | None:
    """Return the version of an installed distribution."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
