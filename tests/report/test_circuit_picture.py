"""Pictures of circuits show every gate, once, in order, inside the page."""

import re

import pytest

from noclone.quantum import Circuit, gate, noise, w, x
from noclone.quantum.gates import CHANNELS, GATES
from noclone.quantum.layers import (
    angle_embedding,
    compressed_reuploading,
    convolution,
    iqp,
    pooling,
    strongly_entangling,
)
from noclone.report.canvas import BLUE, GREEN, PURPLE
from noclone.report.circuit_picture import _LEFT, _RIGHT, _rows, angle_text, draw


def qcnn():
    first, halved = pooling(8, range(8), 11)
    second, _ = pooling(8, halved, 24)
    return angle_embedding(8) + convolution(8, range(8)) + first + convolution(8, halved, 13) + second


def every_gate():
    parts = []
    for name, kind in GATES.items():
        angle = None if kind.generator is None else w[0] + 0.5 * x[1]
        parts.append(gate(name, *(3, 0, 2)[: kind.wires], angle=angle))
    return Circuit(4, tuple(parts))


CIRCUITS = {
    "iqp": iqp(5, 2),
    "entangling": angle_embedding(4) + strongly_entangling(4, 4),
    "reuploading": compressed_reuploading(3, 4, 3),
    "qcnn": qcnn(),
    "noisy": strongly_entangling(3, 3).with_noise(lambda wire: noise("depolarise", wire, 0.01)),
    "noise first": Circuit(2, (noise("bit_flip", 1, 0.1), gate("h", 1))),
    "every gate": every_gate(),
    "empty": Circuit(2),
}


def shown(rows):
    """Gates and noise in the order of the picture, left to right."""
    for row in rows:
        for column in row.columns:
            for step in column.steps:
                yield from (step.gate, *step.noise)


@pytest.mark.parametrize("name", list(CIRCUITS))
def test_every_gate_is_placed_once_and_in_order(name):
    circuit = CIRCUITS[name]
    rows = list(_rows(circuit))
    for wire in range(circuit.qubits):
        want = [part for part in circuit.gates if wire in part.wires]
        assert [part for part in shown(rows) if wire in part.wires] == want
    for row in rows:
        assert sum(column.width for column in row.columns) <= _RIGHT - _LEFT
        for column in row.columns:
            crossed = [wire for place in column.places for wire in range(min(place), max(place) + 1)]
            assert len(crossed) == len(set(crossed)), "lines of gates cross other gates"
            assert {wire for place in column.places for wire in place} <= set(row.wires)


@pytest.mark.parametrize("name", list(CIRCUITS))
def test_the_drawing_names_gates_and_angles(name, tmp_path):
    circuit = CIRCUITS[name]
    draw(circuit, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    written = re.findall(r">([^<>]+)</text>", text)
    for part in circuit.gates:
        if part.angle is not None:
            assert angle_text(part.angle) in written


def test_layers_begin_rows():
    rows = list(_rows(CIRCUITS["entangling"]))
    assert len(rows) > 1
    assert all(row.columns[0].opens for row in rows)


def test_wires_that_are_done_are_left_out():
    first, *_, last = _rows(qcnn())
    assert first.wires == [*range(8)]
    assert last.wires == [0, 2, 4, 6]


def test_colours_tell_data_from_weights(tmp_path):
    for angle, colour, word in (
        (x[0], BLUE, "data"),
        (w[0], GREEN, "trained"),
        (w[0] * x[0], PURPLE, "data and trained"),
    ):
        draw(Circuit(1, (gate("rx", 0, angle=angle),)), tmp_path / "a.svg")
        text = (tmp_path / "a.svg").read_text(encoding="utf-8")
        assert colour in text
        assert f">{word}<" in text
        assert ">fixed<" not in text


def test_noise_is_named_with_its_strength(tmp_path):
    parts = [gate("h", 0), *(noise(name, 0, 0.05) for name in CHANNELS), noise("bit_flip", 0, 0.2)]
    draw(Circuit(1, tuple(parts)), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert ">bit flip 0.05–0.2<" in text
    assert ">amplitude damping 0.05<" in text


def test_the_same_circuit_gives_the_same_file(tmp_path):
    for name in ("a.svg", "b.svg"):
        draw(CIRCUITS["noisy"], tmp_path / name)
    assert (tmp_path / "b.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()


def test_other_formats_by_suffix(tmp_path):
    draw(iqp(2), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
