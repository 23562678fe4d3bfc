"""Finite-key bound with one decoy: Rusca, Boaron, Grünenfelder, Martin and Zbinden 2018."""

import numpy as np
from numpy.typing import ArrayLike

from noclone.rates.concentration import fung_deviation, hoeffding_deviation
from noclone.rates.counts import DecoyCounts
from noclone.rates.decoy import (
    keyed_excess,
    keyed_fraction,
    one_decoy,
    phase_error_estimate,
    photon_weights,
    vacuum_ceiling,
)
from noclone.rates.flaws.pricing import creditable, keyed_states, reference, turned, turned_ceiling
from noclone.rates.key_terms import KeyTerms, checked_mask
from noclone.rates.security import IDEAL_LASER, Security

NAME = "rusca-2018"
SOURCE = "Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), eqs. (A16)-(A25)"
FINITE = True
INTENSITIES = (2,)
SECURITY = Security(
    attacks="coherent",
    regime="finite",
    assumptions=(
        IDEAL_LASER,
        "the detection probability does not depend on the basis",
        "the deviation of the phase error rate is an approximation by Fung et al. and not a true bound",
        "the better of two bounds on the vacuum is taken after seeing both, which eps_sec does not pay for",
        "the key length is chosen from the observed counts, while the paper treats one fixed length",
        "where some intensities are not keyed, the keyed share of single photons is its expectation",
        "where both bases are keyed, each is reconciled, verified and amplified on its own",
    ),
    source=SOURCE,
)

_EVENTS = 19
"""Equal parts of eps_sec: 6 for detections, 4 for errors, 9 for entropy smoothing and hashing, eq. (A24)."""


def key_terms(
    counts: DecoyCounts, keyed: ArrayLike, leak_bits: ArrayLike, eps_sec: ArrayLike, eps_cor: ArrayLike
) -> KeyTerms:
    """Return the terms of the key length of a block.

    Parameters
    ----------
    counts : DecoyCounts
        Of one block, with two intensities mu1 > mu2 > 0; no key outside that order.
    keyed : array_like of bool, shape (2, 2)
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
        If there are not two intensities, or `keyed` does not fit.

    Notes
    -----
    Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), eqs. (A16)-(A25): the bound of Lim et al. (2014)
    with the vacuum bounded from above by its errors. Errata: eq. (A18) lacks the factor exp(k)/p_k, and
    gamma has 19^2 where eq. (A21) prints 2^21.

    Examples
    --------
    >>> detections, errors = [[4e6, 1e5]] * 2, [[4e4, 1e3]] * 2
    >>> counts = DecoyCounts([0.5, 0.1], [0.9, 0.1], detections, errors)
    >>> terms = key_terms(counts, [[True] * 2, [False] * 2], leak_bits=4e5, eps_sec=1e-9, eps_cor=1e-15)
    >>> f"{float(terms.length):.3e}"
    '1.622e+06'
    """
    mask = checked_mask(counts, keyed, INTENSITIES)
    bases = np.count_nonzero(mask.any(axis=1))
    eps = np.asarray(eps_sec, dtype=np.float64) / bases / (_EVENTS + counts.flaws.events)
    counts = counts.with_axes(np.ndim(eps))
    spread = hoeffding_deviation(counts.sifted, eps)
    error_spread = hoeffding_deviation(counts.sifted_errors, eps)[:, None]
    weights = photon_weights(counts)
    intervals = (
        (counts.detections - spread[:, None], counts.detections + spread[:, None]),
        (counts.errors - error_spread, counts.errors + error_spread),
    )
    detections, errors = reference(counts, weights, intervals, eps)
    ceiling = turned_ceiling(counts, weights, vacuum_ceiling(weights, errors[1], spread), eps)
    vacuum_upper = ceiling.min(axis=1)
    estimate = one_decoy(counts, weights, detections, errors, vacuum_upper)
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
