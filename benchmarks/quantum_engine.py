"""Gradients of quantum circuits beside PennyLane, Qiskit Machine Learning and plain torch.

The circuit is RY embedding of the features, four strongly entangling layers and Z of wire 0; the loss is the
mean squared error. Every peer runs the same circuit on the same numbers and is refused where its loss or its
gradient by the weights differs by more than `APART`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measure import Row, beside, timed
from noclone.quantum import Circuit, Engine, noise, z
from noclone.quantum.layers import angle_embedding, iqp, strongly_entangling
from noclone.quantum.pauli_transfer import MixedEngine

Floats = NDArray[np.float64]
Answer = tuple[float, Floats]
"""The loss and its gradient by the weights."""

LAYERS, BATCH, THREAD_BATCH = 4, 256, 2048
MIXED_LAYERS, MIXED_BATCH, DEPOLARISING = 2, 32, 0.02
CALLS = {4: 400, 8: 100, 12: 5}
"""Ours is timed over so many calls at once, by qubits."""
APART = 1e-5
SLOW_SAMPLES = {4: (16, 2), 8: (8, 1)}
"""Samples that PennyLane's Lightning and Qiskit are given, by qubits."""
KERNEL_SAMPLES = 500

FRESH = """
from time import perf_counter, process_time
import numpy as np
from noclone.quantum import Engine, z
from noclone.quantum.layers import angle_embedding, strongly_entangling
before, clock = process_time(), perf_counter()
circuit = angle_embedding(8) + strongly_entangling(8, 4)
values, pullback = Engine(circuit, [z(0, 8)], "float32").vjp(np.ones((256, 8)), np.ones(circuit.n_weights))
pullback(values)
print(process_time() - before, perf_counter() - clock, process_time())
"""


@dataclass(frozen=True)
class Task:
    """Data and weights for the circuit on some qubits."""

    qubits: int
    features: Floats
    targets: Floats
    weights: Floats

    @property
    def layered(self) -> Floats:
        """The weights by layer, wire and angle."""
        return self.weights.reshape(LAYERS, self.qubits, 3)

    def first(self, samples: int) -> Task:
        """Return the task on the first samples only."""
        return Task(self.qubits, self.features[:samples], self.targets[:samples], self.weights)


def task(qubits: int, samples: int) -> Task:
    generator = np.random.default_rng(0)
    features = generator.uniform(-1, 1, (samples, qubits))
    targets = generator.choice([-1.0, 1.0], samples)
    return Task(qubits, features, targets, generator.uniform(-np.pi, np.pi, LAYERS * qubits * 3))


def rows() -> Iterator[Row]:
    for qubits in (4, 8, 12):
        yield from gradients(task(qubits, BATCH))
    yield from threads(task(8, THREAD_BATCH))
    yield from mixed_states(task(6, MIXED_BATCH))
    yield from kernels()
    yield fresh_process()


def gradients(given: Task) -> Iterator[Row]:
    qubits = given.qubits
    job, calls = f"gradient, {qubits} qubits, batch {BATCH}", CALLS[qubits]
    for precision, inputs in (("float32", False), ("float32", True), ("float64", False)):
        work = ours(given, precision, inputs=inputs)
        run = timed(lambda work=work: [work() for _ in range(calls)], 8)
        code = f"noclone, {precision}" + (", inputs too" if inputs else "")
        yield run.row(job, code, calls * BATCH, "samples", "gradients by features as well" if inputs else "")
    peers: list[tuple[str, str, Callable[[Task], Callable[[], Answer]], int]] = [
        ("torch", "torch, gate by gate, complex64", torch_gates, BATCH if qubits < 12 else 32),
        ("pennylane", "PennyLane default.qubit, torch", pennylane_torch, BATCH if qubits < 12 else 16),
    ]
    if qubits in SLOW_SAMPLES:
        adjoint, shifts = SLOW_SAMPLES[qubits]
        peers += [
            ("pennylane", "PennyLane lightning.qubit, adjoint", pennylane_lightning, adjoint),
            ("qiskit-machine-learning", "Qiskit ML EstimatorQNN", qiskit_network, shifts),
        ]
    for package, code, make, samples in peers:
        yield from beside(job, package, peer, job, code, make, given.first(samples))


def peer(job: str, code: str, make: Callable[[Task], Callable[[], Answer]], given: Task) -> Iterator[Row]:
    """Time a peer after a first call, whose answer is held against ours."""
    work, samples = make(given), len(given.features)
    (loss, slopes), (our_loss, our_slopes) = work(), ours(given, "float64")()
    apart = max(abs(loss - our_loss), float(np.abs(slopes - our_slopes).max()))
    if apart > APART:
        raise RuntimeError(f"{job}: {code} differs by {apart:.1e}, more than {APART:.0e}")
    few = f", timed on {samples}" if samples < BATCH else ""
    yield timed(work).row(job, code, samples, "samples", f"differs by {apart:.0e}{few}")


def ours(given: Task, precision: str, threads: int = 1, inputs: bool = False) -> Callable[[], Answer]:
    circuit = angle_embedding(given.qubits) + strongly_entangling(given.qubits, LAYERS)
    engine = Engine(circuit, [z(0, given.qubits)], precision, threads)

    def work() -> Answer:
        values, pullback = engine.vjp(given.features, given.weights)
        wrong = values - given.targets[:, None]
        by_weight, _ = pullback(2 / len(wrong) * wrong, inputs=inputs)
        return float((wrong**2).mean()), by_weight

    work()
    return work


def torch_gates(given: Task) -> Callable[[], Answer]:
    """Return the circuit as one tensor operation per gate, with automatic gradients."""
    import torch

    features = torch.tensor(given.features, dtype=torch.float32)
    targets = torch.tensor(given.targets, dtype=torch.float32)
    qubits, samples = given.qubits, len(given.features)

    def turned(states: Any, wire: int, matrix: Any) -> Any:
        shaped = states.reshape(samples, 2**wire, 2, -1)
        return (matrix @ shaped).reshape(samples, -1)

    def ry(angle: Any) -> Any:
        cosine, sine = torch.cos(angle / 2), torch.sin(angle / 2)
        rows = (torch.stack((cosine, -sine), -1), torch.stack((sine, cosine), -1))
        return torch.stack(rows, -2).to(torch.complex64)

    def rz(angle: Any) -> Any:
        return torch.diag_embed(torch.stack((torch.exp(-0.5j * angle), torch.exp(0.5j * angle)), -1))

    def ring(reach: int) -> Any:
        """Return which basis state comes to each after the CNOTs."""
        index = np.arange(2**qubits)
        goes = index.copy()
        for wire in range(qubits):
            goes ^= (goes >> (qubits - 1 - wire) & 1) << (qubits - 1 - (wire + reach) % qubits)
        source = np.empty_like(index)
        source[goes] = index
        return torch.tensor(source)

    rings = [ring(1 + layer % (qubits - 1)) for layer in range(LAYERS)]
    signs = torch.tensor(np.repeat([1.0, -1.0], 2 ** (qubits - 1)), dtype=torch.float32)

    def work() -> Answer:
        weights = torch.tensor(given.layered, dtype=torch.float32, requires_grad=True)
        states = torch.zeros(samples, 2**qubits, dtype=torch.complex64)
        states[:, 0] = 1
        for wire in range(qubits):
            states = turned(states, wire, ry(features[:, wire])[:, None])
        for layer, source in enumerate(rings):
            first, second, third = weights[layer].unbind(-1)
            matrices = rz(third) @ ry(second) @ rz(first)
            for wire in range(qubits):
                states = turned(states, wire, matrices[wire])
            states = states[:, source]
        loss = (((states.abs() ** 2) @ signs - targets) ** 2).mean()
        loss.backward()
        return float(loss.detach()), weights.grad.numpy().ravel()

    return work


def pennylane_circuit(qml: Any, qubits: int) -> Callable[[Any, Any], Any]:
    def circuit(features: Any, weights: Any) -> Any:
        qml.AngleEmbedding(features, wires=range(qubits), rotation="Y")
        qml.StronglyEntanglingLayers(weights, wires=range(qubits))
        return qml.expval(qml.PauliZ(0))

    return circuit


def pennylane_torch(given: Task) -> Callable[[], Answer]:
    """Return the circuit on PennyLane's own simulator, batched, with gradients by torch, in float64."""
    import pennylane as qml
    import torch

    device = qml.device("default.qubit", wires=given.qubits)
    circuit = pennylane_circuit(qml, given.qubits)
    node = qml.QNode(circuit, device, interface="torch", diff_method="backprop")
    features, targets = torch.tensor(given.features), torch.tensor(given.targets)

    def work() -> Answer:
        weights = torch.tensor(given.layered, requires_grad=True)
        loss = ((node(features, weights) - targets) ** 2).mean()
        loss.backward()
        return float(loss.detach()), weights.grad.numpy().ravel()

    return work


def pennylane_lightning(given: Task) -> Callable[[], Answer]:
    """Return the circuit on PennyLane's fast simulator with adjoint gradients, sample by sample."""
    import pennylane as qml

    device = qml.device("lightning.qubit", wires=given.qubits)
    circuit = pennylane_circuit(qml, given.qubits)
    node = qml.QNode(circuit, device, interface="autograd", diff_method="adjoint")
    samples = list(zip(given.features, given.targets, strict=True))

    def loss(weights: Any) -> Any:
        return sum((node(features, weights) - target) ** 2 for features, target in samples) / len(samples)

    slope = qml.grad(loss)

    def work() -> Answer:
        weights = qml.numpy.array(given.layered, requires_grad=True)
        slopes = slope(weights)
        return float(slope.forward), np.asarray(slopes).ravel()

    return work


def qiskit_network(given: Task) -> Callable[[], Answer]:
    """Return the circuit as Qiskit's network with its default gradients, shifts of each parameter."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector
    from qiskit.primitives import StatevectorEstimator
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_machine_learning.gradients import ParamShiftEstimatorGradient
    from qiskit_machine_learning.neural_networks import EstimatorQNN

    qubits = given.qubits
    inputs, weights = ParameterVector("x", qubits), ParameterVector("w", LAYERS * qubits * 3)
    circuit = QuantumCircuit(qubits)
    for wire in range(qubits):
        circuit.ry(inputs[wire], wire)
    for layer in range(LAYERS):
        for wire in range(qubits):
            place = 3 * (layer * qubits + wire)
            circuit.rz(weights[place], wire)
            circuit.ry(weights[place + 1], wire)
            circuit.rz(weights[place + 2], wire)
        for wire in range(qubits):
            circuit.cx(wire, (wire + 1 + layer % (qubits - 1)) % qubits)
    estimator = StatevectorEstimator()
    network = EstimatorQNN(
        circuit=circuit,
        observables=SparsePauliOp("I" * (qubits - 1) + "Z"),  # Qiskit counts wires from the right
        input_params=list(inputs),
        weight_params=list(weights),
        estimator=estimator,
        gradient=ParamShiftEstimatorGradient(estimator),
        default_precision=0.0,  # exact values, as all others give
    )

    def work() -> Answer:
        wrong = network.forward(given.features, given.weights)[:, 0] - given.targets
        _, slopes = network.backward(given.features, given.weights)
        return float((wrong**2).mean()), 2 / len(wrong) * wrong @ np.asarray(slopes)[:, 0]

    return work


def threads(given: Task) -> Iterator[Row]:
    job = f"threads, 8 qubits, batch {THREAD_BATCH}"
    alone = 0.0
    for count in (1, 2):
        work = ours(given, "float32", count)
        run = min((timed(work, 20) for _ in range(3)), key=lambda run: run.wall_s)
        alone = alone or run.wall_s
        remark = f"{alone / run.wall_s:.2f} times as fast by the clock" if count > 1 else ""
        yield run.row(job, f"noclone, {count} thread{'s' * (count > 1)}", THREAD_BATCH, "samples", remark)


def mixed_states(given: Task) -> Iterator[Row]:
    """Two layers, each followed by depolarising noise on every qubit; no peer."""
    qubits = given.qubits
    after = Circuit(qubits, tuple(noise("depolarise", wire, DEPOLARISING) for wire in range(qubits)))
    circuit = angle_embedding(qubits)
    for layer in range(MIXED_LAYERS):
        circuit += strongly_entangling(qubits, 1, first_weight=3 * qubits * layer) + after
    weights = given.weights[: circuit.n_weights]
    for precision in ("float32", "float64"):
        engine = MixedEngine(circuit, [z(0, qubits)], precision)

        def work(engine: MixedEngine = engine) -> None:
            values, pullback = engine.vjp(given.features, weights)
            pullback(2 * (values - given.targets[:, None]) / MIXED_BATCH)

        run = timed(lambda work=work: [work() for _ in range(20)], 8)
        job = f"gradient with noise, {qubits} qubits, batch {MIXED_BATCH}"
        yield run.row(job, f"noclone, {precision}", 20 * MIXED_BATCH, "samples")


def kernels() -> Iterator[Row]:
    """Time the fidelities of all pairs of samples under the IQP feature map, two repeats."""
    job = f"fidelity kernel, 8 qubits, {KERNEL_SAMPLES} samples"
    features = np.random.default_rng(0).uniform(-1, 1, (KERNEL_SAMPLES, 8))
    kernel = None
    for precision in ("float32", "float64"):
        engine = Engine(iqp(8, 2), precision=precision)

        def work(engine: Engine = engine) -> NDArray[Any]:
            states = engine.states(features)
            return np.abs(states.conj() @ states.T) ** 2

        work()
        run = timed(work, 5)
        kernel = run.result
        yield run.row(job, f"noclone, {precision}", KERNEL_SAMPLES**2, "entries")
    peers = (
        ("pennylane", "PennyLane, batched states", pennylane_kernel),
        ("qiskit-machine-learning", "Qiskit ML FidelityStatevectorKernel", qiskit_kernel),
    )
    for package, code, make in peers:
        yield from beside(job, package, partial(kernel_peer, job, code, make, features, kernel))


def kernel_peer(
    job: str, code: str, make: Callable[[Floats], Callable[[], Floats]], features: Floats, ours: Floats
) -> Iterator[Row]:
    run = timed(make(features))
    apart = float(np.abs(run.result - ours).max())
    if apart > APART:
        raise RuntimeError(f"{job}: {code} differs by {apart:.1e}, more than {APART:.0e}")
    yield run.row(job, code, KERNEL_SAMPLES**2, "entries", f"differs by {apart:.0e}")


def pennylane_kernel(features: Floats) -> Callable[[], Floats]:
    import pennylane as qml

    @qml.qnode(qml.device("default.qubit", wires=8))
    def states(features: Floats) -> Any:
        for _ in range(2):
            for i in range(8):
                qml.Hadamard(i)
                qml.RZ(features[:, i], i)
            for i in range(8):
                for j in range(i + 1, 8):
                    qml.IsingZZ(features[:, i] * features[:, j], [i, j])
        return qml.state()

    def work() -> Floats:
        found = np.asarray(states(features))
        return np.abs(found.conj() @ found.T) ** 2

    return work


def qiskit_kernel(features: Floats) -> Callable[[], Floats]:
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector
    from qiskit_machine_learning.kernels import FidelityStatevectorKernel

    inputs = ParameterVector("x", 8)
    circuit = QuantumCircuit(8)
    for _ in range(2):
        for i in range(8):
            circuit.h(i)
            circuit.rz(inputs[i], i)
        for i in range(8):
            for j in range(i + 1, 8):
                circuit.rzz(inputs[i] * inputs[j], i, j)
    # A fresh kernel each time: it remembers states.
    return lambda: FidelityStatevectorKernel(feature_map=circuit).evaluate(features)


def fresh_process() -> Row:
    """Time the first gradient of a process whose kernels an earlier one has compiled."""
    runs = []
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", FRESH], check=True, capture_output=True, text=True)
        runs.append([float(number) for number in done.stdout.split()])
    cpu_s, wall_s, process_s = min(runs[1:])
    remark = f"with the imports of Numba; {process_s:.2f} s for the whole process"
    return Row("first gradient of a process", "noclone, kernels compiled", "calls", 1, cpu_s, wall_s, remark)
