"""Speed of the simulation: clicks by thinning, and the loop over pulses that it must equal.

Decoy-state BB84 with the intensities 0.5, 0.15 and 0.001 sent with 0.6, 0.25 and 0.15, both
bases chosen with 0.9 and 0.1, dark counts of 1e-6. One thread; processor time, after compilation.

    python benchmarks/sampling.py
"""

from time import process_time

import numpy as np

from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.sampling import clicks, per_pulse, photons
from noclone.sampling.pulses import PulseSettings, honest_table

INTENSITIES, INTENSITY_PROBS, BASIS_PROBS = (
    [0.5, 0.15, 0.001],
    np.array([0.6, 0.25, 0.15]),
    np.array([0.9, 0.1]),
)
MEMORIES = {
    "no memory": DetectorMemory(),
    "dead time": DetectorMemory(dead_pulses=100),
    "dead time, after-pulses": DetectorMemory(100, afterpulse_prob=0.05, afterpulse_mean_pulses=20.0),
}


def main() -> None:
    """Print pulses per second of each simulator."""
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
    print(f"{'simulator':10} {'efficiency':>10}  {'memory':24} {'pulses/s':>9} {'ns/click':>9}")
    for efficiency in (1e-1, 1e-2, 1e-3):
        model = DetectionModel(efficiency / 0.1, 0.1, 1e-6, 0.01)
        table = honest_table(model, settings)
        for name, memory in MEMORIES.items():

            def thinned(pulses: int, memory=memory, table=table) -> int:
                return sum(len(block.position) for block in clicks.sample(table, memory, pulses, seed=1))

            def looped(pulses: int, memory=memory, model=model) -> int:
                return len(per_pulse.sample(settings, 0 * mean, mean, model, memory, pulses, seed=1).position)

            for label, simulate, pulses in (("clicks", thinned, 10**9), ("per-pulse", looped, 2 * 10**7)):
                simulate(1000)
                start = process_time()
                found = simulate(pulses)
                seconds = process_time() - start
                speed, each = pulses / seconds, seconds / found * 1e9
                print(f"{label:10} {efficiency:10.0e}  {name:24} {speed:9.2e} {each:9.1f}")


if __name__ == "__main__":
    main()
