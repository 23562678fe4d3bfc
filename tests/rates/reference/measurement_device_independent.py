"""MDI-QKD and mode pairing: Ma and Razavi (2012), Xu et al. (2014), Zeng et al. (2022), Wang and Lo (2019).

The middle is halfway; gains are per pair of pulses without sifting, mode-pairing rates per round.
"""

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from noclone.rates.entropy import binary_entropy
from noclone.rates.mdi import diagonal_gains, rectilinear_gains, single_photon_pairs
from noclone.rates.mdi_decoy import pair_errors, pair_yield, rescaled
from noclone.rates.mode_pairing import paired, pairs_per_round


def arm(p):
    return p["etad"] * 10 ** (-p["alpha"] * p["L_km"] / 20)


def infinite_decoys(p):
    eta, mu = arm(p), p["mu"]
    signal = rectilinear_gains(eta * mu, eta * mu, p["pd"], p["ed"])
    pairs = single_photon_pairs(eta, eta, p["pd"], p["ed"])
    key = mu**2 * np.exp(-2 * mu) * pairs.click * (1 - binary_entropy(pairs.error / pairs.click))
    return key - p["f"] * signal.click * binary_entropy(signal.error / signal.click)


def reach(p):
    """The length at which the best intensity no longer gives a key."""

    def best(length_km):
        found = minimize_scalar(
            lambda mu: -float(infinite_decoys(p | {"L_km": length_km, "mu": mu})) * 1e9,
            bounds=(0.05, 1.0),
            method="bounded",
            options={"xatol": 1e-9},
        )
        return -found.fun

    return brentq(best, 200.0, 260.0, xtol=1e-5)


# What the peer's row does not say: half of a background of 6.02e-6, a decoy of .005 and an exact vacuum.
LO_CURTY_QI = {"pd": 3.01e-6, "ed": 0.015, "etad": 0.145, "f": 1.16, "alpha": 0.2}
INTENSITIES = np.arange(1, 25) * 0.05


def three_intensities(p):
    eta, mu = arm(p), np.array([p["mu"], 0.005, 0.0])
    light = eta * mu[:, None], eta * mu, p["pd"], p["ed"]
    key, test = rectilinear_gains(*light), diagonal_gains(*light)
    grids = [rescaled(mu, mu, part) for part in (key.click, test.click, test.error)]
    single, tested = (pair_yield(mu, mu, grid, grid) for grid in grids[:2])
    error = pair_errors(mu, mu, grids[2], grids[2]) / tested
    secret = mu[0] ** 2 * np.exp(-2 * mu[0]) * single * (1 - binary_entropy(np.clip(error, 0, 0.5)))
    gain, wrong = key.click[0, 0], key.error[0, 0]
    return secret - p["f"] * gain * binary_entropy(wrong / gain)


def best_of_three(length_km):
    """The best intensity of the peer's grid."""
    return max(float(three_intensities(LO_CURTY_QI | {"L_km": length_km, "mu": mu})) for mu in INTENSITIES)


def gains(p):
    light = p["eta_a"] * p["mu_a"], p["eta_b"] * p["mu_b"], p["pd"], p["ed"]
    return rectilinear_gains(*light), diagonal_gains(*light)


def bounds(p):
    mu = np.array([p["mu"], p["nu"], p["omega"]])
    light = p["eta_a"] * mu[:, None], p["eta_b"] * mu, p["pd"], p["ed"]
    key, test = rectilinear_gains(*light), diagonal_gains(*light)
    grids = [rescaled(mu, mu, part) for part in (key.click, test.click, test.error)]
    single, tested = (pair_yield(mu, mu, grid, grid) for grid in grids[:2])
    return single, pair_errors(mu, mu, grids[2], grids[2]) / tested


PHASES = np.arange(48) * 2 * np.pi / 48


def rotated_gains(light_a, light_b, dark, angle, basis):
    """Gains where each party's polarisation is turned by an angle, averaged over relative phases."""
    root = np.sqrt(0.5)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    states = np.array({"z": ((1, 0), (0, 1)), "x": ((root, root), (root, -root))}[basis]) @ turn.T
    click = error = 0.0
    for bit_a, bit_b in np.ndindex(2, 2):
        fields = np.sqrt(light_a) * states[bit_a], np.sqrt(light_b) * states[bit_b]
        ports = [fields[0][:, None] + sign * fields[1][:, None] * np.exp(1j * PHASES) for sign in (1, -1)]
        lit = [1 - (1 - dark) * np.exp(-(np.abs(port) ** 2) / 2) for port in ports]  # port, mode, phase
        one = [lit[port] * (1 - lit[1 - port]) for port in (0, 1)]
        for first, second in np.ndindex(2, 2):
            seen = 0.25 * (one[first][0] * one[second][1]).mean()
            click += seen
            error += seen * ((bit_a == bit_b) != (basis == "x" and first == second))
    return click, error


def wang_lo(p):
    """The paper's model as far as it can be inferred: its rates come out within 1.2 %.

    Half of the misalignment turns either party's polarisation, which spoils pulses of many photons more than
    single ones; half of the background is each detector's; counts lie within 5.3 standard deviations, each by
    itself; and the errors of a pulse that meets a vacuum are taken as half of its announcements.
    """
    opt = p["opt"]
    eta = p["etad"] * 10 ** (-p["alpha"] * p["L_BC_km"] / 10)
    dark, angle = p["Y0"] / 2, np.arcsin(np.sqrt(p["ed"] / 2))
    mu = np.array([opt["mu"], opt["nu"], 0.0])
    share = np.array([opt["Pmu"], opt["Pnu"], 1 - opt["Ps"] - opt["Pmu"] - opt["Pnu"]])
    sent = p["N"] * np.outer(share, share)
    tested = np.array([[rotated_gains(eta * x, eta * y, dark, angle, "x") for y in mu] for x in mu])
    click, error = tested[..., 0], tested[..., 1]
    lower, upper = (rescaled(mu, mu, click + sign * 5.3 * np.sqrt(click / sent)) for sign in (-1, 1))
    wrong = rescaled(mu, mu, error + 5.3 * np.sqrt(error / sent))[1, 1]
    single = pair_yield(mu, mu, lower, upper)
    empty = lower[1, 2] + lower[2, 1] - upper[2, 2]
    phase_error = (wrong - empty / 2) / mu[1] ** 2 / single
    gain, errors = rotated_gains(eta * opt["s"], eta * opt["s"], dark, angle, "z")
    secret = opt["s"] ** 2 * np.exp(-2 * opt["s"]) * single * (1 - binary_entropy(phase_error))
    return opt["Ps"] ** 2 * (secret - p["fe"] * gain * binary_entropy(errors / gain))


def mode_pairing(p):
    eta, mu = arm(p), p["mu"]
    pairs = paired(eta * mu, eta * mu, 0.5, p["pd"])
    single = single_photon_pairs(eta, eta, p["pd"], p["ed_X"])
    secret = pairs.weight * mu**2 * np.exp(-2 * mu) * single.click
    key = secret * (1 - binary_entropy(single.error / single.click))
    leak = p["f"] * pairs.key_pair * binary_entropy(pairs.key_error / pairs.key_pair)
    return pairs_per_round(pairs.click, p["l"]) * (key - leak)


EVALUATORS = {
    ("MDI-QKD asymptotic inf. decoy", "bits/pulse pair (no sifting factor)"): infinite_decoys,
    ("MDI-QKD asymptotic inf. decoy", "max distance km"): reach,
    ("MDI-QKD asymptotic", "tolerable loss"): lambda p: p["alpha"] * reach(p),
    ("MDI-QKD 3-intensity", "secure distance km"): lambda p: brentq(best_of_three, 200.0, 260.0, xtol=1e-5),
    ("MDI-QKD 3-intensity", "bits/pulse pair"): lambda p: best_of_three(p["L_km"]),
    ("MDI-QKD WCP gains", "Q_diag"): lambda p: gains(p)[1].click,
    ("MDI-QKD WCP gains", "Q_rect"): lambda p: gains(p)[0].click,
    ("MDI-QKD WCP gains", "E_rect"): lambda p: gains(p)[0].error / gains(p)[0].click,
    ("MDI 3-intensity bounds", "Y11Z_L"): lambda p: bounds(p)[0],
    ("MDI 3-intensity bounds", "e11X_U"): lambda p: bounds(p)[1],
    ("MP-QKD inf. decoy", "bits/round"): mode_pairing,
    ("MP-QKD pairing rate", "r_p"): lambda p: pairs_per_round(p["p"], p["l"]),
}
EVALUATORS |= {
    (
        f"MDI-QKD 4-intensity finite (Wang-Lo Table II set {row})",
        "bits/pulse at local-search optimum",
    ): wang_lo
    for row in "abc"
}
