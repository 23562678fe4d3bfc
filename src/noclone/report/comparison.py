"""From photons to bits: what the model expects, what the simulation gave, what the experiment measured.

Each row says why its figures differ: by chance (how many standard deviations), because a figure was
fitted, or because something else was spent than assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from noclone.core.seeds import stream
from noclone.rates.key_terms import shannon_leak
from noclone.report.description import changes, key_of, preset_of
from noclone.report.notation import difference, percent, sigmas, significant, whole
from noclone.setup import rate

if TYPE_CHECKING:
    from noclone.pipeline import RunResult

DRAWS = 400
"""Samples of the counts behind the spread of a key's length."""

CHANCE = 4.0
"""Standard deviations up to which a difference is put down to chance."""

_PROCESSING = {"bound", "f_ec", "eps_sec", "eps_cor", "abort_qber", "reconciliation", "amplification"}
"""Fields of the protocol that leave an experiment's figures comparable: nothing about photons."""


@dataclass(frozen=True)
class Row:
    """One quantity on its way from photons to bits.

    Attributes
    ----------
    name : str
        As in a preset's measured figures and under ``--json``.
    quantity : str
        What it is, in words.
    written : callable
        Turns a value into text.
    model, simulated, measured : float or None
        The values; None where there is none.
    sigma : float or None
        Standard deviation of `simulated` from run to run.
    scale : float
        This run's size over the experiment's, for figures that grow with it.
    why : str
        Sentences that explain the differences; may be empty.
    """

    name: str
    quantity: str
    written: Callable[[float], str]
    model: float
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
        """Relative difference of the simulated value from the measured one, at the same size."""
        return None if self.measured is None else _relative(self.simulated, self.measured * self.scale)

    @property
    def deviation(self) -> float | None:
        """Difference from the model in standard deviations."""
        if not self.sigma or self.simulated is None:
            return None
        return (self.simulated - self.model) / self.sigma


def _relative(value: float | None, reference: float) -> float | None:
    return value / reference - 1 if value is not None and reference else None


def rows(result: RunResult) -> tuple[Row, ...]:
    """Return the table from photons to bits, top to bottom.

    Parameters
    ----------
    result : RunResult

    Returns
    -------
    tuple of Row
        Pulses, detections, sifted bits, error rate, efficiency of error correction, key bits with
        the run's bound and, if it is another, with the rigorous one.
    """
    measured = measured_figures(result)
    sent = float(experiment_pulses(result)) if measured else None
    detections, sifted = float(result.expected.detections), float(result.expected.sifted_bits)
    key = key_of(result)
    table = [
        _size_row(result, sent),
        _count_row(result, "detections", detections, len(result.simulated.bob), measured),
        _count_row(result, "sifted_bits", sifted, result.sifted_bits, measured),
        _error_rate_row(result, measured),
    ]
    if key is not None:
        table.append(_efficiency_row(result, key.f_ec))
    table.append(_key_row(result, measured))
    if result.bound != result.setup.recorded.RIGOROUS:
        table.append(_rigorous_row(result))
    return tuple(table)


def experiment_pulses(result: RunResult) -> int:
    """Return how many pulses the published experiment sent."""
    return (preset_of(result.setup) or result.setup).pulses


def measured_figures(result: RunResult) -> dict[str, float]:
    """Return the experiment's figures, or none where the link is not the experiment's any more."""
    publication = result.setup.publication
    if publication is None or result.attack is not None:
        return {}
    parts = [name.partition(".")[::2] for name in changes(result.setup)]
    other_link = any(table != "run" and field not in _PROCESSING for table, field in parts)
    return {} if other_link else dict(publication.measured)


def key_spread(result: RunResult, efficiency: float) -> float:
    """Return the standard deviation of the key's length from run to run.

    Parameters
    ----------
    result : RunResult
        Its expected counts are drawn again, Poissonian and independent of each other.
    efficiency : float
        f of error correction.

    Returns
    -------
    float
        Bits. The draws are seeded: the same run gives the same figure.
    """
    counts, protocol = result.expected.counts, result.setup.recorded
    generator = stream(result.seed, "spread of the key")
    shape = (DRAWS, *counts.detections.shape)
    wrong = np.moveaxis(generator.poisson(counts.errors, shape), 0, -1)
    right = np.moveaxis(generator.poisson(counts.detections - counts.errors, shape), 0, -1)
    drawn = replace(
        counts, detections=(wrong + right).astype(float), errors=wrong.astype(float), photons=None
    )
    leak = shannon_leak(drawn, protocol.keyed, efficiency)
    return float(np.std(protocol.key_terms(drawn, leak, result.bound).length))


def _size_row(result: RunResult, sent: float | None) -> Row:
    why = ""
    if sent is not None and sent != result.pulses:
        times = significant(result.pulses / sent)
        why = f"{times} times the experiment's pulses; measured counts and keys are compared per pulse."
    return Row("pulses", "pulses sent", whole, result.pulses, result.pulses, sent, why=why)


def _efficiency_row(result: RunResult, spent: float) -> Row:
    return Row(
        "f_ec",
        "error correction, f",
        partial(significant, digits=4),
        result.setup.recorded.f_ec,
        spent,
        why="Leakage over the Shannon limit: predictions assume it, the distilled key pays what was spent.",
    )


def _count_row(result: RunResult, name: str, model: float, simulated: int, measured: dict[str, float]) -> Row:
    scale = result.pulses / experiment_pulses(result)
    sigma = float(np.sqrt(model))
    quantity = name.replace("_", " ")
    row = Row(name, quantity, whole, model, simulated, measured.get(name), sigma, scale)
    why = [_by_chance(result, row, f"σ = √N = {whole(sigma)}")]
    fitted = _fitted_field(result, name)
    if row.measured is not None and fitted is not None:
        why.append(_by_construction(fitted, quantity))
    elif row.measured is not None and sigma > 0:
        off = (row.measured * scale - model) / (sigma * np.sqrt(scale))
        why.append(f"The experiment lies {sigmas(off)} of its own counting statistics from the model.")
    return _explained(row, why)


def _error_rate_row(result: RunResult, measured: dict[str, float]) -> Row:
    model = float(result.expected.qber)
    sigma = float(np.sqrt(model * (1 - model) / max(1, result.sifted_bits)))
    row = Row("qber", "error rate, QBER", percent, model, result.qber, measured.get("qber"), sigma)
    why = [_by_chance(result, row, f"σ = {percent(sigma, 2)}")]
    fitted = _fitted_field(result, "qber")
    if row.measured is not None and fitted is not None:
        why.append(_by_construction(fitted, "rate"))
    return _explained(row, why)


def _key_row(result: RunResult, measured: dict[str, float]) -> Row:
    key, assumed = key_of(result), result.setup.recorded.f_ec
    model = float(np.floor(_length(result, assumed)))
    spent = assumed if key is None else key.f_ec
    row = Row(
        "key_bits",
        f"key bits, {result.bound}",
        whole,
        model,
        None if key is None else key.key_bits,
        measured.get("key_bits"),
        key_spread(result, spent),
        result.pulses / experiment_pulses(result),
    )
    why = [_own_bound(result)]
    if key is None:
        why.append("The run was aborted and gave no key.")
    else:
        why += [_key_against_model(result, row, spent), _key_against_experiment(result, row)]
    return _explained(row, why)


def _own_bound(result: RunResult) -> str:
    own = result.setup.recorded.bound
    if own == result.bound:
        return ""
    endless = float(rate(result.setup, asymptotic=True).rate_per_pulse) * result.pulses
    return f"The setup's own bound, {own}, gives {whole(endless)} bits in the limit of endless blocks."


def _key_against_model(result: RunResult, row: Row, spent: float) -> str:
    if row.simulated is None:
        return ""
    if row.from_model is None or not row.sigma:
        return "The model expects no key of this block."
    assumed, paid = result.setup.recorded.f_ec, _length(result, spent)
    rest = row.simulated - paid
    if result.attack is not None:
        return (
            f"The {difference(row.from_model)} from the model is Eve's doing, beside counting statistics "
            f"(σ = {percent(row.sigma / row.model, 2)} of the key): the model knows nothing of her."
        )
    return (
        f"Of the {difference(row.from_model)} from the model, {difference(paid / row.model - 1)} is error "
        f"correction (f {significant(assumed, 4)} assumed, {significant(spent, 4)} spent) and "
        f"{difference(rest / row.model)} is {sigmas(rest / row.sigma)} of counting statistics "
        f"(σ = {percent(row.sigma / row.model, 2)} of the key)."
    )


def _key_against_experiment(result: RunResult, row: Row) -> str:
    if row.measured is None:
        return ""
    if row.scale != 1:
        return "Per pulse, a block of another size pays another share for its statistics."
    protocol = result.setup.recorded
    needed = protocol.f_ec + (row.model - row.measured) / _leak(result, 1.0)
    found = f"at f = {significant(needed, 4)}" if 1 <= needed <= 2 else "at no efficiency of error correction"
    return (
        f"The model meets the measured length {found}; what the experiment spent there, and how it split its "
        "ε, is not known to noclone."
    )


def _rigorous_row(result: RunResult) -> Row:
    key = key_of(result)
    model = float(np.floor(result.predicted_rigorous.key_bits or 0))
    row = Row(
        "key_bits_rigorous", f"key bits, {result.setup.recorded.RIGOROUS}", whole, model, result.rigorous_bits
    )
    if key is None or result.rigorous_bits is None:
        return row
    change = _relative(result.rigorous_bits, key.key_bits)
    why = [
        f"The same run under proven tail bounds: {difference(change or 0)} against {result.bound}, "
        "whose assumptions say where it approximates."
    ]
    return _explained(row, why)


def _length(result: RunResult, efficiency: float) -> float:
    """Return the model's key length at an efficiency of error correction."""
    terms = result.setup.recorded.key_terms(result.expected.counts, _leak(result, efficiency), result.bound)
    return float(terms.length)


def _leak(result: RunResult, efficiency: float) -> float:
    """Return what the model expects error correction to disclose."""
    return float(shannon_leak(result.expected.counts, result.setup.recorded.keyed, efficiency))


def _by_chance(result: RunResult, row: Row, sigma_text: str) -> str:
    if row.deviation is None:
        return ""
    cause = "chance" if abs(row.deviation) <= CHANCE else "more than chance"
    text = f"The simulation lies {sigmas(row.deviation)} from the model, {cause} ({sigma_text})"
    statistics = result.setup.link.bob.statistics
    if statistics != "exact":
        text += f"; the model takes the approximate formulas {statistics}, the simulation the exact law"
    return text + _eve(result) + "."


def _eve(result: RunResult) -> str:
    return "" if result.attack is None else "; the model knows nothing of Eve"


def _fitted_field(result: RunResult, figure: str) -> str | None:
    return next((name for name, fitted in result.setup.fitted.items() if fitted == figure), None)


def _by_construction(field: str, quantity: str) -> str:
    return f"{field} was fitted to the measured {quantity}: model and experiment agree by construction."


def _explained(row: Row, why: list[str]) -> Row:
    return replace(row, why=" ".join(part for part in why if part))
