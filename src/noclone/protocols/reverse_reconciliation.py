"""A key from real-valued symbols: beta I - chi, from every interval of a varying channel by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from noclone.protocols.protocol import Key
from noclone.rates.security import Security

Floats = NDArray[np.float64]

INDEPENDENT = "Eve acts on every symbol independently and in the same way."
OSCILLATOR = "The local oscillator and the calibration of shot noise are out of Eve's reach."
VARYING = "The parties know the transmittance of every interval and treat it by itself."


MOST_NOISE_SNU = 1e6
"""Noise with which a key is computed at most. From 2 on, referred to its input, a channel leaves no key,
whatever more it adds; formulas of entropies would lose their digits to it."""


class Interval(NamedTuple):
    """What a share of the rounds gives, in bits per key symbol; shape (...) each.

    Attributes
    ----------
    share : float
        Of the rounds.
    information : array_like
        What Alice and Bob share.
    holevo : array_like
        What Eve can know of the reference data.
    penalty : array_like
        What a finite block costs.
    """

    share: float
    information: Any
    holevo: Any
    penalty: Any = 0.0


def receiver_assumption(trusted: bool) -> str:
    """Return what a security statement assumes of the receiver."""
    if trusted:
        return "Eve can neither use nor change the loss and noise of the receiver."
    return "The loss and noise of the receiver are Eve's."


ROUNDING = 1e-10
"""Bits per symbol that may be rounding errors of entropies, up to a variance of `LARGE_SNU` and in proportion
to it above; a key below is counted as none."""
LARGE_SNU = 1e4


def key_of(
    intervals: Sequence[Interval],
    efficiency: Any,
    frame_error_rate: Any,
    symbols: Any,
    quadratures: int,
    security: Security,
    variance: Any = 1.0,
) -> Key:
    """Return the key of all intervals together.

    Intervals that give no key are dropped if any other gives one.

    Parameters
    ----------
    intervals : sequence of Interval
        Each is estimated and distilled by itself.
    efficiency : array_like
        Share beta of the mutual information that reconciliation yields.
    frame_error_rate : array_like
        Share of frames that it gives up.
    symbols : array_like
        Key symbols per round.
    quadratures : int
        Real numbers in a key symbol.
    security : Security
        What holds for all of them.
    variance : array_like
        Of a quadrature where it is largest.

    Examples
    --------
    >>> security = Security("collective", "asymptotic", (INDEPENDENT,), "an example")
    >>> key = key_of([Interval(0.5, 1.0, 0.5), Interval(0.5, 0.1, 0.2)], 0.9, 0.0, 1.0, 1, security)
    >>> round(float(sum(key.terms.values())), 12), float(key.sifted)
    (0.2, 0.5)
    """
    # All of one shape: a field that varies on a grid may appear in any one of them alone.
    efficiency, success, symbols, least, *flat = np.broadcast_arrays(
        np.asarray(efficiency, float),
        1 - np.asarray(frame_error_rate, float),
        np.asarray(symbols, float),
        ROUNDING * np.maximum(1.0, np.asarray(variance, float) / LARGE_SNU),
        *(np.asarray(value, float) for part in intervals for value in part[1:]),
    )
    table = np.stack(flat).reshape(len(intervals), 3, *symbols.shape)
    information, holevo, penalty = np.moveaxis(table, 1, 0)
    shares = np.array([part.share for part in intervals]).reshape(-1, *(1,) * symbols.ndim)
    total = efficiency * information - holevo - penalty
    holevo = np.where((total > 0) & (total < least), efficiency * information, holevo)
    total = np.where(total < least, np.fmin(total, 0.0), total)
    kept = shares * ((total > 0) | ~np.any(total > 0, axis=0))
    sifted = symbols * kept.sum(axis=0)
    weight = kept * symbols * success
    terms = {
        "mutual information": np.sum(weight * efficiency * information, axis=0),
        "Eve's information": -np.sum(weight * holevo, axis=0),
    }
    if security.regime == "finite":
        terms["finite block"] = -np.sum(weight * penalty, axis=0)
    return Key(
        terms=terms,
        sifted=quadratures * sifted,
        qber=np.full(np.shape(sifted), np.nan),
        security=security,
        bounds={
            "mutual_information_bits": np.sum(shares * information, axis=0),
            "holevo_bits": np.sum(shares * holevo, axis=0),
        },
    )
