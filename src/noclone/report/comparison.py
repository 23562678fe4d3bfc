"""From photons to bits: what the model expects, what the simulation gave, what the experiment measured.

Each row says why its figures differ: by chance (how many standard deviations), because a figure was
fitted, or because something else was spent than assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from noclone.core.seeds import stream
from noclone.protocols.decoy_bb84 import RIGOROUS
from noclone.rates import bounds
from noclone.rates.counts import DecoyCounts
from noclone.rates.key_terms import shannon_leak
from noclone.report.description import changes, key_of, preset_of
from noclone.report.notation import difference, percent, sigmas, significant, whole

if TYPE_CHECKING:
    from noclone.run import RunResult

DRAWS = 400
"""Samples of the counts behind the spread of a key's length."""

_PROCESSING = ("run.pulses", "protocol.bound", "protocol.f_ec", "protocol.eps_sec", "protocol.eps_cor",
               "protocol.abort_qber", "protocol.reconciliation", "protocol.amplification")  # fmt: skip
"""Fields whose change leaves an experiment's figures comparable: nothing about photons."""


@dataclass(frozen=True)
class Row:
    """One quantity on its way from photons to bits.

    Attributes
    ----------
    name : str
        Name of the measured figure, as in a preset; the bound's name is appended for keys.
    quantity : str
        What it is, in words.
    written : callable
        Turns a value into text.
    model, simulated, measured : float or None
        The values; None where there is none.
    sigma : float or None
        Standard deviation of `simulated` from run to run.
    scale : float
        What `measured` is multiplied with to be held against this run, if its size differs.
    why : str
        Sentences that explain the differences; may be empty.
    """

    name: str
    quantity: str
    written: Callable[[float], str]
    model: float | None
    simulated: float | None
    measured: float | None = None
    sigma: float | None = None
    scale: float = 1.0
    why: str = ""

    @property
    def from_model(self) -> float | None:
        """Relative difference of the simulated value from the model's."""
        return _relative(self.simulated, self.model)

    @property
    def from_measured(self) -> float | None:
        """Relative difference of the simulated value from the measured one, per pulse."""
        return None if self.measured is None else _relative(self.simulated, self.measured * self.scale)

    @property
    def deviation(self) -> float | None:
        """Difference from the model in standard deviations."""
        if self.sigma is None or not self.sigma > 0 or self.simulated is None or self.model is None:
            return None
        return (self.simulated - self.model) / self.sigma


def _relative(value: float | None, reference: float | None) -> float | None:
    return None if value is None or not reference else value / reference - 1


def rows(result: RunResult) -> tuple[Row, ...]:
    """Return the table from photons to bits, top to bottom.

    Parameters
    ----------
    result : RunResult

    Returns
    -------
    tuple of Row
        Pulses, detections, sifted bits, error rate, efficiency of reconciliation, key bits with the
        run's bound and, if another, with the rigorous one.
    """
    measured = measured_figures(result)
    key = key_of(result)
    expected = result.expected
    table = [
        Row(
            "pulses",
            "pulses sent",
            whole,
            result.pulses,
            result.pulses,
            experiment_pulses(result) if measured else None,
            why=_shorter(result) if measured else "",
        ),
        _counted(result, "detections", "detections", float(expected.detections), len(result.simulated.bob), measured),
        _counted(result, "sifted_bits", "sifted bits", float(expected.sifted_bits), result.sifted_bits, measured),
        _error_rate(result, measured),
    ]
    if key is not None:
        table.append(
            Row(
                "f_ec",
                "f of error correction",
                partial(significant, digits=4),
                result.setup.protocol.f_ec,
                key.f_ec,
                why="Leakage over the Shannon limit: the prediction assumes it, the distilled key pays "
                "what was really sent.",
            )
        )
    table.append(_key_row(result, measured))
    if result.bound != RIGOROUS:
        table.append(_rigorous_row(result))
    return tuple(table)


def experiment_pulses(result: RunResult) -> int:
    """Return how many pulses the published experiment sent."""
    return (preset_of(result.setup) or result.setup).pulses


def measured_figures(result: RunResult) -> dict[str, float]:
    """Return the experiment's figures, or none where the link is not the experiment's any more."""
    publication = result.setup.publication
    changed = [name for name in changes(result.setup) if name not in _PROCESSING]
    return {} if publication is None or changed else dict(publication.measured)


def key_spread(result: RunResult, bound: str, efficiency: float) -> float:
    """Return the standard deviation of the key's length from run to run, by Poisson draws of all counts.

    Parameters
    ----------
    result : RunResult
        Of which the model's expected counts are taken.
    bound : str
        Bound of the key's length.
    efficiency : float
        f of reconciliation.

    Returns
    -------
    float
        Bits; the draws are seeded, so the same run gives the same figure.
    """
    counts, keyed = result.expected.counts, result.setup.protocol.keyed
    generator = stream(result.seed, "spread of the key")
    shape = (*counts.detections.shape[:2], DRAWS)
    wrong = generator.poisson(np.broadcast_to(counts.errors.reshape(*shape[:2], 1), shape))
    right = generator.poisson(np.broadcast_to((counts.detections - counts.errors).reshape(*shape[:2], 1), shape))
    drawn = DecoyCounts(counts.intensities, counts.intensity_probs, wrong + right, wrong)
    terms = result.setup.protocol.key_terms(drawn, shannon_leak(drawn, keyed, efficiency), bound)
    return float(np.std(terms.length))


def _counted(
    result: RunResult, name: str, quantity: str, model: float, simulated: int, measured: dict[str, float]
) -> Row:
    seen = measured.get(name)
    scale = result.pulses / experiment_pulses(result)
    sigma = float(np.sqrt(model))
    row = Row(name, quantity, whole, model, simulated, seen, sigma, scale)
    why = [_by_chance(result, row, f"σ = √N = {whole(sigma)}")]
    fitted = _fitted_field(result, name)
    if seen is not None and fitted is not None:
        why.append(f"{fitted} was fitted to the measured {quantity}, so model and experiment are equal by construction.")
    elif seen is not None:
        off = (seen * scale - model) / sigma
        why.append(f"The experiment lies {sigmas(off)} of its own counting statistics from the model.")
    return _explained(row, why)


def _error_rate(result: RunResult, measured: dict[str, float]) -> Row:
    model = float(result.expected.qber)
    sigma = float(np.sqrt(model * (1 - model) / max(1, result.sifted_bits)))
    row = Row("qber", "error rate (QBER)", percent, model, result.qber, measured.get("qber"), sigma)
    why = [_by_chance(result, row, f"σ = {percent(sigma, 2)}")]
    fitted = _fitted_field(result, "qber")
    if row.measured is not None and fitted is not None:
        why.append(f"{fitted} was fitted to the measured rate, so model and experiment are equal by construction.")
    return _explained(row, why)


def _key_row(result: RunResult, measured: dict[str, float]) -> Row:
    key, protocol = key_of(result), result.setup.protocol
    assumed = float(np.floor(_length(result, result.bound, protocol.f_ec)))
    got = 0 if key is None else key.key_bits
    seen = measured.get("key_bits")
    scale = result.pulses / experiment_pulses(result)
    spent = protocol.f_ec if key is None else key.f_ec
    sigma = key_spread(result, result.bound, spent)
    row = Row("key_bits", f"key bits, {result.bound}", whole, assumed, got, seen, sigma, scale)
    if key is None:
        return _explained(row, ["The run was aborted and gave no key."])
    return _explained(row, [_key_against_model(result, row, spent), _key_against_experiment(result, row)])


def _key_against_model(result: RunResult, row: Row, spent: float) -> str:
    if row.from_model is None or row.simulated is None or row.model is None:
        return ""
    paid = _length(result, result.bound, spent)
    text = (
        f"Of {difference(row.from_model)}, error correction makes {difference(paid / row.model - 1)} "
        f"(f {significant(result.setup.protocol.f_ec, 4)} assumed, {significant(spent, 4)} spent)"
    )
    if not row.sigma:
        return text + "."
    rest = (row.simulated - paid) / row.model
    return (
        f"{text}; the other {difference(rest)} is {sigmas((row.simulated - paid) / row.sigma)} of chance "
        f"(σ = {percent(row.sigma / row.model, 2)} of the key)" + _eve(result) + "."
    )


def _key_against_experiment(result: RunResult, row: Row) -> str:
    if row.measured is None or row.model is None:
        return ""
    parts = []
    own = (preset_of(result.setup) or result.setup).protocol.bound
    if own != result.bound:
        parts.append(f"The experiment used the bound {own}.")
    if row.scale != 1:
        parts.append("Per pulse, a block of another size pays another share for its statistics.")
        return " ".join(parts)
    shannon = float(shannon_leak(result.expected.counts, result.setup.protocol.keyed, 1.0))
    needed = result.setup.protocol.f_ec + (row.model - row.measured) / shannon
    if 1 <= needed <= 2:
        parts.append(f"The model gives the measured length at f = {significant(needed, 4)}.")
    else:
        parts.append("No efficiency of error correction alone makes the model give the measured length.")
    parts.append("What else the experiment spent, and how it split its ε, the publication leaves open.")
    return " ".join(parts)


def _rigorous_row(result: RunResult) -> Row:
    key, protocol = key_of(result), result.setup.protocol
    model = float(np.floor(_length(result, RIGOROUS, protocol.f_ec)))
    got = result.rigorous_bits
    row = Row("key_bits_rigorous", f"key bits, {RIGOROUS}", whole, model, got)
    if key is None or got is None or not key.key_bits:
        return row
    return _explained(
        row,
        [
            f"The same run under proven tail bounds: {difference(got / key.key_bits - 1)} against {result.bound}, "
            "whose statistics are approximations in places (see the assumptions)."
        ],
    )


def _length(result: RunResult, bound: str, efficiency: float) -> float:
    """Return the model's key length at an efficiency of reconciliation."""
    counts, protocol = result.expected.counts, result.setup.protocol
    leak = shannon_leak(counts, protocol.keyed, efficiency)
    return float(protocol.key_terms(counts, leak, bound).length)


def _by_chance(result: RunResult, row: Row, sigma_text: str) -> str:
    if row.deviation is None:
        return ""
    text = f"The simulation lies {sigmas(row.deviation)} of chance from the model ({sigma_text})"
    statistics = result.setup.link.bob.statistics
    if statistics != "exact":
        text += f"; the model takes the approximate formulas of {statistics}, the simulation the exact law"
    return text + _eve(result) + "."


def _eve(result: RunResult) -> str:
    return "" if result.attack is None else "; the model knows nothing of Eve"


def _fitted_field(result: RunResult, figure: str) -> str | None:
    return next((name for name, fitted in result.setup.fitted.items() if fitted == figure), None)


def _shorter(result: RunResult) -> str:
    sent = experiment_pulses(result)
    if sent == result.pulses:
        return ""
    return (
        f"This run sends {significant(result.pulses / sent)} of the experiment's pulses; "
        "differences from measured counts and keys are taken per pulse."
    )


def _explained(row: Row, why: list[str]) -> Row:
    return Row(**{**row.__dict__, "why": " ".join(part for part in why if part)})


__all__ = ["Row", "bounds", "experiment_pulses", "key_spread", "measured_figures", "rows"]
