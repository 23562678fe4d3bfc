"""What this package gives for the rows of decoy BB84 and of the capacity bounds."""

import csv
import json
from functools import cache
from pathlib import Path

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from noclone.rates import bounds, capacity
from noclone.rates.bb84 import gllp_rate, optimal_decoy_intensity, single_photon_fraction
from noclone.rates.concentration import hoeffding_deviation
from noclone.rates.counts import DecoyCounts, expected_counts, expected_photons
from noclone.rates.decoy import one_decoy, photon_weights, two_decoys, vacuum_ceiling
from noclone.rates.key_terms import shannon_leak

with (Path(__file__).parents[1] / "reference_rates.csv").open(newline="") as table:
    ROWS = list(csv.DictReader(table))


CAPACITIES = {
    "PLOB": capacity.repeaterless_bound,
    "TGW": capacity.takeoka_guha_wilde_bound,
    "single-repeater bound": capacity.single_repeater_bound,
}


def ma_gains(p, length_km, intensities):
    """Gains and yields in the approximation of the paper, which adds the background: eqs. (5)-(9)."""
    eta = p["eta_Bob"] * 10 ** (-p["alpha"] * length_km / 10)
    signal = -np.expm1(-eta * np.asarray(intensities))
    background = p["e0"] * p["Y0"]
    return p["Y0"] + signal, background + p["e_det"] * signal, p["Y0"] + eta, background + p["e_det"] * eta


def ma_terms(p, length_km):
    """Terms per pulse with matching bases; signal pulses only, as in the paper."""
    weak = "nu1" in p
    intensities = [p["mu"], p["nu1"], 0.0] if weak else [p["mu"]]
    probs = [1 - 2e-9, 1e-9, 1e-9] if weak else [1.0]
    gains, errors, single, single_errors = ma_gains(p, length_km, intensities)
    counts = expected_counts(intensities, probs, [p["q"], p["q"]], [gains], [errors])
    photons = expected_photons(intensities, probs, [p["q"], p["q"]], [p["Y0"]], [single], [single_errors])
    counts = DecoyCounts(intensities, probs, counts.detections, counts.errors, photons)
    keyed = [[True] + [False] * (len(intensities) - 1), [False] * len(intensities)]
    bound = bounds.get("vacuum-weak" if weak else "infinite")
    terms = bound.key_terms(counts, keyed, shannon_leak(counts, keyed, p["f"]), 0.0, 0.0)
    return terms, photons, probs[0]


def ma_2005(p, quantity):
    if quantity == "mu_opt eq(12)":
        return optimal_decoy_intensity(p["e_det"], p["f"])
    if quantity == "bits/pulse":
        terms, _, share = ma_terms(p, p["L_km"])
        return terms.unclipped / share
    if quantity == "e1U/e1-1":
        terms, photons, _ = ma_terms(p, p["L_km"])
        true = photons.single_errors[0, 0] / photons.single[0, 0]
        return terms.phase_error[0] / true - 1.0
    assert quantity == "max distance km"
    return brentq(lambda km: float(ma_terms(p, km)[0].unclipped), 100.0, 160.0, xtol=1e-10)


def gllp(p, quantity):
    def rate(mu, length_km):
        gain, errors, _, _ = ma_gains(p, length_km, mu)
        return p["q"] * gllp_rate(mu, gain, errors, p["f"])

    if quantity == "bits/pulse (mu opt)":
        return rate(0.0099045, p["L_km"])

    def best(length_km):
        found = minimize_scalar(
            lambda log_mu: -float(rate(np.exp(log_mu), length_km)) * 1e6,
            bounds=(np.log(1e-5), 0.0),
            method="bounded",
            options={"xatol": 1e-9},
        )
        return -found.fun

    return brentq(best, 30.0, 50.0, xtol=1e-6)


BOTH_BASES = {"pdc": 6e-7, "emis": 5e-3, "f": 1.16, "eps_cor": 1e-15}
LIM = bounds.get("lim-2014")


def lim_block(length_km, block, qx, p1, p2, mu1, mu2):
    """A block of so many sifted bits in basis X, by the paper's model with eta_sys; arrays allowed."""
    qx, p1, p2, mu1, mu2 = (np.asarray(x, dtype=float) for x in (qx, p1, p2, mu1, mu2))
    eta = 0.1 * 10 ** (-0.02 * length_km)
    mu = np.stack([mu1, mu2, np.full_like(mu1, 2e-4)])
    detected = 1 - (1 - 2 * BOTH_BASES["pdc"]) * np.exp(-eta * mu)
    gains = detected * (1 + 0.04)
    errors = BOTH_BASES["pdc"] + BOTH_BASES["emis"] * -np.expm1(-eta * mu) + 0.04 * detected / 2
    per_pulse = expected_counts(
        mu, np.stack([p1, p2, 1 - p1 - p2]), np.stack([(1 - qx) ** 2, qx**2]), gains[None], errors[None]
    )
    pulses = block / per_pulse.sifted[1]
    return per_pulse.scaled(pulses), pulses


def lim_key(counts, kappa=1e-15, rounds=12):
    """Terms with the secrecy proportional to the length, eps_sec = kappa l, solved by iteration."""
    keyed = [[False] * 3, [True] * 3]
    leak = shannon_leak(counts, keyed, BOTH_BASES["f"])
    eps = np.full(counts.sifted[1].shape, 1e-11)
    for _ in range(rounds):
        terms = LIM.key_terms(counts, keyed, leak, eps, BOTH_BASES["eps_cor"])
        last, eps = eps, kappa * np.fmax(terms.unclipped, 1.0)
    return terms, last


@cache
def lim_optimum(length_km, block):
    """The best rate, by a cross-entropy search over (q_x, p1, p2, mu1, mu2)."""
    rng = np.random.default_rng(0)
    centre, width = np.array([0.8, 0.4, 0.4, 0.43, 0.19]), np.array([0.1, 0.2, 0.2, 0.03, 0.03])
    best = -np.inf
    for _ in range(25):
        qx, p1, p2, mu1, mu2 = np.clip(rng.normal(centre, width, (600, 5)), 1e-3, 0.999).T
        over = np.fmax(1.0, (p1 + p2) / 0.99)
        p1, p2 = p1 / over, p2 / over
        counts, pulses = lim_block(length_km, block, qx, p1, p2, mu1, mu2)
        rates = lim_key(counts, rounds=3)[0].unclipped / pulses
        best = max(best, rates.max())
        elite = np.stack([qx, p1, p2, mu1, mu2])[:, np.argsort(rates)[-60:]]
        centre, width = elite.mean(axis=1), elite.std(axis=1)
    return best


def lim_2014(p, quantity):
    if quantity.startswith("digitised"):
        return lim_optimum(p["L_km"], float(p["nX"]))
    if quantity == "R(nX=1e9)/R(nX=1e7)":
        large, small = (lim_rows(100, block)["bits/pulse optimised"] for block in ("1e9", "1e7"))
        return large / small
    return lim_values(p, float(p["nX"]))[quantity]


def lim_rows(length_km, block):
    """The values at the optimum that the table gives for this point."""
    for row in ROWS:
        p = json.loads(row["params_json"])
        if (
            row["protocol"].startswith("Lim2014")
            and "opt" in p
            and (p["L_km"], p["nX"]) == (length_km, block)
        ):
            return lim_values(p, float(block))
    raise AssertionError("no such row")


def lim_values(p, block):
    x = p.get("opt", p)
    counts, pulses = lim_block(p["L_km"], block, x["qx"], x["p1"], x["p2"], x["mu1"], x["mu2"])
    terms, eps_sec = lim_key(counts)
    spread = hoeffding_deviation(counts.sifted, eps_sec / 21)[:, None]
    error_spread = hoeffding_deviation(counts.sifted_errors, eps_sec / 21)[:, None]
    estimate = two_decoys(
        counts,
        photon_weights(counts),
        (counts.detections - spread, counts.detections + spread),
        (counts.errors - error_spread, counts.errors + error_spread),
    )
    return {
        "N": pulses,
        "l": terms.unclipped,
        "R": terms.unclipped / pulses,
        "bits/pulse optimised": terms.unclipped / pulses,
        "sX1": terms.single[1],
        "sZ1": estimate.single[0],
        "v": estimate.single_errors[0],
        "phi": terms.phase_error[1],
        "leak": terms.leak_bits,
        "qber": counts.sifted_errors[1] / block,
    }


def rusca_2018(p, quantity):
    x = p.get("opt", p)
    eta, mu, probs = (
        0.1 * 10 ** (-0.02 * p["L_km"]),
        np.array([x["mu1"], x["mu2"]]),
        [x["p_mu1"], 1 - x["p_mu1"]],
    )
    gains = 1 - (1 - 2 * BOTH_BASES["pdc"]) * np.exp(-eta * mu)
    errors = BOTH_BASES["pdc"] + BOTH_BASES["emis"] * -np.expm1(-eta * mu)
    per_pulse = expected_counts(mu, probs, [x["pZ"] ** 2, (1 - x["pZ"]) ** 2], [gains], [errors])
    pulses = p["nZ"] / per_pulse.sifted[0]
    counts = per_pulse.scaled(pulses)
    keyed = [[True, True], [False, False]]
    leak = shannon_leak(counts, keyed, BOTH_BASES["f"])
    terms = bounds.get("rusca-2018").key_terms(counts, keyed, leak, 1e-9, BOTH_BASES["eps_cor"])
    spread = hoeffding_deviation(counts.sifted, 1e-9 / 19)
    error_spread = hoeffding_deviation(counts.sifted_errors, 1e-9 / 19)[:, None]
    weights = photon_weights(counts)
    errors_between = counts.errors - error_spread, counts.errors + error_spread
    vacuum_upper = vacuum_ceiling(weights, errors_between[1], spread).min(axis=1)
    detections_between = counts.detections - spread[:, None], counts.detections + spread[:, None]
    test_basis = one_decoy(counts, weights, detections_between, errors_between, vacuum_upper)
    return {
        "N": pulses,
        "l": terms.unclipped,
        "R": terms.unclipped / pulses,
        "bits/pulse": terms.unclipped / pulses,
        "sZ0": terms.vacuum[0],
        "sZ0u": vacuum_upper[0],
        "sZ1": terms.single[0],
        "sX1": test_basis.single[1],
        "v": test_basis.single_errors[1],
        "phi": terms.phase_error[0],
    }[quantity]


def _capacity(bound):
    return lambda p: bound(10 ** (-p["alpha_dB_km"] * p["L_km"] / 10))


def _evaluator(of, quantity):
    return lambda p: of(p, quantity)


_FAMILIES = {"decoy BB84": ma_2005, "WCP BB84 GLLP": gllp, "Lim2014": lim_2014, "Rusca2018": rusca_2018}

EVALUATORS = {
    ("PLOB thermal upper", "bits/mode"): lambda p: capacity.thermal_upper_bound(p["eta"], p["nbar"]),
    ("RCI thermal lower", "bits/mode"): lambda p: capacity.thermal_lower_bound(p["eta"], p["nbar"]),
    ("BB84 (single photon,1-way)", "QBER threshold"): lambda p: brentq(
        lambda qber: float(single_photon_fraction(qber, qber)), 0.05, 0.2, xtol=1e-15
    ),
    ("BB84 (single photon,1-way)", "secret fraction"): lambda p: single_photon_fraction(p["Q"], p["Q"]),
}
EVALUATORS |= {(name, "bits/mode"): _capacity(bound) for name, bound in CAPACITIES.items()}
EVALUATORS |= {
    (row["protocol"], row["quantity"]): _evaluator(of, row["quantity"])
    for row in ROWS
    for family, of in _FAMILIES.items()
    if row["protocol"].startswith(family)
}
