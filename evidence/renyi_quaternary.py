"""Find how far finite quaternary keys reach with Renyi entropies, beside the tables of arXiv:2511.10584.

The model is that of the paper's public code: four coherent states, 0.2 dB/km, excess noise of 0.01 shot-noise
units at the input, an ideal heterodyne detector, photon numbers up to 5, error correction at the Shannon
limit. Test rounds are counted in sectors of the disc of radius 1.5, in the ring from there to 4, and beyond.
Secrecy is 9e-11, correctness 1e-11. Keys of fixed length accept honest blocks except with 9e-11.

Rows: "published" takes amplitude, share of key rounds and order from the paper's public code, with its ball
for 25 events; "fixed" finds its own; "fixed, relative" counts sectors from the state that was sent, which
leaves 7 events and so a smaller ball; "variable" is a key whose length follows from what is seen.

The public code subtracts ln(1/eps) alpha / (alpha - 1) where bits are meant; here it is the logarithm to base
2, which costs a little more.

Run it as ``python evidence/renyi_quaternary.py``; rows that results/renyi_quaternary.csv has are kept.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from noclone.core.files import write_bytes
from noclone.proofs.finite.coherent import CoherentBlock, RenyiRate, fixed_length, variable_length
from noclone.proofs.finite.expected import acceptance_radius
from noclone.proofs.library.coarse_heterodyne import binned_quaternary, relative_bins

RESULTS = Path(__file__).parent / "results" / "renyi_quaternary.csv"
Setting = tuple[float, float, float]
PUBLISHED: dict[int, dict[int, Setting]] = {
    10**7: {
        0: (1.07, 0.5, 3.96e-4),
        5: (0.96, 0.5, 5.29e-4),
        10: (0.85, 0.45, 8.1e-4),
        15: (0.84, 0.3, 1.5e-3),
    },
    10**8: {
        0: (1.07, 0.7, 4.81e-5),
        10: (0.85, 0.65, 1.14e-4),
        20: (0.81, 0.55, 1.91e-4),
        29: (0.77, 0.45, 2.58e-4),
    },
}
"""Amplitude, share of key rounds and alpha - 1 by block and km; the tables end at 15 and 29 km."""
LENGTHS_KM: dict[tuple[str, int], tuple[int, ...]] = {
    ("fixed", 10**7): (0, 10, 15, 18, 20, 22),
    ("fixed", 10**8): (0, 10, 20, 29, 33, 36, 38),
    ("fixed, relative", 10**7): (0, 10, 15, 20, 23, 25),
    ("fixed, relative", 10**8): (0, 10, 20, 29, 36, 39, 41),
    ("variable", 10**7): (0, 10, 20, 30, 40, 44),
    ("variable", 10**8): (0, 20, 29, 40, 60, 65),
}
PUBLISHED_EVENTS = 25
CUTOFF = 5
LEAST_SHARE = 0.02
EPS_SECRET, EPS_CORRECT, EPS_COMPLETE = 9e-11, 1e-11, 9e-11
COLUMNS = (
    "length",
    "signals",
    "length_km",
    "amplitude",
    "key_share",
    "order_minus_1",
    "radius",
    "entropy_bits",
    "leak_bits",
    "rate",
)


def rate_at(kind: str, signals: int, length_km: float, setting: Setting) -> RenyiRate:
    """Return the rate at one setting."""
    amplitude, key_share, excess = setting
    case = binned_quaternary(amplitude=amplitude, length_km=length_km, excess_noise_snu=0.01, cutoff=CUTOFF)
    merged = relative_bins(case.declared)
    block = CoherentBlock(signals, 1 - key_share, EPS_SECRET, EPS_CORRECT)
    if kind == "variable":
        return variable_length(case, block, alpha=1 + excess, merged=merged)
    # Merged or not, a ball of one radius gives one rate: the least is where all states are treated alike.
    events = 1 + len(set(merged.values())) if kind == "fixed, relative" else PUBLISHED_EVENTS
    radius = acceptance_radius(signals, events, EPS_COMPLETE)
    return fixed_length(case, block, radius=radius, alpha=1 + excess, merged=merged)


def best(kind: str, signals: int, length_km: float, start: Setting) -> Setting:
    """Return the best setting found, from a first one."""

    def setting(z: np.ndarray) -> Setting:
        # Where no key can be made, the least loss is to send nothing.
        key_share = max(1 / (1 + float(np.exp(-z[1]))), LEAST_SHARE)
        return float(np.exp(z[0])), key_share, min(float(np.exp(z[2])), 1.0)

    def cost(z: np.ndarray) -> float:
        return -rate_at(kind, signals, length_km, setting(z)).rate

    first = np.array([np.log(start[0]), np.log(start[1] / (1 - start[1])), np.log(start[2])])
    simplex = first + np.array([[0, 0, 0], [0.08, 0, 0], [0, 0.4, 0], [0, 0, 0.4]])
    options = {"xatol": 0.01, "fatol": 1e-5, "initial_simplex": simplex, "maxfev": 50}
    return setting(minimize(cost, first, method="Nelder-Mead", options=options).x)


def row(kind: str, signals: int, length_km: float, setting: Setting) -> dict[str, Any]:
    """Return the row of a setting."""
    rounded = (round(setting[0], 3), round(setting[1], 3), float(f"{setting[2]:.4g}"))
    found = rate_at(kind, signals, length_km, rounded)
    numbers = (found.radius, found.entropy_bits, found.leak_bits, found.rate)
    values = (kind, signals, length_km, *rounded, *(float(f"{each:.6g}") for each in numbers))
    return dict(zip(COLUMNS, values, strict=True))


def main() -> None:
    """Add the rows that are missing."""
    rows: dict[tuple[str, int, int], dict[str, Any]] = {}
    if RESULTS.exists():
        with RESULTS.open(newline="") as file:
            for old in csv.DictReader(file):
                rows[old["length"], int(old["signals"]), int(old["length_km"])] = old

    def add(kind: str, signals: int, length_km: int, setting: Setting) -> None:
        rows[kind, signals, length_km] = row(kind, signals, length_km, setting)
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows.values())
        write_bytes(RESULTS, text.getvalue().encode())
        print(*rows[kind, signals, length_km].values(), file=sys.stderr, flush=True)

    for signals, settings in PUBLISHED.items():
        for length_km, setting in settings.items():
            if ("published", signals, length_km) not in rows:
                add("published", signals, length_km, setting)
    for (kind, signals), lengths in LENGTHS_KM.items():
        start = PUBLISHED[signals][0]
        for length_km in lengths:
            if (kind, signals, length_km) not in rows:
                add(kind, signals, length_km, best(kind, signals, length_km, start))
            known = rows[kind, signals, length_km]
            start = (float(known["amplitude"]), float(known["key_share"]), float(known["order_minus_1"]))


if __name__ == "__main__":
    main()
