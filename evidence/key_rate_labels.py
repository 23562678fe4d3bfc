"""Certified key rates of quaternary modulation at random points, to learn from.

    python evidence/key_rate_labels.py

Writes ``src/noclone/learn/tasks/data/{homodyne,heterodyne}_key_rate.npz`` and resumes where it stopped: point
k is the same whatever came before. What is kept of a certificate is symmetrised, which the channel's symmetry
makes free, so that the file stays small; the shift is then computed for what is kept.
"""

from __future__ import annotations

from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.files import write_bytes
from noclone.learn.certificate_choice import Completion
from noclone.learn.proven_points import case_at, features, reference
from noclone.learn.tasks.quaternary_key_rates import (
    LEAST_BITS,
    KeyRates,
    joined,
    random_point,
)
from noclone.proofs.bank import CertificateBank
from noclone.proofs.proof import Proof
from noclone.proofs.proving import prove_case

DATA = Path(__file__).parents[1] / "src/noclone/learn/tasks/data"
WANTED, AT_ONCE = 2000, 100
SIGNALS, MOMENTS = 4, 4


def symmetric(multipliers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return multipliers of the mean over the rotations of the four states.

    The basis of Alice's space are the rotations' eigenvectors, so that only diagonal parts stay.
    """
    alice = multipliers[: SIGNALS**2].copy()
    diagonal = np.cumsum([0, *(2 * (SIGNALS - k) - 1 for k in range(SIGNALS - 1))])
    alice[np.setdiff1d(np.arange(SIGNALS**2), diagonal)] = 0
    means = multipliers[SIGNALS**2 :].reshape(SIGNALS, MOMENTS).mean(axis=0)
    return np.concatenate((alice, np.tile(means, SIGNALS)))


def label(detection: str, number: int, first: Proof) -> dict[str, Any] | None:
    """Return a point's row, or None where its rate is too low."""
    point = random_point(detection, number)
    case = case_at(detection, **point)
    proof = prove_case(case)
    if proof.rate < LEAST_BITS:
        return None
    bank = CertificateBank.of_proofs([first, proof])
    kept = Completion(bank).certificate(1, symmetric(bank.multipliers[1]))
    return {
        "points": list(point.values()),
        "observed": features(case.seen, point["amplitude"]),
        "rates": proof.rate,
        "uppers": proof.value_bits - proof.leak_bits,
        "leaks": proof.leak_bits,
        "multipliers": kept.multipliers[0],
        "shifts": kept.shifts[0],
    }


def rows(known: KeyRates) -> list[dict[str, Any]]:
    """Return what `joined` joined."""
    return [
        {name: values[k] for name, values in vars(known).items() if name != "drawn"}
        for k in range(len(known))
    ]


def main() -> None:
    """Label both kinds of detection by turns until there are enough points of each."""
    firsts = {detection: prove_case(reference(detection)) for detection in ("homodyne", "heterodyne")}
    lacking = dict(firsts)
    while lacking:
        for detection, first in list(lacking.items()):
            path = DATA / f"{detection}_key_rate.npz"
            known = KeyRates.decoded(path.read_bytes()) if path.exists() else None
            found, drawn = (rows(known), known.drawn) if known else ([], 0)
            start, aim = process_time(), min(len(found) + AT_ONCE, WANTED)
            while len(found) < aim:
                row = label(detection, drawn, first)
                drawn += 1
                found += [row] if row else []
            write_bytes(path, joined(found, drawn).encoded())
            size = path.stat().st_size
            print(
                f"{detection}: {len(found)} of {drawn} drawn, {process_time() - start:.0f} s, "
                f"{size / 1e3:.0f} kB",
                flush=True,
            )
            if len(found) >= WANTED:
                del lacking[detection]


if __name__ == "__main__":
    main()
