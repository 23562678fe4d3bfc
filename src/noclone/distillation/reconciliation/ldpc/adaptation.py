"""Which code for which error rate: shipped degrees, measured efficiency, and the codes themselves.

Every code has 800 block columns; what adapts is the number of block rows, in steps of 1/800 of
leak, with the column degrees of a design that fits.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from noclone.distillation.reconciliation.ldpc.code import Code, grow, halve
from noclone.rates.entropy import binary_entropy

COLUMNS = 800
"""Block columns of every code."""
SIZE = 128
"""Largest size of a circulant."""
FRAME_BITS = COLUMNS * SIZE
"""Longest frame."""

DEGREES_FILE = Path(__file__).with_name("degrees.csv")
FRAME_ERRORS_FILE = Path(__file__).with_name("frame_errors.csv")

SMALLEST_SIZE = 4
"""Below it frames are too short for these codes and are better sent in clear."""
FURTHER_ROUND_SHARE = 0.05
"""Share of frames that may fail at first: a failure costs a sixteenth more parities, while a code
that hardly ever fails costs every frame more than that saves."""
LEAST_ERROR_RATE = 1e-3
"""Lower expectations are treated as this one."""

_SEED = 1
_FEWEST_ROWS = 20
_MOST_ROWS = 720


@dataclass(frozen=True)
class Design:
    """Column degrees optimised for one leak.

    Attributes
    ----------
    leak : float
        Block rows over block columns that it was optimised for.
    nodes : dict[int, int]
        Number of block columns of each degree.
    threshold : float
        Largest error rate that density evolution corrects at that leak.
    """

    leak: float
    nodes: dict[int, int]
    threshold: float


@cache
def designs() -> tuple[Design, ...]:
    """Return the shipped designs in the order of their leak.

    Examples
    --------
    >>> all(sum(design.nodes.values()) == COLUMNS for design in designs())
    True
    """
    with DEGREES_FILE.open() as file:
        return tuple(
            Design(
                float(row["leak"]),
                {int(degree): int(count) for degree, count in (n.split(":") for n in row["nodes"].split())},
                float(row["threshold"]),
            )
            for row in csv.DictReader(file)
        )


def design_for(rows: int) -> Design:
    """Return the design of the highest leak that has fewer columns of degree two than there are rows.

    With as many rows as columns of degree two, these columns would close cycles, and so codewords,
    among themselves. A design of higher leak is taken in preference because, of two with like
    thresholds, it loses fewer frames of finite length.

    Examples
    --------
    >>> design_for(163).leak, design_for(162).leak
    (0.225, 0.2)
    """
    fitting = [design for design in designs() if design.nodes[2] < rows]
    return fitting[-1] if fitting else designs()[0]


@lru_cache(maxsize=32)
def code(rows: int, size: int, halved: int = 0) -> Code:
    """Return the code of a number of block rows, the first `halved` of them made two.

    Examples
    --------
    >>> code(160, 8).checks, code(160, 8, halved=10).checks
    (1280, 1360)
    """
    if halved:
        return halve(code(rows, size), halved)
    return grow(design_for(rows).nodes, rows, size, _SEED)


@dataclass(frozen=True)
class Plan:
    """How a string is cut up: frames of one length and one code.

    Attributes
    ----------
    frames : int
        Number of frames.
    frame_bits : int
        Their length; the last one may be shorter.
    size : int
        Circulant size of their code, whose length is the first multiple of 800 that holds them.
    rows : int
        Block rows of their code; 0 if the frames are too short for a code to be worth while.
    """

    frames: int
    frame_bits: int
    size: int
    rows: int


def plan(count: int, error_rate: float) -> Plan:
    """Return the frames and the code for a string of `count` bits.

    Examples
    --------
    >>> plan(250_000, 0.02).frames, plan(250_000, 0.02).frame_bits
    (3, 83334)
    >>> plan(100, 0.02).rows
    0
    """
    frames = -(-count // FRAME_BITS)
    frame_bits = -(-count // max(frames, 1))
    size = -(-frame_bits // COLUMNS)
    if size < SMALLEST_SIZE:
        return Plan(frames, frame_bits, size, 0)
    leak = efficiency(error_rate, size) * float(binary_entropy(max(error_rate, LEAST_ERROR_RATE)))
    rows = max(_FEWEST_ROWS, math.ceil(leak * frame_bits / size - 1e-6))
    return Plan(frames, frame_bits, size, rows if rows <= _MOST_ROWS else 0)


def efficiency(error_rate: float, size: int = SIZE) -> float:
    """Return f, leak over binary entropy, at which `FURTHER_ROUND_SHARE` of the frames fail at first.

    Interpolated in the measured table; for circulants smaller than `SIZE` the distance to the
    threshold of density evolution grows with one over the root of the length.

    Examples
    --------
    >>> 1.0 < efficiency(0.027) < 1.12 < efficiency(0.027, size=16)
    True
    """
    error_rates, measured, limits = _measured()
    at = math.log(max(error_rate, LEAST_ERROR_RATE))
    f = float(np.interp(at, error_rates, measured))
    limit = float(np.interp(at, error_rates, limits))
    return limit + (f - limit) * math.sqrt(SIZE / size)


@cache
def _measured() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return ln q, the least f that fails seldom enough, and f at the threshold of its design."""
    fewest: dict[float, int] = {}
    with FRAME_ERRORS_FILE.open() as file:
        for row in csv.DictReader(file):
            if int(row["failures"]) <= FURTHER_ROUND_SHARE * int(row["frames"]):
                q, rows = float(row["error_rate"]), int(row["rows"])
                fewest[q] = min(rows, fewest.get(q, rows))
    error_rates = np.array(sorted(fewest))
    chosen = [(fewest[q], design_for(fewest[q])) for q in sorted(fewest)]
    leaks = np.array([rows / COLUMNS for rows, _ in chosen])
    limits = [design.leak / float(binary_entropy(design.threshold)) for _, design in chosen]
    return np.log(error_rates), leaks / binary_entropy(error_rates), np.array(limits)
