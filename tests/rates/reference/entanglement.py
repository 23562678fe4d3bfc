"""What this package gives for the rows of BBM92, continuous pair sources and device-independent keys."""

import numpy as np
from scipy.optimize import brentq

from noclone.rates.continuous_pairs import coincidences
from noclone.rates.device_independent import TSIRELSON, error_of_chsh, holevo_bits
from noclone.rates.entropy import binary_entropy
from noclone.rates.spdc import coincidence_gain, correlation


def bbm92(p):
    """Loss split equally, Y0 and eta per side, e_d for the pair, without the paper's missing dark factor."""
    eta = p["eta"] * 10 ** (-p["total_channel_loss_dB"] / 20)
    gain = coincidence_gain(p["lam_opt"], eta, eta, p["Y0"], p["Y0"])
    errors = (gain - (1 - 2 * p["ed"]) * correlation(p["lam_opt"], eta, eta)) / 2
    return 0.5 * gain * (1 - (1 + p["f"]) * binary_entropy(errors / gain))


def continuous(p):
    true, accidental = coincidences(
        p["B_pairs_s"], p["etaA"], p["etaB"], p["DC"], p["DC"], p["tCC"], p["tDelta_FWHM"]
    )
    both = true + accidental
    qber = (p["epol"] * true + accidental / 2) / both
    return 0.5 * both * (1 - (1 + p["f"]) * binary_entropy(qber))


def chsh_threshold(p):
    """Where 1 - h(Q) - chi(2 sqrt(2) (1 - 2 Q)) vanishes."""

    def key(qber):
        return float(1 - binary_entropy(qber) - holevo_bits(TSIRELSON * (1 - 2 * qber)))

    found = brentq(key, 0.05, 0.1, xtol=1e-15)
    assert np.isclose(error_of_chsh(TSIRELSON * (1 - 2 * found)), found)
    return found


EVALUATORS = {
    ("BBM92 SPDC source in middle", "bits/pump pulse"): bbm92,
    ("CW-SPDC (Neumann 2021)", "bit/s; QBER=0.02428"): continuous,
    ("CW-SPDC (Neumann 2021)", "bit/s; QBER=0.01015"): continuous,
    ("DI-QKD CHSH (S=2sqrt2(1-2Q))", "QBER threshold"): chsh_threshold,
    ("DI-QKD", "chi(S)=h((1+sqrt((S/2)^2-1))/2)"): lambda p: holevo_bits(p["S"]),
}
