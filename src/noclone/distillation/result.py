"""What distillation ends in: a secret key, or an abort with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.distillation.estimation import Estimate
from noclone.distillation.ledger import Ledger


@dataclass(frozen=True, eq=False)
class SecretKey:
    """One party's key.

    Attributes
    ----------
    packed : NDArray[uint8]
        The key, packed little-endian; kept out of `repr`.
    key_bits : int
        Its length.
    ledger : Ledger
        What it cost.
    estimate : Estimate
        Bound, observed counts and terms behind its length.
    qber : float
        Error rate of the raw key, as corrected.
    sifted_bits : int
        Raw key bits it was made from.
    f_ec : float
        Charged leakage of reconciliation over the Shannon limit n h(q).
    disclosed_frames : int
        Frames that had to go in clear.
    leak_bits : tuple of int
        Leakage that was taken off the key of each basis.
    simulated : bool
        True if the randomness or the record was seeded: the key protects nothing.
    """

    packed: NDArray[np.uint8] = field(repr=False)
    key_bits: int
    ledger: Ledger
    estimate: Estimate = field(repr=False)
    qber: float
    sifted_bits: int
    f_ec: float
    disclosed_frames: int
    leak_bits: tuple[int, int]
    simulated: bool

    @property
    def net_key_bits(self) -> int:
        """Key bits minus those that authentication consumed and the key must refill."""
        return self.key_bits - self.ledger.authentication_bits

    def __str__(self) -> str:
        """Return the headline figures as lines of text, never the key."""
        rows = {
            "key": f"{self.key_bits:,} bits, {self.net_key_bits:,} after refilling authentication",
            "from": f"{self.sifted_bits:,} raw key bits with {self.qber:.3%} errors",
            "bound": self.estimate.bound,
            "leaked": f"{self.ledger.charged_bits:,} bits charged of {self.ledger.sent_bits:,} sent",
            "epsilon": f"{self.ledger.eps_total:.3g} in total",
        }
        if self.simulated:
            rows["warning"] = "simulated: this key protects nothing"
        return "\n".join(f"{name:<8} {text}" for name, text in rows.items())

    def sha256(self) -> str:
        """Return a fingerprint of the key, to compare files; never the key's own use."""
        return hashlib.sha256(self.packed.tobytes()).hexdigest()


@dataclass(frozen=True)
class Abort:
    """No key, and why.

    Attributes
    ----------
    reason : str
        One sentence.
    stage : str
        Where it happened.
    evidence : mapping
        Observed figures that show it.
    ledger : Ledger
        What had been spent until then.
    """

    reason: str
    stage: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)

    def __str__(self) -> str:
        """Return reason and evidence as lines of text."""
        lines = [f"aborted in {self.stage}: {self.reason}"]
        lines += [f"  {name}: {value}" for name, value in self.evidence.items()]
        return "\n".join(lines)
