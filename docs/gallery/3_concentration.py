"""Why quantum kernels with many qubits need a small bandwidth.

The entries of a fidelity kernel at random angles concentrate around 2^-n: the report says how many shots it
takes to see a typical entry at all, with a chance of 95 %.
"""

import numpy as np

from noclone.models.concentration import concentration_report
from noclone.quantum import layers

rng = np.random.default_rng(0)
print("qubits  bandwidth      mean    spread  shots to see one count")
for qubits in (2, 4, 8):
    for bandwidth in (1.0, 0.25):
        angles = rng.uniform(-np.pi, np.pi, (600, qubits)) * bandwidth
        report = concentration_report(layers.angle_embedding(qubits), angles)
        spread, shots = report.variance**0.5, report.shots_for_counts
        print(f"{qubits:6}  {bandwidth:9}  {report.mean:8.4f}  {spread:8.4f}  {shots:8.0f}")
