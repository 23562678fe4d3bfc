"""Asymptotic rate with infinitely many decoys: the yields of empty and single-photon pulses are known."""

import numpy as np
from numpy.typing import ArrayLike

from noclone.core.errors import InvalidInput
from noclone.rates.counts import DecoyCounts
from noclone.rates.key_terms import KeyTerms, checked_mask
from noclone.rates.security import IDEAL_LASER, Security

NAME = "infinite"
SOURCE = "Lo, Ma, Chen, PRL 94, 230504 (2005); Ma et al., PRA 72, 012326 (2005), eqs. (1), (11)"
FINITE = False
INTENSITIES = (1, 2, 3, 4, 5)
SECURITY = Security(
    attacks="coherent",
    regime="asymptotic",
    assumptions=(
        IDEAL_LASER,
        "the detection probability does not depend on the basis",
        "no statistical fluctuations: infinitely many pulses, and as many intensities",
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
        Per pulse, with `photons`, which is all that is read.
    keyed : array_like of bool, shape (2, K)
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
        If `counts` has no `photons`, or `keyed` does not fit.

    Examples
    --------
    >>> from noclone.rates.counts import expected_photons
    >>> photons = expected_photons([0.5], [1.0], [0.5, 0.5], [1e-6], [1e-3], [1e-5])
    >>> counts = DecoyCounts([0.5], [1.0], [[2.5e-4]] * 2, [[2.5e-6]] * 2, photons)
    >>> terms = key_terms(counts, [[True], [False]], leak_bits=2.5e-5)
    >>> f"{float(terms.length):.3e}"
    '1.144e-04'
    """
    mask = checked_mask(counts, keyed, INTENSITIES)
    counts.flaws.refused(NAME)
    if counts.photons is None:
        raise InvalidInput("counts.photons", "must be given for the bound infinite")
    single = counts.photons.single.sum(axis=1)
    errors = counts.photons.single_errors.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        phase_error = np.fmin(errors[::-1] / single[::-1], 0.5)
    keyed_single = np.stack(
        [part[row].sum(axis=0) for part, row in zip(counts.photons.single, mask, strict=True)]
    )
    nothing = np.zeros(())
    return KeyTerms(
        vacuum=np.zeros_like(keyed_single),
        single=keyed_single,
        phase_error=phase_error,
        leak_bits=np.asarray(leak_bits, dtype=np.float64),
        secrecy_bits=nothing,
        correctness_bits=nothing,
    )
