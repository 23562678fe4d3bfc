"""What the rounding of a declaration's numbers may cost a bound: a claim is lowered by it in advance.

The verifier proves a bound for every protocol as near to the file's as `Claim.rounding` says. Here the same
allowance is computed in floats, so that what is claimed can be proven.

The formula stands twice, here and in `verify._bound`, on purpose: the verifier must not rest on what made the
claim. Whoever changes one changes the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.proofs.claim import Claim

Floats = NDArray[np.float64]

SAFETY = 1.01
"""Factor for the rounding of this calculation itself."""


@dataclass(frozen=True, eq=False)
class Allowance:
    """What is taken off a bound, in nats.

    Attributes
    ----------
    fixed : float
        For the operators that say which rounds are kept.
    each : ndarray, shape (K,)
        For each observation, by the unit of its multiplier.
    """

    fixed: float
    each: Floats

    def of(self, multipliers: Floats) -> float:
        """Return what a bound with these multipliers loses; those of observations come last."""
        seen = multipliers[len(multipliers) - len(self.each) :]
        return SAFETY * (self.fixed + float(np.abs(seen) @ self.each))


def allowance(stated: Claim) -> Allowance:
    """Return what rounding may cost; see `verify` for its derivation.

    Examples
    --------
    >>> from noclone.proofs.claim import claim
    >>> from noclone.proofs.proof import document
    >>> from noclone.proofs.proving import prove
    >>> found = allowance(claim(document(prove("six-state", qber=0.05))))
    >>> 1e-13 < found.fixed < 1e-10
    True
    """
    r = stated.rounding
    wide = {name: _norm(matrix) + 1 / 32 for name, matrix in stated.measured.items()}
    if stated.sends:
        reach = {name: signal.prob for name, signal in stated.signals.items()}
        moved = 3 * r["signals"]
        off = {name: wide[name] * (moved + 2 * r[stated.part(name)]) for name in wide}
    else:
        reach = {name: _norm(signal.form) + 1 / 32 for name, signal in stated.signals.items()}
        moved = r["signals"] * sum(reach.values())
        off = {name: wide[name] * (r["signals"] + 2 * r[stated.part(name)]) for name in wide}
    q = moved + sum(wide[name] * r["outcomes"] for name in stated.announced)
    symbols = len(set(stated.key.values()) | {signal.symbol for signal in stated.signals.values()})
    each = [
        sum(abs(weight) * reach[sent] * off[what] for (sent, what), weight in item.weights.items())
        for item in stated.items
    ]
    return Allowance(float(q * np.log(symbols / q) + (1 + q) * np.log1p(q)), np.array(each))


def _norm(matrix: Any) -> float:
    return min(float(np.linalg.norm(matrix)), float(np.abs(matrix).sum(axis=0).max()))
