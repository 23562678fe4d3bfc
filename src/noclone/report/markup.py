"""HTML parts of a page: tables, lists, links; everything that comes in is text and is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_UNIT = re.compile(r"(?<=\d) (?=[%σ×])|(?<=×) (?=\d)")
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5}(?:v\d+)?)")


@dataclass(frozen=True)
class Number:
    """A figure in a cell: what is shown and the exact value, which the page keeps for programs."""

    shown: str
    value: float | int | None = None

    def html(self) -> str:
        """Return the figure as a ``data`` element."""
        if self.value is None:
            return escape(self.shown)
        return f'<data value="{self.value!r}">{escape(self.shown)}</data>'


Cell = str | Number


def unbroken(text: str) -> str:
    """Escape text and keep figures together with what follows them."""
    return _UNIT.sub("\u00a0", escape(text))


def linked(text: str) -> str:
    """Escape text as `unbroken` does and turn arXiv numbers into links.

    Examples
    --------
    >>> linked("a < b, arXiv:1311.7129")
    'a &lt; b, <a href="https://arxiv.org/abs/1311.7129">arXiv:1311.7129</a>'
    """
    return _ARXIV.sub(r'<a href="https://arxiv.org/abs/\1">arXiv:\1</a>', unbroken(text))


def section(title: str, *parts: str) -> str:
    """Return a titled section; nothing if it would be empty."""
    content = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}\n</section>" if content else ""


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph, of a class if named."""
    attribute = f' class="{kind}"' if kind else ""
    return f"<p{attribute}>{linked(text)}</p>"


def bullets(items: Iterable[str]) -> str:
    """Return a list of sentences; nothing if there are none."""
    listed = "\n".join(f"<li>{linked(item)}</li>" for item in items)
    return f"<ul>\n{listed}\n</ul>" if listed else ""


def table(head: Sequence[str], body: Iterable[Sequence[Cell]], total: Sequence[Cell] = ()) -> str:
    """Return a table: the first cell of each row is its heading, a `Number` stands to the right.

    Parameters
    ----------
    head : sequence of str
        Column titles.
    body : iterable of rows
        Each as long as `head`.
    total : row, optional
        Last row, set apart.
    """
    rows = [list(row) for row in body]
    numeric = {i for row in [*rows, list(total)] for i, cell in enumerate(row) if isinstance(cell, Number)}
    titles = "".join(
        f'<th scope="col"{_right(i in numeric)}>{escape(name)}</th>' for i, name in enumerate(head)
    )
    lines = [_row(row, numeric) for row in rows]
    if total:
        lines.append(_row(total, numeric, ' class="sum"'))
    body_rows = "\n".join(["<tbody>", *lines, "</tbody>"])
    return f'<div class="scroll"><table>\n<thead><tr>{titles}</tr></thead>\n{body_rows}\n</table></div>'


def _row(row: Sequence[Cell], numeric: set[int], attribute: str = "") -> str:
    first, *rest = row
    cells = "".join(f"<td{_right(i in numeric)}>{_cell(cell)}</td>" for i, cell in enumerate(rest, 1))
    return f'<tr{attribute}><th scope="row">{_cell(first)}</th>{cells}</tr>'


def _cell(cell: Cell) -> str:
    return cell.html() if isinstance(cell, Number) else linked(cell)


def _right(numeric: bool) -> str:
    return ' class="n"' if numeric else ""
