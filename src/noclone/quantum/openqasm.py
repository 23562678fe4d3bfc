"""Circuits as OpenQASM text, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from numpy.typing import ArrayLike

from noclone.core.errors import InvalidInput
from noclone.quantum.angle import Angle
from noclone.quantum.binding import bind
from noclone.quantum.circuit import Circuit, Gate, gate
from noclone.quantum.openqasm_angles import parse_angle

_PAIR_TURNS = {
    "rzz": "gate rzz(theta) a, b { cx a, b; rz(theta) b; cx a, b; }",
    "rxx": "gate rxx(theta) a, b { h a; h b; cx a, b; rz(theta) b; cx a, b; h a; h b; }",
    "ryy": "gate ryy(theta) a, b { rx(pi/2) a; rx(pi/2) b; cx a, b; rz(theta) b; cx a, b; "
    "rx(-pi/2) a; rx(-pi/2) b; }",
}
_DEFINED = {
    3: _PAIR_TURNS,
    2: _PAIR_TURNS
    | {
        "sx": "gate sx a { h a; s a; h a; }",
        "p": "gate p(theta) a { u1(theta) a; }",
        "cp": "gate cp(theta) a, b { cu1(theta) a, b; }",
        "crx": "gate crx(theta) a, b { h b; crz(theta) a, b; h b; }",
        "cry": "gate cry(theta) a, b { ry(theta/2) b; cx a, b; ry(-theta/2) b; cx a, b; }",
        "swap": "gate swap a, b { cx a, b; cx b, a; cx a, b; }",
        "cswap": "gate cswap a, b, c { cx c, b; ccx a, b, c; cx c, b; }",
    },
}
"""Gates that the version's include file lacks. For version 2 that file is ``qelib1.inc`` as printed in
arXiv:1707.03429; several programs have since added to it, but strict readers have not."""


def to_openqasm(
    circuit: Circuit,
    features: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    version: int = 3,
) -> str:
    """Return a circuit as an OpenQASM program without measurements; wire i is ``q[i]``.

    Parameters
    ----------
    circuit : Circuit
        Without noise channels.
    features, weights : array_like, shape (n,), optional
        Numbers to write. Symbols left open become ``input`` variables ``x_0``, ``w_0``, … in version 3;
        version 2 has none.
    version : {3, 2}

    Raises
    ------
    InvalidInput
        A noise channel, another version, or open symbols in version 2.

    Notes
    -----
    Sources: A. W. Cross et al., arXiv:1707.03429 (version 2) and ACM Trans. Quantum Comput. 3, 12 (2022)
    (version 3).

    Examples
    --------
    >>> from noclone.quantum import gate, x
    >>> print(to_openqasm(Circuit(2, (gate("ry", 0, angle=2 * x[0]), gate("cx", 0, 1)))))
    OPENQASM 3.0;
    include "stdgates.inc";
    input float[64] x_0;
    qubit[2] q;
    ry(2.0*x_0) q[0];
    cx q[0], q[1];
    <BLANKLINE>
    """
    if version not in _DEFINED:
        raise InvalidInput("version", f"must be 3 or 2, but is {version}")
    if circuit.noisy:
        raise InvalidInput("circuit", "must have no noise channels to be written as OpenQASM, but has some")
    circuit = bind(circuit, features, weights)
    terms = [term for part in circuit.gates if part.angle for term in part.angle.terms]
    inputs = [f"x_{i}" for i in sorted({i for term in terms for i in term.features})]
    inputs += [f"w_{k}" for k in sorted({k for term in terms for k in term.weights})]
    if inputs and version == 2:
        raise InvalidInput(
            "circuit", f"must have numbers for all its symbols in OpenQASM 2, but {inputs[0]} is open"
        )
    used = {part.name for part in circuit.gates}
    lines = {
        3: ["OPENQASM 3.0;", 'include "stdgates.inc";', *(f"input float[64] {name};" for name in inputs)],
        2: ["OPENQASM 2.0;", 'include "qelib1.inc";'],
    }[version]
    lines += [text for name, text in _DEFINED[version].items() if name in used]
    lines.append(f"qubit[{circuit.qubits}] q;" if version == 3 else f"qreg q[{circuit.qubits}];")
    lines += map(_statement, circuit.gates)
    return "\n".join(lines) + "\n"


def _statement(part: Gate) -> str:
    angle = "" if part.angle is None else f"({_expression(part.angle)})"
    return f"{part.name}{angle} " + ", ".join(f"q[{wire}]" for wire in part.wires) + ";"


def _expression(angle: Angle) -> str:
    text = ""
    for term in angle.terms:
        symbols = [f"x_{i}" for i in term.features] + [f"w_{k}" for k in term.weights]
        mantissa, exponential, exponent = repr(abs(term.coefficient)).partition("e")
        point = "" if "." in mantissa else ".0"  # version 2 knows no number without a point
        size = mantissa + point + exponential + exponent
        sign = "-" if term.coefficient < 0 else "+" if text else ""
        text += sign + "*".join(symbols if symbols and size == "1.0" else [size, *symbols])
    return text or "0.0"


_OPENER = re.compile(r"//|/\*")
_GATE = re.compile(r"\s*(gate\b)?")
_WORDS = re.compile(r"\w+|[^\w\s]")
_QISKIT = (
    "gate sxdg a { s a; h a; s a; }",
    "gate rxx(theta) a, b { h a; h b; cx a, b; rz(theta) b; cx a, b; h b; h a; }",
    "gate ryy(theta) a, b { sxdg a; sxdg b; cx a, b; rz(theta) b; cx a, b; sx a; sx b; }",
)
"""Definitions in programs that Qiskit writes, where they are not our own."""
_IGNORED = re.compile(
    r'OPENQASM [0-9.]+|include "[\w.]+"|input float ?(\[ ?[0-9]+ ?\])? ?[xw]_[0-9]+|barrier\b.*'
)
_REGISTER = re.compile(r"qreg (\w+) ?\[([0-9]{1,6})\]|qubit ?\[([0-9]{1,6})\] ?(\w+)")
_USE = re.compile(r"(\w+)(?: ?\((.*)\) ?| )(\w+ ?\[[0-9]{1,6}\](?: ?, ?\w+ ?\[[0-9]{1,6}\])*)")
_PLACE = re.compile(r"(\w+) ?\[([0-9]+)\]")


def _definition(text: str) -> tuple[str, ...]:
    """Return a gate's definition word by word, its own parameters and qubits by their place."""
    words = _WORDS.findall(text)
    own = [word for word in words[2 : words.index("{")] if word.isidentifier()] if "{" in words else []
    places = {word: f"#{place}" for place, word in enumerate(own)}
    return (*words[:2], *(places.get(word, word) for word in words[2:]))


_KNOWN = {_definition(text) for text in (*_DEFINED[3].values(), *_DEFINED[2].values(), *_QISKIT)}


def from_openqasm(text: str) -> Circuit:
    """Return the circuit of an OpenQASM program, version 2 or 3.

    Read are programs with one register, whose statements are gates of `noclone.quantum.gates.GATES` on
    single qubits, with angles made of numbers, ``pi``, and the inputs ``x_0``, ``w_0``, … by ``+``, ``-``,
    ``*`` and ``/``. Gates may be defined only as `to_openqasm` or Qiskit does it, under any names of
    their qubits; comments and barriers are skipped.

    Raises
    ------
    InvalidInput
        At the first statement that is something else.

    Examples
    --------
    >>> from noclone.quantum import gate, w, x
    >>> circuit = Circuit(2, (gate("rxx", 0, 1, angle=0.1 + x[0] * w[2]), gate("sdg", 1)))
    >>> from_openqasm(to_openqasm(circuit)) == circuit
    True
    """
    if not isinstance(text, str):
        raise InvalidInput("OpenQASM", f"must be text, but is of type {type(text).__name__}")
    qubits, register, parts = 0, "", []
    for statement in _statements(_uncommented(text)):
        if not statement or _IGNORED.fullmatch(statement):
            continue
        if (found := _REGISTER.fullmatch(statement)) and not register:
            register, qubits = found[1] or found[4], int(found[2] or found[3])
            continue
        found = _USE.fullmatch(statement)
        places = _PLACE.findall(found[3]) if found else []
        if not found or {name for name, _ in places} != {register}:
            raise InvalidInput(
                "OpenQASM", f"must hold one register and gates on its qubits, but says {_short(statement)}"
            )
        angle = None if found[2] is None else parse_angle(found[2])
        parts.append(gate(found[1], *(int(index) for _, index in places), angle=angle))
    return Circuit(qubits, tuple(parts))


def _uncommented(text: str) -> str:
    """Return the text with a space for each comment."""
    kept, place = [], 0
    while found := _OPENER.search(text, place):
        closing = "\n" if found[0] == "//" else "*/"
        end = text.find(closing, found.end())
        if end < 0 and closing == "*/":
            raise InvalidInput(
                "OpenQASM", f"must close its comments, but has {_short(text[found.start() :])}"
            )
        kept.append(text[place : found.start()])
        place = len(text) if end < 0 else end + len(closing)
    return " ".join([*kept, text[place:]])


def _statements(text: str) -> Iterator[str]:
    """Yield statements with single spaces; known definitions of gates are left out."""
    place = 0
    while (found := _GATE.match(text, place)) and found.end() < len(text):
        end = text.find("}" if found[1] else ";", found.end())
        statement = text[found.start() : len(text) if end < 0 else end + 1]
        if end < 0:
            raise InvalidInput("OpenQASM", f"must end each statement, but ends in {_short(statement)}")
        place = end + 1
        if not found[1]:
            yield " ".join(statement[:-1].split())
        elif _definition(statement) not in _KNOWN:
            raise InvalidInput(
                "OpenQASM",
                f"must define gates only as noclone or Qiskit writes them, but says {_short(statement)}",
            )


def _short(text: str) -> str:
    """Return text as a sentence quotes it."""
    text = " ".join(text[:500].split())
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
