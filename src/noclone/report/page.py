"""The report of one run as one page that needs nothing else: text, tables and figures in a single file."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, BinaryIO

from noclone.core.files import write_atomically
from noclone.distillation.result import SecretKey
from noclone.report import sections
from noclone.report.canvas import Picture
from noclone.report.comparison import rows
from noclone.report.description import (
    abort_of,
    channel_text,
    detectors_text,
    key_of,
    source_text,
    worth,
)
from noclone.report.deviations import deviations
from noclone.report.figures import pictures
from noclone.report.markup import Number, bullets, linked, paragraph, section, unbroken
from noclone.report.notation import percent, significant, whole, with_prefix
from noclone.report.verdict_text import watch_text

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
    >>> write(nc.run(nc.load("lim-2014"), pulses=1e9), target)
    >>> "This key protects nothing" in target.read_text()
    True
    """
    content = page(result).encode()

    def whole_page(file: BinaryIO) -> None:
        file.write(content)

    write_atomically(path, whole_page)


def page(result: RunResult) -> str:
    """Return the report of a run as HTML text."""
    template = Template((resources.files("noclone.report") / "page.html").read_text(encoding="utf-8"))
    content = "\n".join(part for part in _parts(result) if part)
    return template.substitute(title=escape(f"{_headline(result)} (noclone)"), content=content)


def _parts(result: RunResult) -> Iterator[str]:
    key, abort = key_of(result), abort_of(result)
    compared, found = rows(result), deviations(result)
    yield _head(result)
    if abort is not None:
        yield section("Why there is no key", sections.evidence(abort), sections.statistics(result, found))
    yield section("From photons to bits", sections.comparison(compared))
    yield section("Figures", *(_figure(picture) for picture in pictures(result, compared, found)))
    if key is not None:
        yield section("The terms of the key", sections.terms(result, key))
        yield section("Observed against expected", sections.statistics(result, found))
        yield section("Failure probabilities", sections.epsilons(key.ledger))
    yield section("The watch", paragraph(watch_text(result.verdict)))
    for ledger in [end.ledger for end in (key, abort) if end is not None][:1]:
        yield section("What went over the classical channel", sections.leakage(ledger))
    yield section("Assumptions of the proof", sections.assumptions(result))
    if result.setup.publication is not None:
        yield section("What the publication left open", bullets(result.setup.publication.left_open))
    yield section("How to repeat this run", sections.repeat(result))
    yield section("Papers", sections.papers(result))


def _headline(result: RunResult) -> str:
    key = key_of(result)
    if key is None:
        return f"{result.setup.name}: no key"
    if not result.keys_equal:
        return f"{result.setup.name}: two different keys"
    return f"{result.setup.name}: a secret key of {whole(key.key_bits)} bits"


def _head(result: RunResult) -> str:
    setup, key, abort = result.setup, key_of(result), abort_of(result)
    seconds = result.pulses / setup.link.alice.clock_rate_hz
    source = source_text(setup.link)
    parts = [
        '<p class="kind">noclone · report of a simulated run</p>',
        f"<h1>{escape(_headline(result))}</h1>",
        paragraph(
            f"{source[:1].upper()}{source[1:]}, through {channel_text(setup.link)}, to "
            f"{detectors_text(setup.link)}. Protocol {setup.protocol.NAME}, {whole(result.pulses)} pulses in "
            f"{with_prefix(seconds, 's')}; the bound {result.bound} decides the key's length.",
            "lead",
        ),
    ]
    if result.attack is not None:
        attack = result.attack
        text = (
            f"Eve was on the channel ({attack.NAME}, {percent(attack.fraction, 3)} of the pulses): she "
            f"{attack.DOES}; she sends on {attack.RESENDS}; she learns {attack.LEARNS}."
        )
        parts.append(paragraph(text, "banner bad"))
    seed = f"seed\u00a0{result.seed}"
    if abort is not None:
        parts.append(paragraph(f"Aborted in {abort.stage}: {abort.reason}. No key exists.", "banner bad"))
        parts.append(paragraph(f"The run was simulated: every random choice follows from {seed}.", "banner"))
    elif key is not None:
        if not result.keys_equal:
            parts.append(paragraph("The two keys differ. Neither must be used.", "banner bad"))
        parts.append(
            '<p class="banner"><strong>This key protects nothing.</strong> The run was simulated: every '
            f"random choice in it follows from {seed}.</p>"
        )
        parts.append(_tiles(result, key))
        same = "Alice and Bob hold the same key. Its" if result.keys_equal else "Alice's key's"
        parts.append(f'<p>{same} SHA-256 fingerprint is <code class="hash">{key.sha256()}</code>.</p>')
    parts.append(f"<p><strong>Security.</strong> {linked(worth(result))}</p>")
    return "<header>\n" + "\n".join(parts) + "\n</header>"


def _tiles(result: RunResult, key: SecretKey) -> str:
    per_pulse = key.key_bits / result.pulses
    per_second = per_pulse * result.setup.link.alice.clock_rate_hz
    tiles = [
        (Number(whole(key.key_bits), key.key_bits), "key bits"),
        (Number(whole(key.net_key_bits), key.net_key_bits), "after refilling authentication"),
        (Number(significant(per_pulse), per_pulse), "bits per pulse"),
        (Number(with_prefix(per_second, "bit/s"), per_second), "while pulses are sent"),
        (Number(percent(key.qber, 3), key.qber), "error rate (QBER)"),
        (Number(significant(key.f_ec, 4), key.f_ec), "f of error correction"),
        (Number(significant(key.ledger.eps_total), key.ledger.eps_total), "total failure probability"),
    ]
    rigorous = result.setup.recorded.RIGOROUS
    if result.bound != rigorous and result.rigorous_bits is not None:
        tiles.append((Number(whole(result.rigorous_bits), result.rigorous_bits), f"key bits by {rigorous}"))
    listed = "\n".join(
        f"<li><b>{number.html()}</b> <span>{escape(label)}</span></li>" for number, label in tiles
    )
    return f'<ul class="tiles">\n{listed}\n</ul>'


def _figure(picture: Picture) -> str:
    return (
        f'<figure id="figure-{picture.name}">\n<h3>{unbroken(picture.finding)}</h3>\n'
        f'<div class="scroll" tabindex="0">{picture.svg}</div>\n'
        f"<figcaption>{unbroken(picture.caption)}</figcaption>\n</figure>"
    )
