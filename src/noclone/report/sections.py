"""The tables of a report's page, one function for each section."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import noclone
from noclone.core.fields import documented
from noclone.core.registry import named_modules
from noclone.distillation.ledger import Ledger
from noclone.distillation.result import Abort, SecretKey
from noclone.rates import bounds
from noclone.report.budget import steps, true_single_photons
from noclone.report.comparison import Row
from noclone.report.description import command, intensities_of
from noclone.report.deviations import Deviations
from noclone.report.markup import Cell, Number, bullets, linked, paragraph, table
from noclone.report.notation import difference, percent, plain, sigmas, significant, whole
from noclone.setup import Setup, toml

if TYPE_CHECKING:
    from noclone.pipeline import RunResult


def comparison(compared: tuple[Row, ...]) -> str:
    """Return the table from photons to bits; each quantity is followed by its explanation."""
    measured = any(row.measured is not None for row in compared)
    heads = ["model", "simulated", "vs. model"] + (["measured", "vs. measured"] if measured else [])
    bodies = []
    for row in compared:
        numbers = [
            Number(row.written(row.model), row.model),
            Number("none") if row.simulated is None else Number(row.written(row.simulated), row.simulated),
            _relative(row.from_model),
        ]
        if measured:
            seen = Number("") if row.measured is None else Number(row.written(row.measured), row.measured)
            numbers += [seen, _relative(row.from_measured)]
        cells = "".join(
            f'<td class="n" data-head="{head}">{number.html()}</td>'
            for head, number in zip(heads, numbers, strict=True)
        )
        kind, why = "", ""
        if row.why:
            kind = ' class="explained"'
            why = f'\n<tr class="why"><td colspan="{len(heads) + 1}">{linked(row.why)}</td></tr>'
        first = f'<tr{kind}><th scope="row">{escape(row.quantity)}</th>{cells}</tr>'
        bodies.append(f'<tbody id="{row.name}">\n{first}{why}\n</tbody>')
    titles = "".join(f'<th scope="col" class="n">{head}</th>' for head in heads)
    head = f'<thead><tr><th scope="col">quantity</th>{titles}</tr></thead>'
    return '<div class="scroll"><table class="cards">\n' + "\n".join([head, *bodies]) + "\n</table></div>"


def _relative(value: float | None) -> Number:
    return Number("") if value is None else Number(difference(value), value)


def evidence(abort: Abort) -> str:
    """Return what an abort names as its evidence."""
    entries = [(name.replace("_", " "), Number(plain(value))) for name, value in abort.evidence.items()]
    return table(("evidence", "observed"), entries) if entries else ""


def statistics(result: RunResult, found: Deviations) -> str:
    """Return observed and expected events and error rates per basis and intensity."""
    expected, seen = result.expected.counts.detections, result.detections
    lines = []
    for basis in (0, 1):
        for index, intensity in enumerate(intensities_of(result.setup)):
            at = basis, index
            rate, model_rate = float(found.error_rate[at]), float(found.model_error_rate[at])
            lines.append(
                (
                    f"{'ZX'[basis]}, {significant(intensity)} photons",
                    Number(whole(expected[at]), float(expected[at])),
                    Number(whole(seen[at]), int(seen[at])),
                    Number(sigmas(found.gain_sigmas[at]), float(found.gain_sigmas[at])),
                    Number(percent(model_rate, 3), model_rate),
                    Number(percent(rate, 3), rate) if seen[at] else Number(""),
                    Number(sigmas(found.error_sigmas[at]), float(found.error_sigmas[at])),
                )
            )
    head = ("basis and intensity", "events expected", "observed", "apart")
    text = (
        f"Events with matching bases. Chance passes ±{found.limit:.1f} σ anywhere in this table in one of "
        f"100 honest runs; the largest deviation here is {sigmas(found.largest).lstrip('+')}."
    )
    return table((*head, "error rate expected", "observed", "apart"), lines) + paragraph(text)


def terms(result: RunResult, key: SecretKey) -> str:
    """Return the signed terms of the key, and what the bound proves beside the simulation's truth."""
    lines = [
        (
            step.label,
            Number(whole(step.bits), step.bits),
            Number(percent(step.bits / key.sifted_bits, 3), step.bits / key.sifted_bits),
            Number(whole(step.model), step.model),
        )
        for step in steps(result, key)
    ]
    note = "The truth is known to the simulation alone: neither the parties nor the key's length use it."
    return (
        table(("term", "bits", "of the raw key", "model"), lines[:-1], lines[-1])
        + table(("bound", "this run", "model", "truth"), list(_proven(result, key)))
        + paragraph(note)
    )


def _proven(result: RunResult, key: SecretKey) -> Iterator[tuple[Cell, ...]]:
    truth, model = true_single_photons(result), result.predicted.bounds
    for basis, found in enumerate(key.estimate.terms):
        if found is None:
            continue
        name = "zx"[basis]
        single, expected = float(found.single.sum()), float(model[f"single_photons_{name}"])
        yield (
            f"single photons, basis {name.upper()}",
            Number(f"≥ {whole(single)}", single),
            Number(f"≥ {whole(expected)}", expected),
            Number(whole(truth[basis]), int(truth[basis])),
        )
        error, expected = float(found.phase_error[basis]), float(model[f"phase_error_{name}"])
        yield (
            f"phase errors, basis {name.upper()}",
            Number(f"≤ {percent(error, 3)}", error),
            Number(f"≤ {percent(expected, 3)}", expected),
            Number(""),
        )


def epsilons(ledger: Ledger) -> str:
    """Return the ledger of failure probabilities."""
    lines = [
        (entry.name, Number(significant(entry.value), entry.value), entry.covers) for entry in ledger.epsilons
    ]
    total = ("sum", Number(significant(ledger.eps_total), ledger.eps_total), "distance from an ideal key")
    return table(("name", "at most", "covers"), lines, total)


def leakage(ledger: Ledger) -> str:
    """Return the ledger of bits sent and bits charged."""
    lines = []
    for stage in dict.fromkeys([*ledger.sent, *(charge.stage for charge in ledger.charges)]):
        named = (charge.theorem for charge in ledger.charges if charge.stage == stage and charge.theorem)
        charged, sent = ledger.charged_under(stage), ledger.sent.get(stage, 0)
        theorems = "; ".join(dict.fromkeys(named))
        lines.append((stage, Number(whole(sent), sent), Number(whole(charged), charged), theorems))
    sent, charged = ledger.sent_bits, ledger.charged_bits
    total = ("sum", Number(whole(sent), sent), Number(whole(charged), charged), "")
    text = (
        "Sent is what crossed the channel, both ways, as encoded; charged is what counts as known to Eve "
        "and is taken off the key, verification by the bound's own, larger correctness term. Authentication "
        f"consumed {whole(ledger.authentication_bits)} bits of shared key."
    )
    return table(("stage", "sent bits", "charged bits", "theorem"), lines, total) + paragraph(text)


def assumptions(result: RunResult) -> str:
    """Return what the proof behind the key's length assumes."""
    security = result.predicted.security
    sentences = (f"{text[:1].upper()}{text[1:]}." for text in security.assumptions)
    return paragraph(f"{result.bound}: {security.source}.") + bullets(sentences)


def repeat(result: RunResult) -> str:
    """Return the command, the version, the seed, and the setup in full."""
    seconds = ", ".join(f"{stage} {value:.1f} s" for stage, value in result.seconds.items())
    return (
        f"<pre><code>{escape(command(result))}</code></pre>"
        + paragraph(f"noclone {noclone.__version__}, seed {result.seed}. It took: {seconds}.")
        + f"<details>\n<summary>Every field of the setup</summary>\n{_fields(result.setup)}\n</details>"
        + "<details>\n<summary>The setup as a file</summary>\n"
        + f"<pre><code>{escape(toml.write(result.setup))}</code></pre>\n</details>"
    )


def _fields(setup: Setup) -> str:
    lines = []
    for station, part in setup.parts.items():
        for field, spec, _ in documented(type(part)):
            name, value = f"{station}.{field}", getattr(part, field)
            shown = f"{value:.6g}" if isinstance(value, float) else str(value)
            if isinstance(value, tuple):
                shown = ", ".join(f"{item:g}" for item in value)
            if name in setup.uncertainty:
                shown += f" ± {setup.uncertainty[name]:g}"
            origin = f" (fitted to the measured {setup.fitted[name]})" if name in setup.fitted else ""
            lines.append((name, f"{shown} {spec.unit}".strip(), spec.doc + origin))
    return table(("field", "value", "meaning"), lines)


def papers(result: RunResult) -> str:
    """Return the papers behind the figures of the page."""
    publication, protocol = result.setup.publication, result.setup.recorded
    names = dict.fromkeys((result.bound, protocol.RIGOROUS, protocol.bound))
    extractor: Any = named_modules("noclone.hashing")[protocol.amplification]
    found = [] if publication is None else [f"The experiment: {publication.reference}."]
    if result.attack is not None:
        found.append(f"The attack: {result.attack.SOURCE}.")
    found += [f"Bound {name}: {bounds.get(name).SOURCE}." for name in names]
    found += [
        f"Privacy amplification, {extractor.NAME}: {extractor.SOURCE}.",
        "Capacity without repeaters: S. Pirandola et al., Nat. Commun. 8, 15043 (2017).",
        "Confidence intervals: C. Clopper and E. Pearson, Biometrika 26, 404 (1934).",
    ]
    return bullets(found)
