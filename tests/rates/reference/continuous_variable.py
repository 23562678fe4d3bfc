"""How this package evaluates the rows of continuous-variable protocols."""

import numpy as np

from noclone.link.coherent import constellation
from noclone.rates import cv_finite
from noclone.rates import discrete_modulation as discrete
from noclone.rates import gaussian_modulation as gaussian

NOISE = {1: gaussian.homodyne_noise, 2: gaussian.heterodyne_noise}
HOLEVO = {1: gaussian.holevo_homodyne, 2: gaussian.holevo_heterodyne}


def terms(p, quadratures, trusted=True, transmittance=None, excess_noise=None):
    """Mutual information and Holevo bound, in bits per symbol."""
    t = p["T"] if transmittance is None else transmittance
    noise = t * (p["xi"] if excess_noise is None else excess_noise)
    detector = NOISE[quadratures](p["eta"], p["vel"])
    snr = gaussian.signal_to_noise(p["VA"], 1.0, t, noise, detector)
    state = gaussian.after_channel(p["VA"] + 1, t, noise)
    if not trusted:
        state = gaussian.behind_detector(state, p["eta"], quadratures * p["vel"])
        detector = quadratures - 1.0
    return gaussian.gaussian_information(snr, quadratures), HOLEVO[quadratures](state, detector)


def rate(p, quadratures, trusted=True, **other):
    information, holevo = terms(p, quadratures, trusted, **other)
    return p["beta"] * information - holevo


def lodewyck(p):
    return terms({**p, "xi": p["xi_input"]}, 1)


def zhang(p, excess_noise):
    return rate(p, 1, transmittance=10 ** (-p["loss_dB"] / 10), excess_noise=excess_noise)


def zhang_bps(p):
    return zhang(p, p["xi"]) * p["clock_Hz"] * (1 - p["FER"]) * (1 - p["overhead"])


def leverrier(p):
    """The published form: mutual information as expected, Eve's share at the least transmittance."""
    t = 10 ** (-p["alpha"] * p["L_km"] / 10)
    low, _, noise = cv_finite.possible_channels(
        t, t * p["xi"], p["VA"], p["eta"], p["vel"], p["N"] - p["n"], p["z"]
    )
    information, _ = terms(p, 1, transmittance=t)
    state = gaussian.after_channel(p["VA"] + 1, low, noise)
    holevo = gaussian.holevo_homodyne(state, gaussian.homodyne_noise(p["eta"], p["vel"]))
    penalty = cv_finite.leverrier_penalty(p["n"], 2, p["eps"], p["eps"])
    return p["n"] / p["N"] * (p["beta"] * information - holevo - penalty)


def eps(text):
    base, exponent = text.split("^")
    return float(base) ** float(exponent)


def denys(p, shape, photons):
    """With the mutual information of a Gaussian, as the rows say."""
    t = 10 ** (-p["alpha"] * p["L_km"] / 10)
    states = discrete.moments(shape.points, shape.probs, shape.symmetry, photons)
    state = discrete.after_channel(states, t, t * p["xi"])
    snr = gaussian.signal_to_noise(2 * photons, 1.0, t, t * p["xi"], 1.0)
    return p["beta"] * gaussian.gaussian_information(snr, 2) - gaussian.holevo_heterodyne(state, 1.0)


def psk_moments(p):
    """Z*, w and the trace, the numbers that the row holds together."""
    ring = np.exp(2j * np.pi * np.arange(p["M"]) / p["M"])
    states = discrete.moments(ring, np.full(p["M"], 1 / p["M"]), p["M"], p["alpha"] ** 2)
    received = p["T"] * states.photons + p["T"] * p["xi"] / 2
    root = np.sqrt(p["T"])
    least = discrete.least_covariance(states, root * states.correlation, root * states.photons, received)
    return least, states.deviation, states.correlation


PER_SYMBOL = "bits/symbol"
LODEWYCK = "GG02 hom (Lodewyck 2007 25 km)"

EVALUATORS = {
    ("GG02 hom trusted RR", PER_SYMBOL): lambda p: rate(p, 1),
    ("GG02 het trusted RR", PER_SYMBOL): lambda p: rate(p, 2),
    ("GG02 hom untrusted RR", PER_SYMBOL): lambda p: rate(p, 1, trusted=False),
    ("GG02 het untrusted RR", PER_SYMBOL): lambda p: rate(p, 2, trusted=False),
    (LODEWYCK, "I_AB bits/symbol"): lambda p: lodewyck(p)[0],
    (LODEWYCK, "chi_BE bits/symbol"): lambda p: lodewyck(p)[1],
    (LODEWYCK, "K bits/symbol"): lambda p: p["beta"] * lodewyck(p)[0] - lodewyck(p)[1],
    ("GG02 hom Zhang2020", "asymptotic bit/s upper bound (xi)"): zhang_bps,
    ("GG02 hom Zhang2020", "measured finite-size bit/s"): zhang_bps,
    ("GG02 hom Zhang2020 worst-case xi", "asymptotic bits/symbol"): lambda p: zhang(p, p["xi_worst"]),
    ("GG02 het Hajomer2024 100 km", "asymptotic bits/symbol (xi referred /T)"): lambda p: rate(
        p, 2, transmittance=10 ** (-p["loss_dB"] / 10), excess_noise=p["xi_input"]
    ),
    ("GG02 hom finite (Leverrier 2010)", PER_SYMBOL): leverrier,
    ("CV composable Delta_AEP", "Delta_AEP"): lambda p: cv_finite.aep_penalty(
        p["p_bits"], p["p_ec"], eps(p["eps_s"])
    ),
    ("CV composable Theta", "Theta"): lambda p: cv_finite.hashing_term(
        p["p_ec"], eps(p["eps_s"]), eps(p["eps_h"])
    ),
    ("DM CV 64-QAM binomial (DBL)", "bits/symbol het"): lambda p: denys(
        p, constellation("64qam", "binomial", 0.0), p["VA"] / 2
    ),
    ("DM CV QPSK (DBL)", "bits/symbol het (alpha optimised)"): lambda p: denys(
        p, constellation("qpsk", "uniform", 0.0), p["alpha_amp"] ** 2
    ),
}
"""By protocol and quantity; `psk_moments` and `lodewyck` give the rows that hold several numbers each."""
