"""Finite-key bound with two decoys: Lim, Curty, Walenta, Xu and Zbinden 2014, its errata applied."""

import numpy as np
from numpy.typing import ArrayLike

from noclone.rates.concentration import fung_deviation, hoeffding_deviation
from noclone.rates.counts import DecoyCounts
from noclone.rates.decoy import keyed_excess, keyed_fraction, phase_error_estimate, photon_weights, two_decoys
from noclone.rates.flaws.pricing import creditable, keyed_states, reference, turned
from noclone.rates.key_terms import KeyTerms, checked_mask
from noclone.rates.security import IDEAL_LASER, Security

NAME = "lim-2014"
SOURCE = "Lim et al., PRA 89, 022307 (2014), eqs. (1)-(5)"
FINITE = True
INTENSITIES = (3,)
SECURITY = Security(
    attacks="coherent",
    regime="finite",
    assumptions=(
        IDEAL_LASER,
        "the detection probability does not depend on the basis",
        "the deviation of the phase error rate is an approximation by Fung et al. and not a true bound",
        "the key length is chosen from the observed counts, while the paper treats one fixed length",
        "where some intensities are not keyed, the keyed share of single photons is its expectation",
        "where both bases are keyed, each is reconciled, verified and amplified on its own",
    ),
    source=SOURCE,
)

_EVENTS = 21
"""Equal parts of eps_sec: 10 for detections, 2 for errors, 9 for entropy smoothing and hashing, eq. (B4)."""


def key_terms(
    counts: DecoyCounts, keyed: ArrayLike, leak_bits: ArrayLike, eps_sec: ArrayLike, eps_cor: ArrayLike
) -> KeyTerms:
    """Return the terms of the key length of a block.

    Parameters
    ----------
    counts : DecoyCounts
        Of one block, with three intensities mu1 > mu2 + mu3, mu2 > mu3 >= 0; no key outside that order.
    keyed : array_like of bool, shape (2, 3)
        Which (basis, intensity) classes are keyed.
    leak_bits : array_like, shape (...)
        Leakage of reconciliation as charged, all keyed bases together.
    eps_sec, eps_cor : array_like, shape (...)
        Total secrecy and correctness failure probabilities, split equally over the keyed bases.

    Returns
    -------
    KeyTerms

    Raises
    ------
    InvalidInput
        If there are not three intensities, or `keyed` does not fit.

    Notes
    -----
    Lim et al., PRA 89, 022307 (2014). Errata: the error-correction term of the printed eq. (1) is the
    leakage of the whole block, and the channel model behind the paper's figure needs the transmittance of
    the whole system where its text has that of the channel (the model is not part of this function).

    Examples
    --------
    >>> counts = DecoyCounts([0.5, 0.1, 0.0], [0.8, 0.1, 0.1],
    ...     detections=[[4e6, 1e5, 50], [4e6, 1e5, 50]], errors=[[4e4, 1e3, 25], [4e4, 1e3, 25]])
    >>> terms = key_terms(counts, [[True] * 3, [False] * 3], leak_bits=4e5, eps_sec=1e-9, eps_cor=1e-15)
    >>> f"{float(terms.length):.3e}"
    '1.150e+06'
    """
    mask = checked_mask(counts, keyed, INTENSITIES)
    bases = np.count_nonzero(mask.any(axis=1))
    eps = np.asarray(eps_sec, dtype=np.float64) / bases / (_EVENTS + counts.flaws.events)
    counts = counts.with_axes(np.ndim(eps))
    spread = hoeffding_deviation(counts.sifted, eps)[:, None]
    error_spread = hoeffding_deviation(counts.sifted_errors, eps)[:, None]
    weights = photon_weights(counts)
    intervals = (
        (counts.detections - spread, counts.detections + spread),
        (counts.errors - error_spread, counts.errors + error_spread),
    )
    estimate = two_decoys(counts, weights, *reference(counts, weights, intervals, eps))
    single = keyed_states(counts, weights, estimate.single) * keyed_fraction(weights.one, mask)
    rate = phase_error_estimate(estimate)
    gamma = fung_deviation(rate, estimate.single[::-1], single, eps)
    phase_error = turned(counts, weights, estimate, np.fmin(rate + gamma, 0.5), eps)
    return KeyTerms(
        vacuum=creditable(counts, estimate.vacuum * keyed_fraction(weights.empty, mask)),
        single=single,
        phase_error=np.fmin(phase_error * keyed_excess(weights, mask), 0.5),
        leak_bits=np.asarray(leak_bits, dtype=np.float64),
        secrecy_bits=-6.0 * bases * np.log2(eps),
        correctness_bits=bases * np.log2(2.0 * bases / np.asarray(eps_cor, dtype=np.float64)),
    )
