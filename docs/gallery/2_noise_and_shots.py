"""Exact, noisy, and measured a finite number of times.

One circuit three ways: the exact expectation value, the same with depolarising noise after every gate (exact
again, in Pauli-transfer form), and estimated from 1,000 shots.
"""

import numpy as np

from noclone.quantum import Engine, layers, noise, z
from noclone.quantum.pauli_transfer import MixedEngine
from noclone.quantum.shots import estimates

circuit = layers.angle_embedding(4) + layers.strongly_entangling(4, 2)
rng = np.random.default_rng(0)
features, weights = rng.uniform(-1, 1, (1, 4)), rng.uniform(-np.pi, np.pi, circuit.n_weights)
observables = [z(wire, 4) for wire in range(4)]

exact = Engine(circuit, observables)
print("exact      ", exact.expectations(features, weights)[0].round(3).tolist())
for strength in (0.01, 0.05):
    noisy = circuit.with_noise(lambda wire, strength=strength: noise("depolarise", wire, strength))
    values = MixedEngine(noisy, observables).expectations(features, weights)
    print(f"noise {strength:4}  ", values[0].round(3).tolist())
measured = estimates(exact, features, weights, shots=1000, rng=np.random.default_rng(1))
print("1000 shots ", measured[0].round(3).tolist())
