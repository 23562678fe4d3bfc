"""Mixed states against PennyLane, Kraus operators on dense matrices, and the engine of pure states."""

from itertools import product

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, gate, noise, pauli, projector, w, x, z
from noclone.quantum.gates import CHANNELS, GATES, PAULIS, unitary
from noclone.quantum.layers import angle_embedding, convolution, iqp, pooling, strongly_entangling
from noclone.quantum.pauli_lowering import swung_pairs, transfer_matrix
from noclone.quantum.pauli_transfer import MixedEngine

PENNYLANE = {
    "x": qml.PauliX,
    "y": qml.PauliY,
    "z": qml.PauliZ,
    "h": qml.Hadamard,
    "s": qml.S,
    "sdg": lambda wires: qml.adjoint(qml.S(wires)),
    "t": qml.T,
    "tdg": lambda wires: qml.adjoint(qml.T(wires)),
    "sx": qml.SX,
    "cx": qml.CNOT,
    "cy": qml.CY,
    "cz": qml.CZ,
    "swap": qml.SWAP,
    "ccx": qml.Toffoli,
    "cswap": qml.CSWAP,
    "rx": qml.RX,
    "ry": qml.RY,
    "rz": qml.RZ,
    "p": qml.PhaseShift,
    "rxx": qml.IsingXX,
    "ryy": qml.IsingYY,
    "rzz": qml.IsingZZ,
    "crx": qml.CRX,
    "cry": qml.CRY,
    "crz": qml.CRZ,
    "cp": qml.ControlledPhaseShift,
    "depolarise": qml.DepolarizingChannel,
    "bit_flip": qml.BitFlip,
    "phase_flip": qml.PhaseFlip,
    "amplitude_damping": qml.AmplitudeDamping,
    "phase_damping": qml.PhaseDamping,
}
FEATURES, WEIGHTS = 2, 3


def random_circuit(rng, qubits, gates=14, extremes=False):
    # PennyLane's gradient is not a number where a density matrix has zeros: all qubits are turned at first.
    parts = [gate("rx", q, angle=0.7 * x[q % FEATURES] + q + 0.4) for q in range(qubits)]
    names = [name for name, kind in GATES.items() if kind.wires <= qubits]
    for _ in range(gates):
        if rng.random() < 0.3:
            name = rng.choice(list(CHANNELS))
            strength = rng.choice([0.0, 1.0]) if extremes and rng.random() < 0.2 else rng.uniform(0.01, 0.99)
            parts.append(noise(name, int(rng.integers(qubits)), strength))
            continue
        name = rng.choice(names)
        wires = rng.permutation(qubits)[: GATES[name].wires].tolist()
        angle = None
        if GATES[name].generator is not None:
            i, j = rng.integers(FEATURES, size=2).tolist()
            k, m = rng.integers(WEIGHTS, size=2).tolist()
            angle = [
                w[k],
                rng.normal() * x[i] + 0.3,
                w[k] * x[i] - w[m],
                rng.normal() * w[k] * w[m] * x[i] * x[j],
                rng.normal() * w[k] + 0 * x[i],
                rng.normal(),
            ][rng.integers(6)]
        parts.append(gate(name, *wires, angle=angle))
    return Circuit(qubits, tuple(parts))


def random_observables(rng, qubits):
    words = ["".join(rng.choice(list("IXYZ"), qubits)) for _ in range(3)]
    return [pauli(words[0], rng.normal()) + pauli(words[1], rng.normal()), pauli(words[2])]


def substituted(angle, features, weights):
    """The angle from its terms, for numbers and for PennyLane's differentiable arrays."""
    total = 0.0
    for term in angle.terms:
        product = term.coefficient
        for i in term.features:
            product = product * features[i]
        for k in term.weights:
            product = product * weights[k]
        total = total + product
    return total


def pennylane_loss(circuit, observables, cotangent):
    words = [
        (c * scale, word)
        for part, scale in zip(observables, cotangent, strict=True)
        for c, word in part.words
    ]
    total = qml.dot([c for c, _ in words], [qml.pauli.string_to_pauli_word(word) for _, word in words])

    @qml.qnode(qml.device("default.mixed", wires=circuit.qubits), diff_method="backprop")
    def loss(features, weights):
        for part in circuit.gates:
            wires = list(part.wires)
            if part.strength is not None:
                PENNYLANE[part.name](part.strength, wires=wires)
            elif part.angle is None:
                PENNYLANE[part.name](wires=wires)
            else:
                PENNYLANE[part.name](substituted(part.angle, features, weights), wires=wires)
        return qml.expval(total)

    return loss


@pytest.mark.filterwarnings("ignore:Casting complex values to real")  # autograd inside PennyLane
@pytest.mark.parametrize("seed", range(100))
def test_values_and_gradients_are_those_of_pennylane(seed):
    rng = np.random.default_rng(seed)
    qubits = 1 + seed % 4
    circuit, observables = random_circuit(rng, qubits), random_observables(rng, qubits)
    data, weights = rng.normal(size=(1, FEATURES)), rng.normal(size=WEIGHTS)
    cotangent = rng.normal(size=(1, 2))
    loss = pennylane_loss(circuit, observables, cotangent[0])
    arguments = (pnp.array(data[0], requires_grad=True), pnp.array(weights, requires_grad=True))
    expected = float(loss(*arguments))
    by_data, by_weight = qml.grad(loss)(*arguments)
    for precision, tolerance in (("float64", 1e-10), ("float32", 1e-5)):
        values, pullback = MixedEngine(circuit, observables, precision=precision).vjp(data, weights)
        found_by_weight, found_by_data = pullback(cotangent, inputs=True)
        assert values.dtype == precision
        assert (values * cotangent).sum() == pytest.approx(expected, abs=tolerance)
        scale = max(1.0, np.abs(by_weight).max(), np.abs(by_data).max()) if precision == "float32" else 1.0
        np.testing.assert_allclose(found_by_weight, by_weight, atol=tolerance * scale)
        np.testing.assert_allclose(found_by_data[0], by_data, atol=tolerance * scale)


def on_all(matrix, wires, qubits):
    """The matrix, or one per sample, on all qubits, as a sum over the words it is made of."""
    full = 0.0
    for word in product("IXYZ", repeat=len(wires)):
        small, big = np.eye(1), np.eye(1)
        for letter in word:
            small = np.kron(small, PAULIS[letter])
        for wire in range(qubits):
            big = np.kron(big, PAULIS[word[wires.index(wire)]] if wire in wires else PAULIS["I"])
        share = np.einsum("ij,...ji->...", small, matrix) / len(small)
        full = full + share[..., None, None] * big
    return full


def dense(circuit, features, weights):
    """Density matrices of all samples, each gate and each Kraus operator as a matrix on all qubits."""
    size = 2**circuit.qubits
    rho = np.zeros((len(features), size, size), complex)
    rho[:, 0, 0] = 1
    for part in circuit.gates:
        if part.strength is not None:
            kraus = CHANNELS[part.name](part.strength)
        else:
            kraus = [unitary(part.name, 0.0 if part.angle is None else part.angle.value(features, weights))]
        full = [on_all(k, part.wires, circuit.qubits) for k in kraus]
        rho = sum(k @ rho @ np.swapaxes(k.conj(), -1, -2) for k in full)
    return rho


@pytest.mark.parametrize("seed", range(12))
def test_density_matrices_are_those_of_kraus_operators(seed):
    rng = np.random.default_rng(100 + seed)
    qubits = 1 + seed % 4
    circuit, observables = (
        random_circuit(rng, qubits, gates=20, extremes=True),
        random_observables(rng, qubits),
    )
    data, weights = rng.normal(size=(11, FEATURES)), rng.normal(size=WEIGHTS)
    engine = MixedEngine(circuit, observables)
    expected = dense(circuit, data, weights)
    np.testing.assert_allclose(engine.densities(data, weights), expected, atol=1e-12)
    values = [np.einsum("bij,ji->b", expected, part.matrix()).real for part in observables]
    np.testing.assert_allclose(engine.expectations(data, weights), np.transpose(values), atol=1e-12)
    words = engine.paulis(data, weights)
    assert words.shape == (11, 4**qubits)
    np.testing.assert_allclose(words[:, 0], 1, atol=1e-12)
    purity = np.einsum("bij,bji->b", expected, expected).real
    np.testing.assert_allclose((words**2).sum(axis=1) / 2**qubits, purity, atol=1e-12)


CIRCUITS = [
    angle_embedding(4) + strongly_entangling(4, 3),
    iqp(4, 2) + convolution(4, range(4)) + pooling(4, range(4), first_weight=11)[0],
    Circuit(3, (gate("h", 0), gate("ccx", 0, 1, 2), gate("ry", 1, angle=w[0]), gate("cswap", 1, 0, 2))),
]


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_without_noise_it_is_the_engine_of_pure_states(circuit):
    rng = np.random.default_rng(7)
    n = circuit.qubits
    data, weights = rng.normal(size=(19, n)), rng.normal(size=circuit.n_weights)
    observables = [z(0, n), projector((1, 2), n), pauli("XYZI"[:n])]
    cotangent = rng.normal(size=(19, 3))
    pure, mixed = (make(circuit, observables).vjp(data, weights) for make in (Engine, MixedEngine))
    np.testing.assert_allclose(mixed[0], pure[0], atol=1e-12)
    for found, expected in zip(
        mixed[1](cotangent, inputs=True), pure[1](cotangent, inputs=True), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def noisy_layers(n):
    noises = Circuit(n, tuple(noise("depolarise", q, 0.02) for q in range(n)))
    first, second = strongly_entangling(n, 2).gates[: 4 * n], strongly_entangling(n, 2).gates[4 * n :]
    return angle_embedding(n) + Circuit(n, first) + noises + Circuit(n, second) + noises


@pytest.mark.parametrize(("n", "loss", "slope"), [(4, 1.03241328, 0.28273902), (6, 0.97344478, 0.17428583)])
def test_loss_and_gradient_of_two_noisy_layers(n, loss, slope):
    """Mean squared error; agreed on by PennyLane's default.mixed and TensorCircuit's DMCircuit."""
    rng = np.random.default_rng(0)
    data, weights = rng.uniform(-1, 1, (32, n)), rng.uniform(-np.pi, np.pi, 6 * n)
    targets = np.sign(rng.normal(size=32))
    values, pullback = MixedEngine(noisy_layers(n), [z(0, n)]).vjp(data, weights)
    error = values[:, 0] - targets
    by_weight, _ = pullback(2 * error[:, None] / 32)
    assert (error**2).mean() == pytest.approx(loss, abs=1e-8)
    assert np.linalg.norm(by_weight) == pytest.approx(slope, abs=1e-8)


def test_results_do_not_depend_on_threads_or_on_the_batch():
    circuit = noisy_layers(5)
    rng = np.random.default_rng(9)
    data, weights, cotangent = rng.normal(size=(50, 5)), rng.normal(size=30), rng.normal(size=(50, 2))
    observables = [z(0, 5), pauli("XXIYZ")]
    one, pull_one = MixedEngine(circuit, observables, "float32").vjp(data, weights)
    two, pull_two = MixedEngine(circuit, observables, "float32", threads=2).vjp(data, weights)
    np.testing.assert_array_equal(one, two)
    for a, b in zip(pull_one(cotangent, inputs=True), pull_two(cotangent, inputs=True), strict=True):
        np.testing.assert_array_equal(a, b)
    single, pull = MixedEngine(circuit, observables, "float32").vjp(data[7:8], weights)
    np.testing.assert_array_equal(single[0], one[7])
    np.testing.assert_array_equal(
        pull(cotangent[7:8], inputs=True)[1][0], pull_one(cotangent, inputs=True)[1][7]
    )
    assert pull_one(cotangent)[1] is None


def test_depolarising_shrinks_every_word_by_its_weight():
    n, strength = 3, 0.1
    circuit = angle_embedding(n) + strongly_entangling(n, 2)
    noises = Circuit(n, tuple(noise("depolarise", q, strength) for q in range(n)))
    rng = np.random.default_rng(2)
    data, weights = rng.normal(size=(4, n)), rng.normal(size=circuit.n_weights)
    clean, noisy = (MixedEngine(c).paulis(data, weights) for c in (circuit, circuit + noises))
    weight = np.array([sum(number // 4**k % 4 > 0 for k in range(n)) for number in range(4**n)])
    np.testing.assert_allclose(noisy, clean * (1 - 4 * strength / 3) ** weight, atol=1e-14)


def test_transfer_matrices_of_gates_and_channels():
    for name, kraus in CHANNELS.items():
        matrix = transfer_matrix(kraus(0.3))
        assert matrix[0].tolist() == [1, 0, 0, 0]  # trace is kept
        if name != "amplitude_damping":
            np.testing.assert_allclose(matrix, np.diag(np.diagonal(matrix)), atol=1e-15)
    for name in ("h", "cx", "swap", "cy"):
        matrix = transfer_matrix([GATES[name].matrix])
        np.testing.assert_allclose(matrix @ matrix, np.eye(len(matrix)), atol=1e-14)


def test_swung_pairs_are_commutators():
    words = [a + b + c for a in "IXYZ" for b in "IXYZ" for c in "IXYZ"]
    matrices = [pauli(word).matrix() for word in words]
    turner = pauli("ZIZ").matrix()
    pairs = swung_pairs((0, 2), 3)
    assert len(set(pairs.ravel().tolist())) == 32
    for a, b in pairs:  # dQ / dt = i [H, Q] / 2 in the Heisenberg picture
        np.testing.assert_allclose(0.5j * (turner @ matrices[a] - matrices[a] @ turner), -matrices[b])
        np.testing.assert_allclose(0.5j * (turner @ matrices[b] - matrices[b] @ turner), matrices[a])


def test_what_does_not_fit_is_refused():
    circuit = Circuit(2, (gate("ry", 0, angle=w[1] * x[0]),))
    with pytest.raises(InvalidInput, match="observable must be on 2 qubits, but is on 3"):
        MixedEngine(circuit, [z(0, 3)])
    with pytest.raises(InvalidInput, match="precision is not known"):
        MixedEngine(circuit, precision="float16")
    engine = MixedEngine(circuit, [z(0, 2)])
    with pytest.raises(InvalidInput, match="threads must be at least 1"):
        MixedEngine(circuit, threads=0)
    with pytest.raises(InvalidInput, match="features must have shape"):
        engine.expectations(None, [0.1, 0.2])
    with pytest.raises(InvalidInput, match="weights must have shape"):
        engine.expectations([[0.1]], [0.1])
