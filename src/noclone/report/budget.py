"""The budget of a key: from the events with matching bases down to the key, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from noclone.distillation.result import SecretKey
from noclone.protocols.key_rate import KeyRate

if TYPE_CHECKING:
    from noclone.pipeline import RunResult


@dataclass(frozen=True)
class Step:
    """One entry of the budget.

    Attributes
    ----------
    label : str
        What is counted or taken off.
    bits : float
        In this run; negative where something is taken off. Levels (`level`) are not added.
    model : float
        What the model expects.
    level : bool
        True for the height reached: all events, raw key, key.
    """

    label: str
    bits: float
    model: float
    level: bool = False


def steps(result: RunResult, key: SecretKey) -> tuple[Step, ...]:
    """Return the budget; from one level to the next, the entries between them add up exactly.

    The model's key is not cut at 0: where it expects none, its last level is negative.
    """
    matched = float(result.detections.sum())
    raw = float(key.sifted_bits)
    expected_matched = float(result.expected.counts.detections.sum())
    expected_raw = float(result.expected.sifted_bits)
    mine, model = run_terms(key), model_terms(result.predicted)
    expected_key = sum(model.values())
    taken = [
        ("possibly multi-photon", mine["vacuum"] + mine["single photons"] - raw,
         model["vacuum"] + model["single photons"] - expected_raw),
        *((label, mine[label], model[label]) for label in
          ("phase errors", "reconciliation", "verification", "secrecy (ε)")),
    ]  # fmt: skip
    rounding = key.key_bits - sum(mine.values())
    return (
        Step("events with matching bases", matched, expected_matched, level=True),
        Step("disclosed for estimation", raw - matched, expected_raw - expected_matched),
        Step("raw key", raw, expected_raw, level=True),
        *(Step(*entry) for entry in taken),
        *([Step("rounding down", rounding, 0.0)] if abs(rounding) >= 2 else []),
        Step("key", float(key.key_bits), expected_key, level=True),
    )


def run_terms(key: SecretKey) -> dict[str, float]:
    """Return the signed terms of a distilled key, both bases added; they sum to it, but for rounding."""
    found = [terms.contributions() for terms in key.estimate.terms if terms is not None]
    summed = {name: sum(float(terms[name]) for terms in found) for name in found[0]}
    return _verification_apart(summed, key.ledger.charged_under("reconciliation"))


def model_terms(predicted: KeyRate) -> dict[str, float]:
    """Return the same terms of the model's key."""
    summed = {name: float(value) for name, value in predicted.terms.items()}
    return _verification_apart(summed, -summed["reconciliation"])


def _verification_apart(terms: Mapping[str, float], reconciliation: float) -> dict[str, float]:
    """Book what was charged beyond reconciliation itself under verification."""
    extra = -terms["reconciliation"] - reconciliation
    return {
        "vacuum": terms["vacuum"],
        "single photons": terms["single photons"],
        "phase errors": terms["phase errors"],
        "reconciliation": -float(reconciliation),
        "verification": terms["correctness"] - extra,
        "secrecy (ε)": terms["secrecy"],
    }


def true_single_photons(result: RunResult) -> NDArray[np.int64]:
    """Return how many raw key events of each basis (2,) really came from single photons."""
    alice, bob = result.simulated.alice, result.simulated.bob
    mask = (alice.basis == bob.basis) & (result.simulated.photons == 1)
    mask &= result.setup.recorded.keyed[alice.basis, alice.intensity]
    return np.bincount(alice.basis[mask], minlength=2)
