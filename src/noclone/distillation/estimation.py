"""Estimation: from counted events to the lengths of the keys that may be extracted."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from noclone.core.bits import Bits
from noclone.distillation.channel import ProtocolViolation
from noclone.distillation.messages import Message, Numbers
from noclone.distillation.sifting import Sifted
from noclone.rates import bounds
from noclone.rates.counts import DecoyCounts
from noclone.rates.key_terms import KeyTerms

if TYPE_CHECKING:
    from noclone.setup import Setup


class ErrorRates(Message, frozen=True):
    """Bob's guess of the error rate of each basis's raw key, in parts per million."""

    stage = "estimation"
    parts_per_million: Numbers


class ErrorCounts(Message, frozen=True):
    """Errors of every class (2, K), row by row: disclosed ones and corrected ones."""

    stage = "estimation"
    errors: Numbers


def guess_error_rates(sifted: Sifted, setup: Setup, pulses: int) -> NDArray[np.float64]:
    """Return the likely error rate of each basis's raw key, from the disclosed events alone.

    Where a keyed intensity is disclosed in the other basis, or a vacuum intensity tells the
    background, both are used; the guess steers reconciliation and carries no security.

    Parameters
    ----------
    sifted : Sifted
        Bob's events.
    setup : Setup
        Shares of pulses and mean photon numbers.
    pulses : int
        Pulses that Alice sent.

    Returns
    -------
    ndarray, shape (2,)
        Between .001 and .5.
    """
    protocol = setup.recorded
    intensities = np.array(protocol.intensities(setup.link))
    match = np.array([protocol.basis_prob**2, (1 - protocol.basis_prob) ** 2])
    sent = pulses * match[:, None] * np.array(protocol.intensity_probs)
    test = ~protocol.keyed
    seen, wrong = sifted.detections * test, sifted.test_errors * test
    darkest = test & (intensities == intensities.min()) & (intensities.min() < 0.01)
    background = np.divide(
        (seen * darkest).sum(), (sent * darkest).sum(), out=np.zeros(()), where=(sent * darkest).sum() > 0
    )
    lit = test & (intensities > 0.01)
    dark_events = np.minimum(sent * background, seen)
    light = ((seen - dark_events) * lit).sum()
    if light > 0:
        floor = ((wrong - dark_events / 2) * lit).sum() / light
    else:  # nothing is disclosed that could tell; the model's guess only steers reconciliation
        floor = float(protocol.expected(setup.link, 1).qber)
    keyed = sifted.detections * protocol.keyed
    dark_keyed = np.minimum(sent * background, keyed).sum(axis=1)
    total = np.maximum(keyed.sum(axis=1), 1)
    rates = floor + (0.5 - floor) * dark_keyed / total
    return np.asarray(np.clip(rates, 1e-3, 0.5))


def count_errors(sifted: Sifted, corrected: tuple[Bits, Bits]) -> NDArray[np.int64]:
    """Return the errors of every class (2, K) once Bob knows Alice's string.

    Parameters
    ----------
    sifted : Sifted
        Bob's events before correction.
    corrected : tuple of Bits
        His strings after it, verified.
    """
    errors = sifted.test_errors.copy()
    for basis, (before, after) in enumerate(zip(sifted.keyed, corrected, strict=True)):
        flipped = sifted.intensity[basis][before != after]
        errors[basis] += np.bincount(flipped, minlength=errors.shape[1])
    return errors


class Contradiction(Exception):
    """What was counted cannot come from the source that the setup describes."""


@dataclass(frozen=True)
class Estimate:
    """What privacy amplification may extract.

    Attributes
    ----------
    bound : str
        The bound used.
    counts : DecoyCounts
        Observed events.
    terms : tuple of KeyTerms or None
        Per basis; None where a basis is not keyed.
    lengths : tuple of int
        Key bits per basis; 0 where there is none.
    """

    bound: str
    counts: DecoyCounts
    terms: tuple[KeyTerms | None, KeyTerms | None]
    lengths: tuple[int, int]


def estimate(
    setup: Setup,
    detections: NDArray[np.int64],
    errors: NDArray[np.int64],
    leak_bits: tuple[int, int],
    bound: str | None = None,
    pulses: int | None = None,
) -> Estimate:
    """Return the lengths of the keys of the keyed bases.

    Each keyed basis is amplified by itself: its share of the failure probabilities is an equal one,
    and its length is its own bound minus its own leakage. Empty pulses are not credited, even where
    the bound would: Bob's announcements tell where his bits differ from Alice's, and of an empty
    pulse Eve may have made Bob's bit herself.

    Parameters
    ----------
    setup : Setup
        Protocol and source.
    detections, errors : ndarray, shape (2, K)
        Observed events by basis and intensity.
    leak_bits : tuple of int
        Charged leakage of each basis.
    bound : str, optional
        Instead of the protocol's own; one for finite blocks is used in any case.
    pulses : int, optional
        Pulses sent; some flaws of a source cannot be priced without.

    Raises
    ------
    ProtocolViolation
        If the counts cannot be (more errors than events, negative numbers).
    Contradiction
        If a lower bound exceeds what was counted: the setup is not that of the record.
    """
    protocol = setup.recorded
    if np.any(errors < 0) or np.any(errors > detections):
        raise ProtocolViolation("error counts exceed detections")
    name = protocol.finite_bound(bound or protocol.bound)
    counts = protocol.observed(setup.link, detections, errors, pulses)
    bases = protocol.keyed.any(axis=1)
    terms: list[KeyTerms | None] = [None, None]
    lengths = [0, 0]
    share = 1 / np.count_nonzero(bases)
    module = bounds.get(name)
    for basis in np.flatnonzero(bases):
        mine = protocol.keyed & (np.arange(2) == basis)[:, None]
        found = module.key_terms(
            counts, mine, leak_bits[basis], protocol.eps_sec * share, protocol.eps_cor * share
        )
        found = dataclasses.replace(found, vacuum=np.zeros_like(found.vacuum))
        terms[basis] = found
        keyed_bits = int(detections[basis][protocol.keyed[basis]].sum())
        if float(found.single.sum()) > keyed_bits:
            raise Contradiction(
                f"at least {found.single.sum():,.0f} single photons among {keyed_bits:,} events in basis "
                f"{'ZX'[basis]}: these counts are not those of a source as the setup describes it"
            )
        lengths[basis] = max(0, min(int(np.floor(found.length)), keyed_bits - leak_bits[basis]))
    return Estimate(name, counts, (terms[0], terms[1]), (lengths[0], lengths[1]))
