"""The compiled engine gives the numbers of the reference, on every kind of processor and with any threads."""

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import noclone.quantum
from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, Observable, gate, noise, pauli, w, x, z
from noclone.quantum.gates import GATES
from noclone.quantum.layers import (
    angle_embedding,
    compressed_reuploading,
    convolution,
    iqp,
    pooling,
    strongly_entangling,
)

ALLOWED = {"float64": 1e-10, "float32": 1e-5}


def random_circuit(rng, qubits, count):
    parts = []
    for _ in range(count):
        name = rng.choice([n for n, kind in GATES.items() if kind.wires <= qubits])
        wires = rng.permutation(qubits)[: GATES[name].wires]
        angle = None
        if GATES[name].generator is not None:
            angle = rng.normal() + w[int(rng.integers(4))] * rng.normal()
            if rng.random() < 0.5:
                angle += rng.normal() * x[int(rng.integers(3))] * x[0] + w[1] * w[2] * x[1]
        parts.append(gate(name, *map(int, wires), angle=angle))
    return Circuit(qubits, tuple(parts))


def random_observable(rng, qubits, letters):
    words = {"".join(rng.choice(list(letters), qubits)) for _ in range(3)}
    return Observable(tuple((float(rng.uniform(-0.3, 0.3)), word) for word in sorted(words)))


def assert_equal_engines(circuit, observables, features, weights, cotangent, precisions=tuple(ALLOWED)):
    reference = Engine(circuit, observables, backend="reference")
    values, pullback = reference.vjp(features, weights)
    by_weight, by_feature = pullback(cotangent, inputs=True)
    for precision in precisions:
        engine = Engine(circuit, observables, precision)
        atol = ALLOWED[precision]
        got, pull = engine.vjp(features, weights)
        np.testing.assert_allclose(got, values, atol=atol, rtol=0)
        for inputs in (True, False):
            gradients = pull(cotangent, inputs=inputs)
            scale = max(1.0, np.abs(by_weight).max(initial=0))
            np.testing.assert_allclose(gradients[0], by_weight, atol=atol * scale, rtol=0)
            if inputs:
                scale = max(1.0, np.abs(by_feature).max(initial=0))
                np.testing.assert_allclose(gradients[1], by_feature, atol=atol * scale, rtol=0)
            else:
                assert gradients[1] is None
        np.testing.assert_allclose(engine.expectations(features, weights), values, atol=atol, rtol=0)
        states = engine.states(features, weights)
        np.testing.assert_allclose(states, reference.states(features, weights), atol=atol, rtol=0)
        assert got.dtype == gradients[0].dtype == precision
        assert states.dtype == ("complex64" if precision == "float32" else "complex128")


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31),
    st.integers(1, 6),
    st.sampled_from([1, 7, 16, 33]),
    st.sampled_from(["IZ", "IXYZ"]),
)
def test_random_circuits_are_those_of_the_reference(seed, qubits, samples, letters):
    rng = np.random.default_rng(seed)
    circuit = random_circuit(rng, qubits, int(rng.integers(1, 25)))
    observables = [random_observable(rng, qubits, letters) for _ in range(rng.integers(1, 4))]
    cotangent = rng.uniform(-1, 1, (samples, len(observables))) / samples
    features, weights = rng.uniform(-1, 1, (samples, 3)), rng.uniform(-4, 4, 4)
    assert_equal_engines(circuit, observables, features, weights, cotangent)


@pytest.mark.parametrize(
    "circuit",
    [
        Circuit(1),
        Circuit(2, (gate("x", 1), gate("cx", 1, 0), gate("s", 0))),
        Circuit(2, (gate("ry", 0, angle=x[0]), gate("rz", 1, angle=w[0] + x[1]))),
        Circuit(3, (gate("x", 1), *(gate("ry", i, angle=x[0] * w[i]) for i in range(3)))),
        angle_embedding(4, "x") + strongly_entangling(4, 3),
        compressed_reuploading(3, 3, 2),
        iqp(4, 2, scale=40.0),
        angle_embedding(4) + convolution(4, range(4)) + pooling(4, range(4), 11)[0],
        angle_embedding(10) + strongly_entangling(10, 2),
    ],
)
def test_layers_and_edge_cases_are_those_of_the_reference(circuit):
    rng = np.random.default_rng(5)
    qubits = circuit.qubits
    observables = [z(0, qubits), pauli("X" * qubits) + 0.5 * pauli("Y" * qubits)]
    features = rng.uniform(-1, 1, (5, circuit.n_features + 1))
    weights = rng.uniform(-9, 9, circuit.n_weights + 1)
    cotangent = rng.uniform(-1, 1, (5, 2))
    for seen in (observables, observables[:1]):
        assert_equal_engines(circuit, seen, features, weights, cotangent[:, : len(seen)], ["float64"])


def test_results_do_not_depend_on_threads():
    rng = np.random.default_rng(2)
    circuit = compressed_reuploading(4, 2, 4) + strongly_entangling(4, 2)
    features, weights = rng.normal(size=(777, 4)), rng.normal(size=circuit.n_weights)
    results = []
    for threads in (1, 2, 5):
        engine = Engine(circuit, [z(0, 4), z(1, 4)], threads=threads)
        values, pullback = engine.vjp(features, weights)
        states = engine.states(features, weights)
        results.append((values, *pullback(values, inputs=True), states))
    for other in results[1:]:
        for got, want in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(got, want)


def test_one_pullback_may_be_used_twice():
    circuit = angle_embedding(3) + strongly_entangling(3, 1)
    values, pullback = Engine(circuit, [z(0, 3)]).vjp(np.ones((4, 3)), np.arange(9.0))
    first = pullback(values)[0]
    np.testing.assert_array_equal(pullback(2 * values)[0], 2 * first)
    np.testing.assert_array_equal(pullback(values)[0], first)


@pytest.mark.parametrize(("precision", "digits"), [("float64", 8), ("float32", 6)])
def test_the_kernel_of_the_iqp_map_is_that_of_pennylane_and_qiskit(precision, digits):
    features = np.random.default_rng(0).uniform(-1, 1, (500, 8))
    states = Engine(iqp(8, 2), precision=precision).states(features)
    kernel = np.abs(states.conj() @ states.T) ** 2
    assert round(float(kernel[0, 1]), digits) == round(0.32118070, digits)
    assert round(float(kernel.sum(dtype=float)), digits - 5) == round(63242.121, digits - 5)


def test_bad_input_is_named():
    circuit = Circuit(2, (gate("ry", 0, angle=x[1] + w[0]),))
    engine = Engine(circuit, [z(0, 2)])
    for features, weights, field in (
        ([[1.0]], [0.0], "features"),
        ([1.0, 2.0], [0.0], "features"),
        ([[1.0, 2.0]], [], "weights"),
    ):
        with pytest.raises(InvalidInput, match=field):
            engine.expectations(features, weights)
    with pytest.raises(InvalidInput, match="cotangent"):
        engine.vjp([[1.0, 2.0]], [0.0])[1](np.ones(3))
    for options, field in (
        ({"precision": "float16"}, "precision"),
        ({"precision": "float32", "backend": "reference"}, "reference backend"),
        ({"backend": "fast"}, "backend"),
        ({"threads": 0}, "threads"),
        ({"observables": [z(0, 3)]}, "observable"),
    ):
        with pytest.raises(InvalidInput, match=field):
            Engine(circuit, **options)
    with pytest.raises(InvalidInput, match="Pauli-transfer"):
        Engine(Circuit(1, (noise("depolarise", 0, 0.1),)))
    with pytest.raises(InvalidInput, match="qubits"):
        Engine(Circuit(20))


def test_no_samples_and_no_data():
    engine = Engine(Circuit(1, (gate("ry", 0, angle=w[0]),)), [z(0, 1)])
    assert engine.expectations(np.zeros((0, 2)), [0.3]).shape == (0, 1)
    values, pullback = engine.vjp(None, [0.3])
    np.testing.assert_allclose(values, [[np.cos(0.3)]])
    np.testing.assert_allclose(pullback(np.ones((1, 1)))[0], [-np.sin(0.3)])


_SCRIPT = """
import numpy as np
from noclone.quantum import Engine, pauli, simd, z
from noclone.quantum.layers import angle_embedding, compressed_reuploading, strongly_entangling
precision, bits = {precision!r}, {bits}
assert simd.register_bits() == bits, simd.register_bits()
rng = np.random.default_rng(0)
for circuit in (angle_embedding(5) + strongly_entangling(5, 2), compressed_reuploading(3, 2, 3)):
    n = circuit.qubits
    features, weights = rng.normal(size=(19, n)), rng.normal(size=circuit.n_weights)
    seen, cotangent = [z(0, n), pauli("XY" + "Z" * (n - 2))], rng.uniform(-.1, .1, (19, 2))
    found = []
    for options in ({{"precision": precision}}, {{"backend": "reference"}}):
        engine = Engine(circuit, seen, **options)
        values, pullback = engine.vjp(features, weights)
        found.append((values, *pullback(cotangent, inputs=True), engine.states(features, weights)))
    for got, want in zip(*found):
        np.testing.assert_allclose(got, want, atol={atol}, rtol=0)
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names features of x86 processors")
@pytest.mark.parametrize(
    ("features", "precision", "bits"),
    [
        ({"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}, "float64", 128),
        ({"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma"}, "float32", 256),
    ],
)
def test_narrow_registers_give_the_same_numbers(request, features, precision, bits):
    sources = sorted(Path(noclone.quantum.__file__).parent.glob("*.py"))
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    cache = request.config.cache.mkdir(f"numba-{bits}-{version}")
    script = _SCRIPT.format(precision=precision, bits=bits, atol=ALLOWED[precision])
    environment = {**os.environ, **features, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
