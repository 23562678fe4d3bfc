"""A circuit that learns a distribution.

The Born probabilities of a few qubits, trained against a small classical critic, beside a histogram of the
same data. The histogram is hard to beat, and the evidence tables say so.
"""

import numpy as np

from noclone.models.quantum_gan import QuantumGAN

rng = np.random.default_rng(0)
data = np.concatenate([rng.normal(-1, 0.3, 1500), rng.normal(1, 0.5, 1500)])[:, None]
model = QuantumGAN(random_state=0).fit(data)
counts = np.histogram(data, bins=len(model.probabilities_), range=(data.min(), data.max()))[0] / len(data)
print("data     ", counts.round(2).tolist())
print("generator", model.probabilities_.round(2).tolist())
print(f"total variation {abs(counts - model.probabilities_).sum() / 2:.2f}")
