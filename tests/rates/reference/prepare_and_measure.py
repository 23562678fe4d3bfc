"""What this package gives for the rows of six-state, SARG04 and B92."""

import numpy as np
from scipy.optimize import brentq

from noclone.rates import b92, sarg04, six_state
from noclone.rates.entropy import binary_entropy


def six_state_fraction(qber):
    return float(six_state.secret_fraction(qber, qber, qber))


def b92_fraction(overlap, loss, depolarisation):
    """Secret bits per conclusive bit behind rho -> (1 - p) rho + (p / 3) sum of s rho s, and loss."""
    kept = 1 - 4 * depolarisation / 3
    wrong = (1 - loss) * (1 - kept) / 4
    gain = (1 - loss) * (1 - kept * overlap**2) / 2
    phase_error = b92.phase_errors(overlap, 1 - loss, gain, wrong) / gain
    return 1 - binary_entropy(phase_error) - binary_entropy(wrong / gain)


def b92_tolerance(loss):
    """The largest p that leaves a key, over all overlaps."""
    overlaps = np.linspace(0.05, 0.995, 4000)
    return brentq(lambda p: float(b92_fraction(overlaps, loss, p).max()), 1e-4, 0.2, xtol=1e-12)


def single_photon_limit():
    def fraction(qber):
        return float(sarg04.single_photon_secrecy(qber) - binary_entropy(qber))

    return brentq(fraction, 0.01, 0.2, xtol=1e-15)


def pair_limit():
    def fraction(qber):
        return float(1 - binary_entropy(sarg04.pair_phase_error(qber)) - binary_entropy(qber))

    return brentq(fraction, 1e-3, 0.1, xtol=1e-15)


EVALUATORS = {
    ("six-state (1-way)", "QBER threshold"): lambda p: brentq(six_state_fraction, 0.05, 0.2, xtol=1e-15),
    ("six-state (1-way)", "secret fraction"): lambda p: six_state_fraction(p["Q"]),
    ("SARG04 1-photon", "bit error threshold"): lambda p: single_photon_limit(),
    ("SARG04 2-photon", "bit error threshold"): lambda p: pair_limit(),
    ("B92 plain single photon", "tolerable depolarising rate"): lambda p: b92_tolerance(p["loss"]),
}
