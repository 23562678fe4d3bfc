"""A lowered circuit is the circuit: its stages, run one by one, give the states that the gates give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, gate, noise, w, x
from noclone.quantum.gates import GATES, unitary
from noclone.quantum.layers import iqp, strongly_entangling
from noclone.quantum.lowering import lower


def random_circuit(rng, qubits, count):
    parts = []
    for _ in range(count):
        name = rng.choice([n for n, kind in GATES.items() if kind.wires <= qubits])
        wires = rng.permutation(qubits)[: GATES[name].wires]
        angle = None
        if GATES[name].generator is not None:
            angle = rng.normal() + rng.normal() * x[int(rng.integers(3))] * x[0] + w[int(rng.integers(4))]
        parts.append(gate(name, *map(int, wires), angle=angle))
    return Circuit(qubits, tuple(parts))


def run_stages(program, features, weights):
    size = 2**program.qubits
    states = np.zeros((len(features), size), complex)
    states[:, 0] = 1
    for stage in program.stages:
        table = stage.table
        phase = sum(
            (
                np.outer(np.broadcast_to(a.value(features, weights), len(features)), s)
                for a, s in zip(table.angles, table.signs, strict=True)
            ),
            np.zeros(states.shape),
        )
        states = np.exp(-0.5j * phase) * states[:, table.source]
        for turn in stage.turns:
            matrix = unitary("ry", np.broadcast_to(turn.angle.value(features, weights), len(features)))
            shaped = states.reshape(len(features), 2**turn.wire, 2, -1)
            states = np.einsum("bij,bajc->baic", matrix, shaped).reshape(states.shape)
    return states


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 4))
def test_stages_give_the_states_of_the_gates(seed, qubits):
    rng = np.random.default_rng(seed)
    circuit = random_circuit(rng, qubits, 12)
    features, weights = rng.normal(size=(3, 3)), rng.normal(size=4)
    want = Engine(circuit, backend="reference").states(features, weights)
    np.testing.assert_allclose(run_stages(lower(circuit), features, weights), want, atol=1e-12)


def test_layers_need_one_stage_each():
    assert len(lower(strongly_entangling(5, 4)).stages) == 5
    assert len(lower(iqp(4, 2)).stages) == 3


def test_noise_is_refused_in_one_sentence():
    with pytest.raises(InvalidInput, match="'depolarise' is a noise channel"):
        lower(Circuit(1, (noise("depolarise", 0, 0.1),)))
