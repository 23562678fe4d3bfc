"""The report of one run as one page that needs nothing else: text, tables and figures in a single file."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import noclone
from noclone.core.fields import documented
from noclone.core.files import write_atomically
from noclone.core.registry import named_modules
from noclone.distil.ledger import Ledger
from noclone.distil.result import Abort, SecretKey
from noclone.link import KINDS
from noclone.protocols.decoy_bb84 import RIGOROUS
from noclone.rates import bounds
from noclone.report import description
from noclone.report.budget import steps, true_single_photons
from noclone.report.canvas import Picture
from noclone.report.comparison import Row, rows
from noclone.report.deviations import Deviations, deviations
from noclone.report.figures import pictures
from noclone.report.markup import Number, bullets, escape, linked, paragraph, section, table, unbroken
from noclone.report.notation import difference, percent, sigmas, significant, whole, with_prefix
from noclone.setup import Setup, toml

if TYPE_CHECKING:
    from noclone.pipeline import RunResult


def write(result: RunResult, path: Path | str) -> None:
    """Write the report of a run as one self-contained HTML file.

    Parameters
    ----------
    result : RunResult
        From `noclone.run`.
    path : path-like
        The file; it is there whole or not at all.

    Raises
    ------
    InvalidInput
        If the file cannot be written.

    Examples
    --------
    >>> import noclone as nc, pathlib, tempfile
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "report.html"
    >>> write(nc.run(nc.load("lim-2014"), pulses=2e8), target)
    >>> "This key protects nothing" in target.read_text()
    True
    """
    content = page(result).encode()
    write_atomically(path, lambda file: file.write(content) and None)


def page(result: RunResult) -> str:
    """Return the report of a run as HTML text."""
    compared, found = rows(result), deviations(result)
    drawn = pictures(result, compared, found)
    template = Template((resources.files("noclone.report") / "page.html").read_text(encoding="utf-8"))
    content = "\n".join(part for part in _parts(result, compared, found, drawn) if part)
    return template.substitute(title=escape(f"{_headline(result)} (noclone)"), content=content)


def _parts(
    result: RunResult, compared: tuple[Row, ...], found: Deviations, drawn: list[Picture]
) -> Iterator[str]:
    key, abort = description.key_of(result), description.abort_of(result)
    yield _head(result)
    if abort is not None:
        yield section("Why there is no key", _evidence(abort), _statistics(result, found))
    yield section("From photons to bits", _comparison(compared))
    yield section("Figures", *(_figure(picture) for picture in drawn))
    if key is not None:
        yield section("The terms of the key", _terms(result, key))
        yield section("Observed against expected", _statistics(result, found))
        yield section("Failure probabilities", _epsilons(key.ledger))
    ledger = key.ledger if key is not None else abort.ledger if abort is not None else Ledger()
    yield section("What went over the classical channel", _leakage(ledger))
    yield section("Assumptions of the proof", _assumptions(result))
    publication = result.setup.publication
    if publication is not None:
        yield section("What the publication left open", bullets(publication.left_open))
    yield section("How to repeat this run", _repeat(result))
    yield section("Papers", _papers(result))


def _headline(result: RunResult) -> str:
    key = description.key_of(result)
    if key is None:
        return f"{result.setup.name}: no key"
    if not result.keys_equal:
        return f"{result.setup.name}: the parties ended with different keys"
    return f"{result.setup.name}: a secret key of {whole(key.key_bits)} bits"


def _head(result: RunResult) -> str:
    setup, key, abort = result.setup, description.key_of(result), description.abort_of(result)
    link = setup.link
    seconds = result.pulses / link.alice.clock_rate_hz
    parts = [
        '<p class="kind">noclone · report of a simulated run</p>',
        f"<h1>{escape(_headline(result))}</h1>",
        paragraph(
            f"{_capital(description.source_text(link))}, through {description.channel_text(link)}, to "
            f"{description.detectors_text(link)}. Protocol {setup.protocol.NAME}, {whole(result.pulses)} pulses in "
            f"{with_prefix(seconds, 's')}; the bound {result.bound} decides the key's length.",
            "lead",
        ),
    ]
    if result.attack is not None:
        attack = result.attack
        parts.append(
            paragraph(
                f"Eve was on the channel ({attack.NAME}, {percent(attack.fraction, 3)} of the pulses): she "
                f"{attack.DOES}; she sends on {attack.RESENDS}; she learns {attack.LEARNS}.",
                "banner bad",
            )
        )
    if abort is not None:
        parts.append(paragraph(f"Aborted in {abort.stage}: {abort.reason}. No key exists.", "banner bad"))
    elif not result.keys_equal:
        parts.append(paragraph("The two keys differ. Neither must be used.", "banner bad"))
    if key is not None and result.keys_equal:
        parts.append(
            '<p class="banner"><strong>This key protects nothing.</strong> The run was simulated: every random choice '
            f"in it follows from seed&nbsp;{result.seed}.</p>"
        )
        parts.append(_tiles(result, key))
        parts.append(
            f'<p>Alice and Bob hold the same key. Its SHA-256 fingerprint is <code class="hash">{key.sha256()}</code>.</p>'
        )
    elif abort is not None:
        parts.append(f'<p class="banner">The run was simulated from seed {result.seed}.</p>')
    parts.append(f"<p><strong>Security.</strong> {linked(description.worth(result))}</p>")
    return "<header>\n" + "\n".join(parts) + "\n</header>"


def _tiles(result: RunResult, key: SecretKey) -> str:
    per_pulse = key.key_bits / result.pulses
    rate = result.setup.link.alice.clock_rate_hz
    tiles = [
        (Number(whole(key.key_bits), key.key_bits), "key bits"),
        (Number(whole(key.net_key_bits), key.net_key_bits), "after refilling authentication"),
        (Number(significant(per_pulse), per_pulse), "bits per pulse"),
        (Number(with_prefix(per_pulse * rate, "bit/s"), per_pulse * rate), "while pulses are sent"),
        (Number(percent(key.qber, 3), key.qber), "error rate (QBER)"),
        (Number(significant(key.f_ec, 4), key.f_ec), "f of error correction"),
        (Number(significant(key.ledger.eps_total), key.ledger.eps_total), "total failure probability"),
    ]
    if result.bound != RIGOROUS and result.rigorous_bits is not None:
        tiles.append((Number(whole(result.rigorous_bits), result.rigorous_bits), f"key bits by {RIGOROUS}"))
    listed = "\n".join(
        f"<li><b>{number.html()}</b> <span>{escape(label)}</span></li>" for number, label in tiles
    )
    return f'<ul class="tiles">\n{listed}\n</ul>'


def _comparison(compared: tuple[Row, ...]) -> str:
    measured = any(row.measured is not None for row in compared)
    heads = ["model", "simulated", "vs. model"] + (["measured", "vs. measured"] if measured else [])
    bodies = []
    for row in compared:
        values: list[tuple[float | None, str]] = [
            (row.model, row.written(row.model)),
            (row.simulated, "none" if row.simulated is None else row.written(row.simulated)),
            (row.from_model, "" if row.from_model is None else difference(row.from_model)),
        ]
        if measured:
            values.append((row.measured, "" if row.measured is None else row.written(row.measured)))
            values.append(
                (row.from_measured, "" if row.from_measured is None else difference(row.from_measured))
            )
        cells = "".join(
            f'<td class="n" data-head="{head}">{Number(shown, value).html() if shown else ""}</td>'
            for head, (value, shown) in zip(heads, values, strict=True)
        )
        kind = ' class="explained"' if row.why else ""
        why = (
            f'\n<tr class="why"><td colspan="{len(heads) + 1}">{linked(row.why)}</td></tr>' if row.why else ""
        )
        bodies.append(
            f'<tbody id="{row.name}">\n<tr{kind}><th scope="row">{escape(row.quantity)}</th>{cells}</tr>{why}\n</tbody>'
        )
    titles = "".join(f'<th scope="col" class="n">{head}</th>' for head in heads)
    return (
        '<div class="scroll"><table class="cards">\n'
        f'<thead><tr><th scope="col">quantity</th>{titles}</tr></thead>\n'
        + "\n".join(bodies)
        + "\n</table></div>"
    )


def _figure(picture: Picture) -> str:
    return (
        f'<figure id="figure-{picture.name}">\n<h3>{unbroken(picture.finding)}</h3>\n'
        f'<div class="scroll" tabindex="0">{picture.svg}</div>\n'
        f"<figcaption>{unbroken(picture.caption)}</figcaption>\n</figure>"
    )


def _evidence(abort: Abort) -> str:
    def shown(value: Any) -> Number:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return Number(str(value))
        return Number(whole(value) if float(value).is_integer() else significant(value, 4), value)

    entries = [(name.replace("_", " "), shown(value)) for name, value in abort.evidence.items()]
    return table(("evidence", "observed"), entries) if entries else ""


def _statistics(result: RunResult, found: Deviations) -> str:
    expected = result.expected.counts
    lines = []
    for basis in (0, 1):
        for index, intensity in enumerate(result.setup.link.alice.intensities):
            at = basis, index
            lines.append(
                (
                    f"{'ZX'[basis]}, {significant(intensity)} photons",
                    Number(whole(expected.detections[at]), float(expected.detections[at])),
                    Number(whole(result.detections[at]), int(result.detections[at])),
                    Number(sigmas(found.gain_sigmas[at]), float(found.gain_sigmas[at])),
                    Number(percent(found.model_error_rate[at], 3), float(found.model_error_rate[at])),
                    Number(percent(found.error_rate[at], 3), float(found.error_rate[at])),
                    Number(sigmas(found.error_sigmas[at]), float(found.error_sigmas[at])),
                )
            )
    head = (
        "basis and intensity",
        "events expected",
        "observed",
        "apart",
        "error rate expected",
        "observed",
        "apart",
    )
    text = (
        f"Events with matching bases. Chance passes ±{found.limit:.1f} σ anywhere in this table in one of 100 honest runs; "
        f"the largest deviation here is {sigmas(found.largest).lstrip('+')}."
    )
    return table(head, lines) + paragraph(text)


def _terms(result: RunResult, key: SecretKey) -> str:
    budget = steps(result, key)
    lines = [
        (
            step.label,
            Number(whole(step.bits), step.bits),
            Number(percent(step.bits / key.sifted_bits, 3), step.bits / key.sifted_bits),
            Number(whole(step.model), step.model),
        )
        for step in budget
    ]
    ledger = table(("term", "bits", "of the raw key", "model"), lines[:-1], lines[-1])
    truth = true_single_photons(result)
    proven = []
    for basis, terms in enumerate(key.estimate.terms):
        if terms is not None:
            name = "zx"[basis]
            single, phase = float(terms.single.sum()), float(terms.phase_error[basis])
            model = result.predicted.bounds
            proven += [
                (
                    f"single photons, basis {name.upper()}",
                    Number(f"≥ {whole(single)}", single),
                    Number(
                        f"≥ {whole(float(model[f'single_photons_{name}']))}",
                        float(model[f"single_photons_{name}"]),
                    ),
                    Number(whole(truth[basis]), int(truth[basis])),
                ),
                (
                    f"phase errors, basis {name.upper()}",
                    Number(f"≤ {percent(phase, 3)}", phase),
                    Number(
                        f"≤ {percent(float(model[f'phase_error_{name}']), 3)}",
                        float(model[f"phase_error_{name}"]),
                    ),
                    "",
                ),
            ]
    note = "The truth is known to the simulation alone: neither party nor the key's length uses it."
    return ledger + table(("bound", "this run", "model", "truth"), proven) + paragraph(note)


def _epsilons(ledger: Ledger) -> str:
    lines = [
        (entry.name, Number(significant(entry.value), entry.value), entry.covers) for entry in ledger.epsilons
    ]
    total = (
        "sum",
        Number(significant(ledger.eps_total), ledger.eps_total),
        "distance from an ideal key, at most",
    )
    return table(("name", "value", "covers"), lines, total)


def _leakage(ledger: Ledger) -> str:
    stages = list(dict.fromkeys([*ledger.sent, *(charge.stage for charge in ledger.charges)]))
    lines = []
    for stage in stages:
        theorems = dict.fromkeys(
            charge.theorem for charge in ledger.charges if charge.stage == stage and charge.theorem
        )
        charged, sent = ledger.charged_under(stage), ledger.sent.get(stage, 0)
        lines.append((stage, Number(whole(sent), sent), Number(whole(charged), charged), "; ".join(theorems)))
    total = (
        "sum",
        Number(whole(ledger.sent_bits), ledger.sent_bits),
        Number(whole(ledger.charged_bits), ledger.charged_bits),
        "",
    )
    text = (
        "Sent is what crossed the channel, both ways, as encoded; charged is what counts as known to Eve and is "
        f"taken off the key. Authentication consumed {whole(ledger.authentication_bits)} bits of shared key."
    )
    return table(("stage", "sent bits", "charged bits", "theorem"), lines, total) + paragraph(text)


def _assumptions(result: RunResult) -> str:
    security = result.predicted.security
    return paragraph(f"{result.bound}: {security.source}.") + bullets(
        f"{_capital(text)}." for text in security.assumptions
    )


def _repeat(result: RunResult) -> str:
    seconds = ", ".join(f"{stage} {value:.1f} s" for stage, value in result.seconds.items())
    return (
        f"<pre><code>{escape(description.command(result))}</code></pre>"
        + paragraph(f"noclone {noclone.__version__}, seed {result.seed}. It took: {seconds}.")
        + f"<details>\n<summary>Every field of the setup</summary>\n{_fields(result.setup)}\n</details>"
        + "<details>\n<summary>The setup as a file</summary>\n"
        + f"<pre><code>{escape(toml.write(result.setup))}</code></pre>\n</details>"
    )


def _fields(setup: Setup) -> str:
    lines = []
    for station in (*KINDS, "protocol"):
        part = setup.part(station)
        for field, spec, _ in documented(type(part)):
            name = f"{station}.{field}"
            value = getattr(part, field)
            shown = ", ".join(f"{item:g}" for item in value) if isinstance(value, tuple) else str(value)
            if isinstance(value, float):
                shown = f"{value:.6g}"
            if name in setup.uncertainty:
                shown += f" ± {setup.uncertainty[name]:g}"
            origin = f" (fitted to the measured {setup.fitted[name]})" if name in setup.fitted else ""
            lines.append((name, f"{shown} {spec.unit}".strip(), spec.doc + origin))
    return table(("field", "value", "meaning"), lines)


def _papers(result: RunResult) -> str:
    setup = result.setup
    names = dict.fromkeys((result.bound, RIGOROUS, setup.protocol.bound))
    extractor: Any = named_modules("noclone.hashing")[setup.protocol.amplification]
    found = [] if setup.publication is None else [f"The experiment: {setup.publication.reference}."]
    found += [f"Bound {name}: {bounds.get(name).SOURCE}." for name in names]
    found += [
        f"Privacy amplification, {extractor.NAME}: {extractor.SOURCE}.",
        "Capacity without repeaters: S. Pirandola, R. Laurenza, C. Ottaviani, L. Banchi, Nat. Commun. 8, 15043 (2017).",
        "Confidence intervals: C. Clopper and E. Pearson, Biometrika 26, 404 (1934).",
    ]
    return bullets(found)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
