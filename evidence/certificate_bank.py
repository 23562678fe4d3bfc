"""A bank of certificates for quaternary modulation, and what it says of 1000 points that it has not seen.

    python evidence/certificate_bank.py

Writes ``evidence/results/certificate_bank.npz`` (the bank, unless it is there) and
``evidence/results/certificate_bank.csv``, a row per held-out point: the bank's rate, that of a proof of the
point's own, the value at that proof's feasible point, and processor times. It resumes where it stopped and
ends with what the table says.
"""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from noclone.core.seeds import stream
from noclone.proofs.bank import CertificateBank
from noclone.proofs.proving import prove_case
from noclone.proofs.subjects import case_of

RESULTS = Path(__file__).parent / "results"
BANK, TABLE = RESULTS / "certificate_bank.npz", RESULTS / "certificate_bank.csv"

LENGTHS_KM, NOISES_SNU, AMPLITUDES = (10.0, 35.0), (0.005, 0.03), (0.75, 0.85)
"""Where the bank is to serve; the reconciliation efficiency is .95, the cutoff 10 photons."""
GRID = {
    "length_km": (10, 12.5, 15, 17.5, 20, 22.5, 25, 27.5, 30, 32.5, 35),
    "excess_noise_snu": (0.005, 0.01, 0.015, 0.02, 0.025, 0.03),
    "amplitude": (0.76, 0.8, 0.84),
}
HELD_OUT, CALLS = 1000, 20


def build() -> CertificateBank:
    """Return the bank of the grid's points, after saving it."""
    start = process_time()
    bank = CertificateBank.build(
        "quaternary", (dict(zip(GRID, point, strict=True)) for point in product(*GRID.values()))
    )
    bank.save(BANK)
    spent, size = process_time() - start, BANK.stat().st_size
    print(f"{len(bank)} certificates in {spent:.0f} s of processor time, {size / 1e3:.0f} kB", flush=True)
    return bank


def held_out(number: int) -> dict[str, float]:
    """Return a point of the region."""
    rng = stream(6, "certificate-bank", number)
    ranges = {"length_km": LENGTHS_KM, "excess_noise_snu": NOISES_SNU, "amplitude": AMPLITUDES}
    return {name: float(f"{rng.uniform(*between):.6g}") for name, between in ranges.items()}


def asked(bank: CertificateBank, number: int) -> dict[str, Any]:
    """Return what the bank and a proof of its own say of a point."""
    case = case_of("quaternary", **held_out(number))
    bank.rate(case)
    start = process_time()
    for _ in range(CALLS):
        rate = bank.rate(case)
    each = (process_time() - start) / CALLS
    start = process_time()
    proof = prove_case(case)
    spent = process_time() - start
    return {
        "point": number,
        **held_out(number),
        "bank_rate": f"{rate:.10f}",
        "direct_rate": f"{proof.rate:.10f}",
        "primal_rate": f"{proof.value_bits - proof.leak_bits:.10f}",
        "bank_us": f"{each * 1e6:.0f}",
        "direct_cpu_s": f"{spent:.3f}",
    }


def main() -> None:
    """Ask for the points that have no row yet."""
    bank = CertificateBank.load(BANK) if BANK.exists() else build()
    rows = list(csv.DictReader(TABLE.open())) if TABLE.exists() else []
    with TABLE.open("a", newline="") as file:
        writer = None
        for number in range(len(rows), HELD_OUT):
            row = asked(bank, number)
            writer = writer or csv.DictWriter(file, row)
            if number == 0:
                writer.writeheader()
            writer.writerow(row)
            file.flush()
    table = list(csv.DictReader(TABLE.open()))
    found = {name: np.array([float(row[name]) for row in table]) for name in table[0]}
    share = found["bank_rate"] / found["direct_rate"]
    above = int(np.sum(found["bank_rate"] > found["primal_rate"]))
    print(
        f"{len(table)} points: {above} above the primal value; of the direct rate the bank gives "
        f"{np.median(share):.1%} (median), {share.min():.1%} (least); {np.median(found['bank_us']):.0f} µs "
        f"(median), {found['bank_us'].max():.0f} µs (most)"
    )


if __name__ == "__main__":
    main()
