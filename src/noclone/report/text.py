"""The report of a run for a terminal: plain aligned text, at most 100 columns."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from noclone.distillation.ledger import Ledger
from noclone.distillation.result import Abort, SecretKey
from noclone.report.comparison import Row, rows
from noclone.report.description import abort_of, channel_text, command, key_of, worth
from noclone.report.notation import difference, percent, plain, significant, whole, with_prefix
from noclone.report.verdict_text import watch_text

if TYPE_CHECKING:
    from noclone.pipeline import RunResult

COLUMNS = 100
_LABEL = 11
_LABELS = {"f_ec": "f", "sifted_bits": "sifted", "key_bits": "key", "key_bits_rigorous": "rigorous"}


def summary(result: RunResult) -> str:
    """Return the report of a run as plain text.

    Examples
    --------
    >>> import noclone as nc
    >>> print(summary(nc.run(nc.load("lim-2014"), pulses=1e9)).splitlines()[0])
    lim-2014: 50 km of fibre (10 dB), decoy-bb84, 1,000,000,000 pulses
    """
    setup, key, abort = result.setup, key_of(result), abort_of(result)
    link = channel_text(setup.link)
    lines = [f"{setup.name}: {link}, {setup.protocol.NAME}, {whole(result.pulses)} pulses"]
    if result.attack is not None:
        lines += _entry("Eve", f"{result.attack.NAME}: {result.attack.DOES}")
    compared = rows(result)
    lines += ["", *_comparison(compared), ""]
    for row in compared:
        if row.why:
            lines += _entry(_LABELS.get(row.name, row.name), row.why)
    lines.append("")
    if abort is not None:
        lines += _abort_lines(abort)
    if key is not None:
        lines += _key_lines(key)
        per_pulse = key.key_bits / result.pulses
        per_second = with_prefix(per_pulse * setup.link.alice.clock_rate_hz, "bit/s")
        lines += _entry("rate", f"{significant(per_pulse)} bits per pulse, {per_second}")
        if not result.keys_equal:
            lines += _entry("WARNING", "the two keys differ; neither must be used")
    lines += _entry("watch", watch_text(result.verdict))
    lines += _entry("security", worth(result))
    if key is not None:
        lines += _entry("warning", f"simulated from seed {result.seed}: this key protects nothing")
    # Never folded: a command is there to be copied.
    return "\n".join([*lines, f"{'again':<{_LABEL}}  {command(result)}"])


def key_summary(key: SecretKey) -> str:
    """Return what a distillation gave as plain text."""
    lines = _key_lines(key)
    lines += _entry("raw key", f"{whole(key.sifted_bits)} bits, error rate {percent(key.qber, 3)}")
    total = significant(key.ledger.eps_total)
    lines += _entry("bound", f"{key.estimate.bound}, total failure probability {total}")
    if key.simulated:
        lines += _entry("warning", "simulated: this key protects nothing")
    return "\n".join(lines)


def _abort_lines(abort: Abort) -> list[str]:
    lines = _entry("no key", f"aborted in {abort.stage}: {abort.reason}")
    for name, value in abort.evidence.items():
        lines += _entry("", f"{name.replace('_', ' ')}: {plain(value)}")
    return lines + _entry("ledger", f"{whole(abort.ledger.sent_bits)} bits sent before that")


def _key_lines(key: SecretKey) -> list[str]:
    net = f"{whole(key.net_key_bits)} after refilling authentication"
    return [
        *_entry("key", f"{whole(key.key_bits)} bits, {net}"),
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
    cells = [["from photons to bits", "model", "simulated", "vs. model"]]
    cells[0] += ["measured", "vs. meas."] if measured else []
    for row in compared:
        simulated = "none" if row.simulated is None else row.written(row.simulated)
        cells.append([row.quantity, row.written(row.model), simulated, _relative(row.from_model)])
        if measured:
            seen = "" if row.measured is None else row.written(row.measured)
            cells[-1] += [seen, _relative(row.from_measured)]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    return [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in cells
    ]


def _relative(value: float | None) -> str:
    return "" if value is None else difference(value)


def _entry(label: str, text: str) -> list[str]:
    """Return a labelled paragraph, folded."""
    width = COLUMNS - _LABEL - 2
    first, *rest = wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{label:<{_LABEL}}  {first}", *(f"{'':<{_LABEL}}  {line}" for line in rest)]
