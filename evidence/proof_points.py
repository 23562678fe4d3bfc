"""Prove quaternary modulation with heterodyne detection at 200 random points, and count what was not solved.

    python evidence/proof_points.py           all points that are missing, then the summary
    python evidence/proof_points.py report    the summary of what is there

Length uniform in 5-100 km, excess noise log-uniform in 1e-4-0.05, amplitude uniform in 0.5-1, photon-number
cutoff 10. Every point is a row of results/proof_points.csv; a run continues where the last one stopped. The
gap is between the value at the solver's feasible point and the certified bound; CPU time is that of the whole
chain on one core, from the numbers to the certificate.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np

from noclone.proofs.library.quaternary import quaternary
from noclone.proofs.proving import prove_case

RESULTS = Path(__file__).parent / "results" / "proof_points.csv"
POINTS, SEED, GAP_BITS = 200, 5, 1e-5
COLUMNS = (
    "point",
    "length_km",
    "excess_noise_snu",
    "amplitude",
    "entropy_bits",
    "gap_bits",
    "leak_bits",
    "rate",
    "cpu_s",
)


def points() -> list[tuple[float, float, float]]:
    """Return length, excess noise and amplitude of every point."""
    drawn = np.random.default_rng(SEED).random((POINTS, 3))
    length = 5 + 95 * drawn[:, 0]
    noise = 1e-4 * (0.05 / 1e-4) ** drawn[:, 1]
    amplitude = 0.5 + 0.5 * drawn[:, 2]
    return list(zip(length.tolist(), noise.tolist(), amplitude.tolist(), strict=True))


def row(number: int, length_km: float, excess_noise_snu: float, amplitude: float) -> dict[str, object]:
    """Return the row of one point."""
    clock = time.process_time()
    proof = prove_case(
        quaternary(amplitude=amplitude, length_km=length_km, excess_noise_snu=excess_noise_snu)
    )
    spent = time.process_time() - clock
    return {
        "point": number,
        "length_km": f"{length_km:.6f}",
        "excess_noise_snu": f"{excess_noise_snu:.6e}",
        "amplitude": f"{amplitude:.6f}",
        "entropy_bits": f"{proof.entropy_bits:.10f}",
        "gap_bits": f"{proof.gap:.3e}",
        "leak_bits": f"{proof.leak_bits:.10f}",
        "rate": f"{proof.rate:.10f}",
        "cpu_s": f"{spent:.3f}",
    }


def stored() -> list[dict[str, str]]:
    """Return the rows that are there."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as file:
        return list(csv.DictReader(file))


def report() -> None:
    """Print how many points are solved, and how well and fast."""
    rows = stored()
    gap = np.array([float(each["gap_bits"]) for each in rows])
    spent = np.array([float(each["cpu_s"]) for each in rows])
    keyed = sum(float(each["rate"]) > 0 for each in rows)
    good = int(np.sum(gap <= GAP_BITS))
    print(f"{len(rows)} of {POINTS} points, {good} with a gap of at most {GAP_BITS:g} bits")
    print(f"gap: median {np.median(gap):.1e}, largest {gap.max():.1e} bits")
    print(f"CPU: median {np.median(spent):.2f}, largest {spent.max():.2f} s; {keyed} points give a key")


def main() -> None:
    """Prove what is missing."""
    if "report" not in sys.argv[1:]:
        done = {int(each["point"]) for each in stored()}
        with RESULTS.open("a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if not done:
                writer.writeheader()
            for number, point in enumerate(points()):
                if number not in done:
                    writer.writerow(row(number, *point))
                    file.flush()
    report()


if __name__ == "__main__":
    main()
