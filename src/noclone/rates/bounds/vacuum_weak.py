"""Asymptotic rate with a weak and a (near) vacuum decoy: Ma, Qi, Zhao and Lo 2005."""

import numpy as np
from numpy.typing import ArrayLike

from noclone.rates.counts import DecoyCounts
from noclone.rates.decoy import keyed_excess, keyed_fraction, phase_error_estimate, photon_weights, two_decoys
from noclone.rates.flaws.pricing import keyed_states, reference, turned
from noclone.rates.key_terms import KeyTerms, checked_mask
from noclone.rates.security import IDEAL_LASER, Security

NAME = "vacuum-weak"
SOURCE = "Ma et al., PRA 72, 012326 (2005), eqs. (34), (37); GLLP, Quantum Inf. Comput. 4, 325 (2004)"
FINITE = False
INTENSITIES = (3,)
SECURITY = Security(
    attacks="coherent",
    regime="asymptotic",
    assumptions=(
        IDEAL_LASER,
        "the detection probability does not depend on the basis",
        "no statistical fluctuations: infinitely many pulses",
        "detections of empty pulses give no key",
    ),
    source=SOURCE,
)


def key_terms(
    counts: DecoyCounts,
    keyed: ArrayLike,
    leak_bits: ArrayLike,
    eps_sec: ArrayLike = 0.0,
    eps_cor: ArrayLike = 0.0,
) -> KeyTerms:
    """Return the terms of the key rate per pulse.

    Parameters
    ----------
    counts : DecoyCounts
        Per pulse, with three intensities mu1 > mu2 + mu3, mu2 > mu3 >= 0; no key outside that order.
    keyed : array_like of bool, shape (2, 3)
        Which (basis, intensity) classes are keyed.
    leak_bits : array_like, shape (...)
        Leakage of reconciliation per pulse, all keyed bases together.
    eps_sec, eps_cor : array_like
        Not spent: the regime is asymptotic.

    Returns
    -------
    KeyTerms
        Bits per pulse.

    Raises
    ------
    InvalidInput
        If there are not three intensities, or `keyed` does not fit.

    Examples
    --------
    >>> detections, errors = [[4e-3, 1e-4, 5e-8]] * 2, [[4e-5, 1e-6, 2e-8]] * 2
    >>> counts = DecoyCounts([0.5, 0.1, 0.0], [0.8, 0.1, 0.1], detections, errors)
    >>> terms = key_terms(counts, [[True] * 3, [False] * 3], leak_bits=4e-4)
    >>> f"{float(terms.length):.3e}"
    '1.822e-03'
    """
    mask = checked_mask(counts, keyed, INTENSITIES)
    weights = photon_weights(counts)
    exact = ((counts.detections, counts.detections), (counts.errors, counts.errors))
    estimate = two_decoys(counts, weights, *reference(counts, weights, exact, None))
    phase_error = turned(counts, weights, estimate, phase_error_estimate(estimate), None)
    single = keyed_states(counts, weights, estimate.single) * keyed_fraction(weights.one, mask)
    nothing = np.zeros(())
    return KeyTerms(
        vacuum=np.zeros_like(single),
        single=single,
        phase_error=np.fmin(phase_error * keyed_excess(weights, mask), 0.5),
        leak_bits=np.asarray(leak_bits, dtype=np.float64),
        secrecy_bits=nothing,
        correctness_bits=nothing,
    )
