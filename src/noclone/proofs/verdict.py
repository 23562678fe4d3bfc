"""What checking a proof file came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Whether a proof file's bound holds; true if so.

    Attributes
    ----------
    accepted : bool
    reasons : tuple of str
        Why not, a clause each.
    title, assumptions : str, tuple of str
        What the file says that it proves, and assumes.
    protocol_sha256 : str
        Of the declaration in the file, computed here.
    proven_bits : float
        The lower bound on Eve's ignorance that was proven here, rounded down; 0 always holds.
    claimed_bits : float
        The file's.
    rate : float
        Secret bits per signal: the proven bound, with share, adjustments and leak as claimed.
    gap : float
        How far the rate may lie below that of the true minimum, if the file's value at the solver's point is
        right.
    claimed : tuple of (str, float)
        Share, adjustments and leak, by name, as far as nothing here proves them.
    rounding : float
        How far the real protocol may be from the file's numbers (see `verify`).
    size : int
        Dimension of the optimisation's variable.
    seconds : float
        Processor time.
    """

    accepted: bool
    reasons: tuple[str, ...]
    title: str
    assumptions: tuple[str, ...]
    protocol_sha256: str
    proven_bits: float
    claimed_bits: float
    rate: float
    gap: float
    claimed: tuple[tuple[str, float], ...]
    rounding: float
    size: int
    seconds: float

    def __bool__(self) -> bool:
        """Return whether the proof is accepted."""
        return self.accepted

    def __str__(self) -> str:
        """Return the decision, what was proven and what is only claimed."""
        lines = [
            f"{'accepted' if self.accepted else 'REJECTED'}: {self.title}",
            *(f"  because             {reason}" for reason in self.reasons),
            f"  proven              Eve's ignorance ≥ {self.proven_bits:.12f} bits per declared signal",
            f"  claimed             {self.claimed_bits:.12f}",
            *(f"  claimed, unproven   {name} {value:.9g}" for name, value in self.claimed),
            f"  rate                {self.rate:.9f} secret bits per signal, if those claims hold",
            f"  protocol            {self.protocol_sha256}",
            *(f"  assumes             {text}" for text in self.assumptions),
        ]
        return "\n".join(lines)
