"""Proof files of some of the protocols, for third parties to check with ``noclone verify``.

Run it as ``python evidence/proofs.py``; a file that is there is kept. Each is a few kilobytes.
"""

from __future__ import annotations

from pathlib import Path

import noclone as nc

HERE = Path(__file__).parent / "results" / "proofs"
PROOFS = {
    "bb84": ("bb84", {"qber": 0.05}),
    "six-state": ("six-state", {"qber": 0.05}),
    "three-state": ("three-state", {"qber": 0.02}),
    "b92": ("b92", {"depolarising": 0.02}),
    "sarg04": ("sarg04", {"depolarising": 0.05}),
    "e91": ("e91", {"qber": 0.03}),
    "mdi": ("mdi", {"qber": 0.03}),
    "mub-5": ("mub", {"dimension": 5, "bases": 6, "qber": 0.05}),
    "quaternary-60km": ("quaternary", {"amplitude": 0.35, "length_km": 60, "excess_noise_snu": 0.05}),
    "quaternary-tail-20km": (
        "quaternary",
        {"amplitude": 0.8, "length_km": 20, "excess_noise_snu": 0.01, "tail_order": 3},
    ),
    "quaternary-homodyne-20km": (
        "quaternary",
        {"amplitude": 0.6, "length_km": 20, "excess_noise_snu": 0.01, "detection": "homodyne"},
    ),
    "gys-2004": (nc.load("gys-2004"), {}),
}


def main() -> None:
    """Make the files that are missing, and check all."""
    HERE.mkdir(exist_ok=True)
    for name, (protocol, parameters) in PROOFS.items():
        path = HERE / f"{name}.proof.npz"
        if not path.exists():
            nc.prove(protocol, **parameters).save(path)
        print(nc.proofs.load_proof(path).verify(), flush=True)


if __name__ == "__main__":
    main()
