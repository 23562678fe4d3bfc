"""Finite-key bound for ideal single photons: Tomamichel, Lim, Gisin and Renner 2012."""

import numpy as np
from numpy.typing import ArrayLike

from noclone.rates.concentration import least_mean, serfling_rate
from noclone.rates.counts import DecoyCounts
from noclone.rates.flaws import quantum_coin
from noclone.rates.flaws.multiphoton import tagged_count
from noclone.rates.key_terms import KeyTerms, checked_mask
from noclone.rates.security import IDEAL_SINGLE_PHOTONS, Security

NAME = "tomamichel-2012"
SOURCE = "Tomamichel, Lim, Gisin, Renner, Nat. Commun. 3, 634 (2012), eq. (2)"
FINITE = True
INTENSITIES = (1,)
SECURITY = Security(
    attacks="coherent",
    regime="finite",
    assumptions=(
        IDEAL_SINGLE_PHOTONS,
        "the detection probability does not depend on the basis",
        "the key length is chosen from the observed counts, while the paper treats one fixed length",
        "where both bases are keyed, each is reconciled, verified and amplified on its own",
    ),
    source=SOURCE,
)


def key_terms(
    counts: DecoyCounts, keyed: ArrayLike, leak_bits: ArrayLike, eps_sec: ArrayLike, eps_cor: ArrayLike
) -> KeyTerms:
    """Return the terms of the key length of a block.

    Parameters
    ----------
    counts : DecoyCounts
        Of one block, with the one class of pulses there is.
    keyed : array_like of bool, shape (2, 1)
        Which bases are keyed.
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
        If there is more than one intensity, or `keyed` does not fit.

    Notes
    -----
    n [1 - h(Q + mu)] - leak - log2(2 / (eps_sec^2 eps_cor)), with
    mu = sqrt((n + k)(k + 1) / (n k^2) ln(4 / eps_sec)) for n keyed and k disclosed events of which a share
    Q is wrong.

    Where some pulses hold more than one photon, their largest number is taken from n and k, and every error
    is charged to the rest (Gottesman et al., Quantum Inf. Comput. 4, 325, 2004); empty pulses stay, because
    they tell nothing of the basis. This costs 1/5 of eps_sec in each basis. To give the tagged bits to Eve
    costs nothing: she guesses all bits no better than the others if she is told these. Where light of Eve
    leaks the basis, the phase error rate is turned as in `rates.flaws.pricing`, for 1/8 of the rest in each
    basis and once for the rate.

    Examples
    --------
    >>> counts = DecoyCounts([1.0], [1.0], detections=[[9e5], [1e5]], errors=[[9e3], [1e3]])
    >>> terms = key_terms(counts, [[True], [False]], leak_bits=8e4, eps_sec=1e-9, eps_cor=1e-15)
    >>> f"{float(terms.length):.3e}"
    '6.649e+05'
    """
    mask = checked_mask(counts, keyed, INTENSITIES)
    flaws, bases = counts.flaws, np.count_nonzero(mask)
    whole = np.asarray(eps_sec, dtype=np.float64) / bases
    eps = whole * np.where(flaws.tagged, 0.6, 1.0)
    part, eps = eps / 8.0, eps * np.where(flaws.leaking, 0.625, 1.0)
    counts = counts.with_axes(np.ndim(eps))
    shape = (2,) + (1,) * (counts.detections.ndim - 2)
    untagged = counts.sifted
    if flaws.tagged.any():
        tagged = tagged_count(counts.pulses_sent, flaws.multiphoton_prob, whole / 5.0)
        untagged = np.fmax(untagged - tagged, 0.0)
    single = untagged * mask.reshape(shape)
    phase_error = serfling_rate(counts.sifted_errors[::-1], untagged[::-1], single, eps / 4.0)
    if flaws.leaking.any():
        seen = least_mean(untagged, part)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(seen > 0.0, seen / counts.pulses_sent, 0.0)
        turned = quantum_coin.phase_error(phase_error, flaws.angle(0.0), rate, rate[::-1])
        phase_error = np.where(flaws.leaking, turned, phase_error)
    return KeyTerms(
        vacuum=np.zeros_like(single),
        single=single,
        phase_error=phase_error,
        leak_bits=np.asarray(leak_bits, dtype=np.float64),
        secrecy_bits=-2.0 * bases * np.log2(eps),
        correctness_bits=bases * np.log2(2.0 * bases / np.asarray(eps_cor, dtype=np.float64)),
    )
