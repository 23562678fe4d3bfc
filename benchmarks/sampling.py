"""Sampling of clicks by thinning beside the loop over pulses that it must equal in law.

Decoy-state BB84 with the intensities 0.5, 0.15 and 0.001 sent with 0.6, 0.25 and 0.15, both
bases chosen with 0.9 and 0.1, dark counts of 1e-6.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from measure import Row, timed
from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.sampling import clicks, per_pulse, photons
from noclone.sampling.pulses import PulseSettings, honest_table

INTENSITIES = [0.5, 0.15, 0.001]
INTENSITY_PROBS, BASIS_PROBS = np.array([0.6, 0.25, 0.15]), np.array([0.9, 0.1])
MEMORIES = {
    "no memory": DetectorMemory(),
    "dead time": DetectorMemory(dead_pulses=100),
    "dead time, after-pulses": DetectorMemory(100, afterpulse_prob=0.05, afterpulse_mean_pulses=20.0),
}
EFFICIENCIES = (1e-1, 1e-2, 1e-3)
CLICKS_PULSES, LOOP_PULSES = 10**8, 10**7


def rows() -> Iterator[Row]:
    intensity, sent_basis, sent_bit, measured_basis = np.indices((3, 2, 2, 2)).reshape(4, -1)
    settings = PulseSettings(
        probs=INTENSITY_PROBS[intensity] * BASIS_PROBS[sent_basis] * 0.5 * BASIS_PROBS[measured_basis],
        photon_probs=photons.poisson(INTENSITIES)[intensity],
        sent_basis=sent_basis,
        sent_bit=sent_bit,
        measured_basis=measured_basis,
        signal=intensity == 0,
    )
    mean = np.array(INTENSITIES)[intensity]
    for efficiency in EFFICIENCIES:
        model = DetectionModel(efficiency / 0.1, 0.1, 1e-6, 0.01)
        table = honest_table(model, settings)
        for name, memory in MEMORIES.items():

            def thinned(memory=memory, table=table) -> int:
                return sum(
                    len(block.position) for block in clicks.sample(table, memory, CLICKS_PULSES, seed=1)
                )

            def looped(memory=memory, model=model) -> int:
                found = per_pulse.sample(settings, 0 * mean, mean, model, memory, LOOP_PULSES, seed=1)
                return len(found.position)

            job = f"efficiency {efficiency:g}, {name}"
            for code, work, pulses in (
                ("clicks", thinned, CLICKS_PULSES),
                ("per pulse", looped, LOOP_PULSES),
            ):
                run = timed(work)
                yield run.row(job, code, pulses, "pulses", f"{run.cpu_s / run.result * 1e9:.1f} ns a click")
