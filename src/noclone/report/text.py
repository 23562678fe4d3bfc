"""The report of a run for a terminal: plain aligned text, at most 100 columns."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from noclone.distil.ledger import Ledger
from noclone.distil.result import SecretKey
from noclone.report import description
from noclone.report.comparison import Row, rows
from noclone.report.notation import difference, percent, significant, whole, with_prefix

if TYPE_CHECKING:
    from noclone.pipeline import RunResult

COLUMNS = 100
_LABEL = 11


def summary(result: RunResult) -> str:
    """Return the report of a run as plain text.

    Examples
    --------
    >>> import noclone as nc
    >>> print(summary(nc.run(nc.load("lim-2014"), pulses=2e8)).splitlines()[0])
    lim-2014: 50 km of fibre (10 dB), decoy-bb84, 200,000,000 pulses
    """
    setup, key, abort = result.setup, description.key_of(result), description.abort_of(result)
    lines = [
        f"{setup.name}: {description.channel_text(setup.link)}, {setup.protocol.NAME}, {whole(result.pulses)} pulses"
    ]
    if result.attack is not None:
        lines += _entry("Eve", f"{result.attack.NAME}: {result.attack.DOES}")
    compared = rows(result)
    lines += ["", *_comparison(compared), ""]
    lines += [line for row in compared if row.why for line in _entry(_short(row), row.why)]
    lines.append("")
    if abort is not None:
        lines += _entry("no key", f"aborted in {abort.stage}: {abort.reason}")
        for name, value in abort.evidence.items():
            shown = significant(value, 4) if isinstance(value, float) else str(value)
            lines += _entry("", f"{name.replace('_', ' ')}: {shown}")
        lines += _entry("ledger", f"{whole(abort.ledger.sent_bits)} bits sent before that")
    if key is not None:
        lines += _key_lines(key)
        per_second = key.key_bits / result.pulses * setup.link.alice.clock_rate_hz
        lines += _entry(
            "rate",
            f"{significant(key.key_bits / result.pulses)} bits per pulse, {with_prefix(per_second, 'bit/s')}",
        )
        if not result.keys_equal:
            lines += _entry("WARNING", "the two keys differ; neither must be used")
    lines += _entry("security", description.worth(result))
    if key is not None:
        lines += _entry("warning", f"simulated from seed {result.seed}: this key protects nothing")
    lines += _entry("again", description.command(result))
    return "\n".join(lines)


def key_summary(key: SecretKey) -> str:
    """Return what a distillation gave as plain text."""
    lines = _key_lines(key)
    lines += _entry("raw key", f"{whole(key.sifted_bits)} bits, error rate {percent(key.qber, 3)}")
    lines += _entry(
        "bound", f"{key.estimate.bound}, total failure probability {significant(key.ledger.eps_total)}"
    )
    if key.simulated:
        lines += _entry("warning", "simulated: this key protects nothing")
    return "\n".join(lines)


def _key_lines(key: SecretKey) -> list[str]:
    return [
        *_entry(
            "key", f"{whole(key.key_bits)} bits, {whole(key.net_key_bits)} after refilling authentication"
        ),
        *_entry("sha256", key.sha256()),
        *_entry("ledger", _ledger(key.ledger, key.f_ec)),
    ]


def _ledger(ledger: Ledger, efficiency: float) -> str:
    return (
        f"{whole(ledger.sent_bits)} bits sent, {whole(ledger.charged_bits)} charged as leaked "
        f"(f = {significant(efficiency, 4)}), {whole(ledger.authentication_bits)} spent on authentication"
    )


def _comparison(compared: tuple[Row, ...]) -> list[str]:
    measured = any(row.measured is not None for row in compared)
    cells = [
        ["from photons to bits", "model", "simulated", "vs. model"]
        + (["measured", "vs. meas."] if measured else [])
    ]
    for row in compared:
        line = [
            row.quantity,
            row.written(row.model),
            "none" if row.simulated is None else row.written(row.simulated),
        ]
        line.append("" if row.from_model is None else difference(row.from_model))
        if measured:
            line.append("" if row.measured is None else row.written(row.measured))
            line.append("" if row.from_measured is None else difference(row.from_measured))
        cells.append(line)
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return [
        "  ".join(
            [
                f"{line[0]:<{widths[0]}}",
                *(f"{cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for line in cells
    ]


def _short(row: Row) -> str:
    return {"f_ec": "f", "key_bits": "key", "key_bits_rigorous": "rigorous"}.get(
        row.name, row.name.replace("_bits", "")
    )


def _entry(label: str, text: str) -> list[str]:
    """Return a labelled paragraph, folded."""
    first, *rest = wrap(text, COLUMNS - _LABEL - 2, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{label:<{_LABEL}}  {first}", *(f"{'':<{_LABEL}}  {line}" for line in rest)]
