"""The page of one learning model, written from what its class declares and from the circuit it runs."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

from noclone.core.files import write_bytes
from noclone.models.registry import models
from noclone.report.circuit_picture import draw

SHOWN_FEATURES = 4
"""Features of the example whose circuit the page shows."""
_COUNTED = (2, 4, 8)


def write_model_pages(folder: Path | str) -> list[Path]:
    """Write the page and the picture of the circuit of every model, and an index.

    Returns
    -------
    list of Path
        What was written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, kind in models().items():
        written.append(folder / f"{name}-circuit.svg")
        draw(kind().example_circuit(SHOWN_FEATURES), written[-1])
        written.append(folder / f"{name}.md")
        write_bytes(written[-1], model_page(kind).encode())
    written.append(folder / "README.md")
    write_bytes(written[-1], model_index().encode())
    return written


def model_index() -> str:
    """Return the list of all models, as Markdown."""
    lines = ["# Models", "", "Written by `make docs` from what the code declares.", ""]
    lines += ["| model | family | what |", "|---|---|---|"]
    for name, kind in models().items():
        lines.append(f"| [{name}]({name}.md) | {kind.CARD.family} | {kind.CARD.title} |")
    return "\n".join(lines) + "\n"


def model_page(kind: Any) -> str:
    """Return the page of a model as Markdown.

    Examples
    --------
    >>> from noclone.models.registry import get
    >>> model_page(get("variational-classifier")).splitlines()[2]
    '`variational-classifier` · quantum'
    """
    card, name = kind.CARD, kind.NAME
    lines = [f"# {card.title}", "", f"`{name}` · {card.family}", "", card.what, ""]
    lines += ["```python", f"from noclone.models import {kind.__name__}", "```", ""]
    lines += [
        "## The circuit",
        "",
        f"![the circuit of {name} on {SHOWN_FEATURES} features]({name}-circuit.svg)",
    ]
    lines += [
        "",
        "| features | qubits | depth | gates on two qubits or more | weights |",
        "|---|---|---|---|---|",
    ]
    for features in _COUNTED:
        circuit = kind().example_circuit(features)
        numbers = (features, circuit.qubits, circuit.depth, circuit.entangling, circuit.n_weights)
        lines.append("| " + " | ".join(map(str, numbers)) + " |")
    lines += ["", "With the default parameters. " + _twin(kind), ""]
    lines += ["## What is quantum in it", "", card.quantum, "", "## Cost", "", card.cost, ""]
    lines += ["## When not to use it", "", card.avoid, "", "## Parameters", ""]
    lines += ["| parameter | default | meaning |", "|---|---|---|"]
    defaults = kind().get_params(deep=False)
    for parameter, text in described_parameters(kind).items():
        lines.append(f"| `{parameter}` | `{defaults[parameter]!r}` | {text} |")
    if kind.SPACE:
        searched = "; ".join(f"`{key}` in {values}" for key, values in kind.SPACE.items())
        lines += ["", f"A search tries {searched}."]
    lines += ["", f"Source: {card.source}"]
    return "\n".join(lines).rstrip() + "\n"


def _twin(kind: Any) -> str:
    if "entangled" not in kind().get_params():
        return "It has no entangling gates to switch off."
    twin = kind(entangled=False).example_circuit(SHOWN_FEATURES)
    if twin.entangling:
        return f"`entangled=False` leaves {twin.entangling} gates on two qubits or more; see the parameter."
    return (
        f"Its unentangled twin (`entangled=False`) has depth {twin.depth} and {twin.n_weights} weights on "
        f"{SHOWN_FEATURES} features."
    )


def described_parameters(kind: Any) -> dict[str, str]:
    """Return what the class's docstring says of each constructor parameter, in the constructor's order.

    Raises
    ------
    ValueError
        If a parameter is not described.
    """
    doc = textwrap.dedent("    " + (kind.__doc__ or ""))
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}|\Z)", doc, re.DOTALL | re.MULTILINE)
    found: dict[str, str] = {}
    for head, body in re.findall(
        r"^(\w[^\n]*)\n((?:[ ]{4}[^\n]*\n|\n)*)", section[1] + "\n" if section else "", re.MULTILINE
    ):
        names, _, what = head.partition(" : ")
        text = (
            " ".join(f"{what.strip()}. {body}".split()).replace(". .", ".").replace("|", "\\|").rstrip(". ")
        )
        found |= dict.fromkeys(re.split(r", ", names), text + ".")
    missing = [name for name in kind().get_params(deep=False) if name not in found]
    if missing:
        raise ValueError(f"{kind.__name__} does not describe its parameters {', '.join(missing)}")
    return {name: found[name] for name in inspect.signature(kind).parameters}
