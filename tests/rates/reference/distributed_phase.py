"""What this package gives for the rows of DPS and RRDPS."""

import numpy as np

from noclone.rates.differential_phase import individual_secrecy
from noclone.rates.entropy import binary_entropy
from noclone.rates.round_robin import phase_error_leaks


def dps(p):
    """The rate at the row's own gain and error rate, which add the dark counts."""
    signal = -np.expm1(-p["mu"] * p["eta"])
    gain = signal + 2 * p["pd"]
    qber = (p["ed"] * signal + p["pd"]) / gain
    return gain * (individual_secrecy(qber, p["mu"]) - p["f"] * binary_entropy(qber))


EVALUATORS = {
    ("DPS individual-attack", "bits/pulse (INDIVIDUAL ATTACKS ONLY)"): dps,
    ("RRDPS privacy amp", "h(n_th/(L-1))"): lambda p: phase_error_leaks(p["L"])[p["n_th"] - 1],
}
