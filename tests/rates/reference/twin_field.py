"""Values of this package for the rows of the twin-field family, under each row's definition."""

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import factorial

from noclone.rates.capacity import repeaterless_bound
from noclone.rates.interference import matched_clicks
from noclone.rates.phase_matching import phase_error as matching_phase_error
from noclone.rates.sending_or_not_sending import odd_parity_pairs, raw_bits, untagged_bits
from noclone.rates.shor_preskill import key_terms
from noclone.rates.twin_field import fock_yields, phase_error

ANGLES = {"0.02*pi": 0.02 * np.pi, "asin(sqrt(0.02))": np.arcsin(np.sqrt(0.02))}


def angle(value):
    """The table writes some angles as expressions."""
    return ANGLES[value] if isinstance(value, str) else value


def arm(p, length_km):
    """Transmittance of one of two equal arms, detector included."""
    efficiency = p["eta_det"] if "eta_det" in p else p["etad"]
    return efficiency * 10 ** (-p["alpha"] * length_km / 20)


def twin_field(p, length_km, alpha2):
    eta, overlap = arm(p, length_km), np.cos(angle(p["theta"]))
    seen = eta * alpha2
    right, wrong = matched_clicks(seen, seen, np.cos(angle(p["phi"])) * overlap, p["pd"])
    clicks = right + wrong
    error = phase_error(alpha2, alpha2, clicks / 2, [1.0], [eta], [eta], p["pd"], overlap)
    return sum(key_terms(clicks, error, clicks, wrong / clicks, p["f"]).values())


def twin_field_crossing(p):
    """Where the rate with the best intensity equals the repeaterless bound."""

    def excess(length_km):
        found = minimize_scalar(
            lambda alpha2: -float(twin_field(p, length_km, alpha2)) * 1e3,
            bounds=(0.01, 0.2),
            method="bounded",
            options={"xatol": 1e-8},
        )
        return -found.fun / 1e3 / float(repeaterless_bound(10 ** (-p["alpha"] * length_km / 10))) - 1

    return brentq(excess, 120.0, 200.0, xtol=1e-6)


def sending(p, pairing):
    eta, eps, mu, dark = arm(p, p["L_km"]), p["eps"], p["mu_z"], p["pd"]
    bits = raw_bits(eps, eps, eta * mu, eta * mu, dark)
    single = untagged_bits(eps, eps, mu, mu, eta, eta, dark, p["ed_X"])
    if pairing:
        pairs = odd_parity_pairs(bits, single)
        terms = key_terms(pairs.untagged, pairs.phase_error, pairs.total, pairs.wrong / pairs.total, p["f"])
    else:
        terms = key_terms(
            single.alice + single.bob, single.phase_error, bits.total, bits.wrong / bits.total, p["f"]
        )
    return sum(terms.values())


def slice_error(slices):
    """The error of the slices as printed, eq. (B19) of Ma, Zeng, Zhou, PRX 8, 031043 (2018)."""
    half = np.pi / slices
    return half - np.sin(half) ** 3 / half**2


def phase_matching(p, length_km, mu, error=None, slices=16):
    """The paper's simulation with its approximations: eqs. (B13), (B14), (B20) and (B22)."""
    error = slice_error(slices) if error is None else error
    eta, dark = arm(p, length_km), p["pd"]
    gain = 1 - (1 - 2 * dark) * np.exp(-eta * mu)
    qber = (dark + eta * mu * error) * np.exp(-eta * mu) / gain
    photons = np.array([0, 1, 3, 5])
    lost = (1 - eta) ** photons
    yields = 1 - (1 - 2 * dark) * lost
    errors = (dark * lost + error * (1 - lost)) / yields
    shares = yields * np.exp(-mu) * mu**photons / factorial(photons) / gain
    phase = matching_phase_error(shares[0], shares[1:], errors[1:])
    kept = 2 / slices * gain
    return sum(key_terms(kept, phase, kept, qber, p["f"]).values())


EVALUATORS = {
    ("TF-QKD CAL19 inf. decoy", "bits/pulse"): lambda p: twin_field(p, p["L_km"], p["alpha2"]),
    ("TF-QKD CAL19 inf. decoy", "PLOB crossing km"): twin_field_crossing,
    ("TF yield", "p(1,0|n,m)"): lambda p: float(
        fock_yields(max(p["nA"], p["nB"]), p["arm_eta"], p["arm_eta"], p["pd"])[p["nA"], p["nB"]]
    ),
    ("SNS-TF", "bits/pulse"): lambda p: sending(p, pairing=False),
    ("SNS-TF+AOPP", "bits/pulse"): lambda p: sending(p, pairing=True),
    ("PM-QKD D=16", "bits/round"): lambda p: phase_matching(p, p["L_km"], p["mu_total"]),
}
