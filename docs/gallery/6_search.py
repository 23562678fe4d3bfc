"""Swarms on a key rate, beside Nelder and Mead.

The free parameters of one-decoy BB84 over 80 km of fibre, searched by heuristics with the same budget. Each
is a classical algorithm, also those whose names say quantum; `nc.tune` needs none of them.
"""

import noclone as nc
from noclone.optimise.metaheuristics import search

setup = nc.load("rusca-2018").replace({"channel.length_km": 80.0})
best = float(nc.tune(setup).rate_after)


def key_rate(points):
    """Return secret bits per pulse at points (signal, decoy / signal, share of signals, share of basis Z)."""
    signal, ratio, share, basis = points.T
    fields = {
        "alice.intensities[0]": signal,
        "alice.intensities[1]": signal * ratio,
        "protocol.intensity_probs[0]": share,
        "protocol.intensity_probs[1]": 1 - share,
        "protocol.basis_prob": basis,
    }
    return nc.rate(nc.Grid.over(setup, {}, fields)).rate_per_pulse


print("heuristic                 share of the optimum after 300 points, three seeds")
for name in ("particle-swarm", "quantum-particle-swarm", "cma-es", "nelder-mead"):
    found = [
        search(name, key_rate, [0.1, 0.05, 0.05, 0.1], [0.9, 0.95, 0.95, 0.98], evaluations=300, seed=seed)
        for seed in range(3)
    ]
    print(f"{name:25} " + "  ".join(f"{each.value / best:.3f}" for each in found))
