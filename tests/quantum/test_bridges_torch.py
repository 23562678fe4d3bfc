"""Circuits in torch: the engine's numbers and gradients, by the engine and by torch's own operations."""

import numpy as np
import pytest
import torch

from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, Observable, gate, noise, pauli, projector, w, x, z
from noclone.quantum.bridges.torch import circuit_layer, engine_function, torch_function
from noclone.quantum.gates import GATES
from noclone.quantum.layers import angle_embedding, strongly_entangling


def random_circuit(seed, qubits):
    rng = np.random.default_rng(seed)
    parts = []
    for name in rng.permutation([name for name, kind in GATES.items() if kind.wires <= qubits]):
        wires = map(int, rng.permutation(qubits)[: GATES[name].wires])
        angle = None
        if GATES[name].generator is not None:
            angle = rng.normal() * x[int(rng.integers(2))] * x[1] - w[int(rng.integers(3))] + rng.normal()
        parts.append(gate(str(name), *wires, angle=angle))
    return Circuit(qubits, tuple(parts))


def observables(qubits):
    word = "XYZIZ"[:qubits]
    return [
        Observable(((0.3, word), (-0.7, word[::-1]))),
        z(0, qubits),
        projector((0,), qubits),
        pauli("Y" * qubits),
    ]


def tensors(dtype, seed=0):
    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.normal(size=shape), dtype=dtype, requires_grad=True) for shape in ((6, 2), (3,))]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 5e-6)])
@pytest.mark.parametrize("qubits", [1, 3, 5])
@pytest.mark.parametrize("make", [torch_function, lambda *both: engine_function(Engine(*both))])
def test_values_and_gradients_are_the_engines(make, qubits, dtype, tolerance):
    circuit, measured = random_circuit(qubits, qubits), observables(qubits)
    features, weights = tensors(dtype)
    values, pullback = Engine(circuit, measured, backend="reference").vjp(
        features.detach().double().numpy(), weights.detach().double().numpy()
    )
    cotangent = np.random.default_rng(1).normal(size=values.shape)
    by_weight, by_feature = pullback(cotangent, inputs=True)
    found = make(circuit, measured)(features, weights)
    (found * torch.tensor(cotangent, dtype=dtype)).sum().backward()
    assert found.dtype is dtype
    for ours, want in ((found, values), (weights.grad, by_weight), (features.grad, by_feature)):
        np.testing.assert_allclose(ours.detach().numpy(), want, rtol=0, atol=tolerance)


@pytest.mark.parametrize("make", [torch_function, lambda *both: engine_function(Engine(*both))])
def test_gradcheck(make):
    function = make(random_circuit(3, 3), observables(3))
    assert torch.autograd.gradcheck(function, tensors(torch.float64))


def test_torch_operations_have_second_derivatives():
    function = torch_function(random_circuit(4, 2), observables(2))
    assert torch.autograd.gradgradcheck(function, tensors(torch.float64))


def test_gradients_that_nobody_needs_are_not_asked_for():
    circuit = random_circuit(1, 2)
    features, weights = tensors(torch.float64)
    engine_function(Engine(circuit, observables(2)))(features.detach(), weights).sum().backward()
    assert features.grad is None
    assert weights.grad is not None


def test_a_layer_learns_inside_a_network():
    torch.manual_seed(0)
    circuit = angle_embedding(3) + strongly_entangling(3, 2)
    network = torch.nn.Sequential(
        torch.nn.Linear(2, 3), circuit_layer(circuit, [z(0, 3), z(1, 3)]), torch.nn.Linear(2, 2)
    )
    features = torch.randn(64, 2)
    labels = (features[:, 0] * features[:, 1] > 0).long()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.1)
    for _ in range(60):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(features), labels)
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.25


def test_a_layer_starts_from_weights_and_keeps_their_precision():
    circuit = strongly_entangling(2, 1)
    layer = circuit_layer(circuit, [z(1, 2)], np.arange(6.0))
    want = Engine(circuit, [z(1, 2)], backend="reference").expectations(None, np.arange(6.0))
    assert layer(torch.zeros(1, 0)).dtype is torch.float32
    found = layer.double()(torch.zeros(1, 0, dtype=torch.float64))
    np.testing.assert_allclose(found.detach().numpy(), want, atol=1e-12)
    assert list(layer.state_dict()) == ["weights"]


def test_off_the_cpu_a_layer_runs_torch_operations():
    """The meta device stands for any other: it has shapes, but no numbers that NumPy could read."""
    layer = circuit_layer(random_circuit(2, 3), observables(3)).to("meta")
    values = layer(torch.zeros(4, 2, device="meta"))
    values.sum().backward()
    assert values.shape == (4, 4)
    assert values.device.type == layer.weights.grad.device.type == "meta"


def test_noise_is_refused_in_one_sentence():
    with pytest.raises(InvalidInput, match="noise channel"):
        torch_function(Circuit(1, (noise("bit_flip", 0, 0.1),)), [z(0, 1)])
