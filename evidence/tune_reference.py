"""Brute-force optima of decoy BB84 on random links: the reference of tests/optimise.

Differential evolution with restarts, polished by the Nelder-Mead method, on the rate that
`noclone.rate` gives. Nothing of `noclone.optimise` is used but the ranges that it states. Takes about a
quarter of an hour on one core::

    python evidence/tune_reference.py tests/optimise/reference_optima.csv
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import differential_evolution, minimize

import noclone as nc
from noclone.core.seeds import stream
from noclone.optimise.decoy_bb84 import BASIS_PROB, BRIGHTEST, DIMMEST, ODDS

Floats = NDArray[np.float64]

LINKS = 50
RESTARTS = 4
KINDS = (  # bound, intensities, finite
    ("lim-2014", 3, True),
    ("wiesemann-2024", 3, True),
    ("rusca-2018", 2, True),
    ("wiesemann-2024", 2, True),
    ("vacuum-weak", 3, False),
)
SHARE_OF_CUTOFF = (0.0, 0.3, 0.5, 0.7, 0.85, 0.93, 0.97, 0.99)
"""Where the links lie: loss as a share of the loss at which the last key vanishes, in dB."""


def random_case(number: int) -> dict[str, Any]:
    """Return everything about a link but its loss."""
    rng = stream(5, "tune-reference", number)

    def log_uniform(low: float, high: float) -> float:
        return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.4g}")

    bound, intensities, finite = KINDS[number % len(KINDS)]
    return {
        "bound": bound,
        "intensities": intensities,
        "keyed_bases": str(rng.choice(["z", "z", "both"])),
        "signal_only": int(rng.random() < 0.3),
        "pulses": log_uniform(1e8, 1e13) if finite else 0.0,
        "efficiency": log_uniform(0.05, 0.95),
        "dark_count_prob": log_uniform(1e-9, 1e-5),
        "misalignment": log_uniform(0.002, 0.04),
        "afterpulse_prob": float(rng.choice([0.0, 0.03])),
        "f_ec": round(float(rng.uniform(1.03, 1.3)), 3),
        "eps_sec": log_uniform(1e-12, 1e-8),
        "vacuum": float(rng.choice([0.0, 0.001])),
        "share_of_cutoff": float(SHARE_OF_CUTOFF[number // len(KINDS) % len(SHARE_OF_CUTOFF)]),
    }


def setup_of(case: dict[str, Any], loss_db: float) -> nc.Setup:
    """Return the link at a loss, with parameters that the search replaces."""
    two = case["intensities"] == 2
    return nc.Setup(
        nc.Link(
            alice=nc.WeakCoherentSource(
                intensities=(0.5, 0.1) if two else (0.5, 0.1, case["vacuum"]), clock_rate_hz=1e9
            ),
            channel=nc.FixedLoss(loss_db=loss_db),
            bob=nc.ThresholdDetectors(
                efficiency=case["efficiency"],
                dark_count_prob=case["dark_count_prob"],
                misalignment=case["misalignment"],
                afterpulse_prob=case["afterpulse_prob"],
                afterpulsing="proportional",
            ),
        ),
        nc.DecoyBB84(
            intensity_probs=(0.7, 0.3) if two else (0.6, 0.25, 0.15),
            basis_prob=0.5 if case["keyed_bases"] == "both" else 0.8,
            keyed_bases=case["keyed_bases"],
            keyed_intensities=(0,) if case["signal_only"] else (),
            bound=case["bound"],
            eps_sec=case["eps_sec"],
            f_ec=case["f_ec"],
        ),
    )


class Height:
    """What is maximised: the rate, or below zero the fraction of the sifted bits that is missing."""

    def __init__(self, case: dict[str, Any], loss_db: float) -> None:
        self.setup = setup_of(case, loss_db)
        self.size = {"pulses": case["pulses"]} if case["pulses"] else {"asymptotic": True}
        self.decoys = case["intensities"] - 1
        self.vacuum = case["vacuum"] if self.decoys == 2 else None
        basis = (0.5 if case["keyed_bases"] == "both" else BASIS_PROB[0], BASIS_PROB[1])
        logit = [float(np.log(p / (1 - p))) for p in basis]
        spans = [np.log(BRIGHTEST), np.log((DIMMEST, BRIGHTEST[1])), *[np.log(ODDS)] * self.decoys, logit]
        self.bounds = [(float(span[0]), float(span[1])) for span in spans]

    def parameters(self, x: Floats) -> dict[str, Floats]:
        """Return the fields at coordinates (d, n)."""
        odds = np.concatenate([np.ones_like(x[:1]), np.exp(x[2:-1])])
        shares = odds / odds.sum(axis=0)
        fields = {"alice.intensities[0]": np.exp(x[0]), "alice.intensities[1]": np.exp(x[1])}
        fields |= {f"protocol.intensity_probs[{k}]": share for k, share in enumerate(shares)}
        return fields | {"protocol.basis_prob": 1 / (1 + np.exp(-x[-1]))}

    def __call__(self, x: Floats) -> Floats:
        """Return the negative height at coordinates (d,) or (d, n)."""
        columns = x.reshape(len(x), -1)
        fields = self.parameters(columns)
        margin = fields["alice.intensities[0]"] - fields["alice.intensities[1]"] - (self.vacuum or 0.0)
        answer = nc.rate(nc.Grid.over(self.setup, {}, fields), **self.size)
        fraction = sum(answer.terms.values()) / answer.sifted_bits
        height = np.where(fraction > 0, answer.rate_per_pulse, fraction)
        height = np.where(margin > 0, height, -1e9)
        return -height if x.ndim > 1 else -height[0]

    def evolve(self, people: int, patience: int, stage: str, run: int) -> tuple[Floats, float]:
        """Return the coordinates and the height of the best point of one differential evolution."""
        found = differential_evolution(
            self, self.bounds, popsize=people, maxiter=patience, tol=1e-8, polish=False, vectorized=True,
            updating="deferred", rng=stream(6, stage, run),
        )  # fmt: skip
        return found.x, -found.fun

    def polish(self, x: Floats, height: float) -> Floats:
        """Return the coordinates of the top above a point."""
        low, high = np.array(self.bounds).T
        for _ in range(2):
            top = minimize(
                lambda z: self(np.clip(z, low, high)) / abs(height), x, method="Nelder-Mead",
                options={"xatol": 1e-7, "fatol": 1e-12, "maxiter": 2000, "adaptive": True},
            )  # fmt: skip
            x = np.clip(top.x, low, high)
        return x


def cutoff_db(case: dict[str, Any], number: int) -> float:
    """Return about the largest loss at which there is a key."""
    low, high = 0.0, 100.0
    while high - low > 0.1:
        middle = (low + high) / 2
        height = Height(case, middle).evolve(10, 150, "cutoff", number)[1]
        low, high = (middle, high) if height > 0 else (low, middle)
    return low


def main(path: Path) -> None:
    """Write the table, row by row; links that it holds already are left as they are."""
    rows: list[dict[str, Any]] = []
    if path.exists():
        with path.open(encoding="utf-8") as file:
            rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]
    for number in range(len(rows), LINKS):
        case = random_case(number)
        loss_db = round(case.pop("share_of_cutoff") * cutoff_db(case, number), 2)
        height = Height(case, loss_db)
        runs = [height.evolve(20, 600, "restart", RESTARTS * number + i) for i in range(RESTARTS)]
        x = height.polish(*max(runs, key=lambda run: run[1]))
        rate = -float(height(x))
        fields = {name: f"{value[0]:.6g}" for name, value in height.parameters(x[:, None]).items()}
        rows.append({"link": number, **case, "loss_db": loss_db, "rate": repr(rate), **fields})
        print(rows[-1], flush=True)
        names = list(dict.fromkeys(name for row in rows for name in row))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
