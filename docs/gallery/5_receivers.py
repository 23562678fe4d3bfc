"""Telling two faint pulses apart.

Binary phase-shift keying in Fock space, cut at 20 photons: the error of the best measurement there is
(Helstrom), of Kennedy's receiver, of homodyne detection, and of the best displacement.
"""

import numpy as np

from noclone.quantum.bpsk_receivers import (
    best_displacement,
    displacement_error,
    helstrom_error,
    homodyne_error,
)
from noclone.quantum.fock import coherent, density

photons = np.array([0.1, 0.2, 0.5, 1.0])
amplitudes = np.sqrt(photons)
best = best_displacement(amplitudes)
columns = (
    photons,
    helstrom_error(density(coherent(amplitudes, 20)), density(coherent(-amplitudes, 20))),
    displacement_error(amplitudes, amplitudes, 20),
    homodyne_error(amplitudes, 20),
    displacement_error(amplitudes, best, 20),
    best,
)
print("photons   Helstrom    Kennedy   homodyne  displaced  by")
for row in zip(*columns, strict=True):
    print(f"{row[0]:7}  " + "  ".join(f"{value:9.6f}" for value in row[1:5]) + f"  {row[5]:.4f}")
