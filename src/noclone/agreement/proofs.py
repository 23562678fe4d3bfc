"""Certified proofs beside the closed forms of the same protocols, for devices without flaws.

Each protocol that declares what a proof needs gets one at some error rates, and its own asymptotic formula
is evaluated for sources so faint that none emits two photons, in bits per kept bit. Where the formula is
exact, the proof must not be above it, and below by no more than the solver's gap; where it is itself only a
bound, the proof, which uses all statistics, must not be below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from noclone.link import Link, ThresholdDetectors
from noclone.proofs.leak import observed_table
from noclone.proofs.proving import prove_case
from noclone.proofs.subjects import case_of
from noclone.protocols import Protocol

ERROR_PROBS = (0.01, 0.03)
"""Error rates in every basis, from a depolarising channel."""
FAINT = 1e-9
"""Share of their typical light that sources emit, and nearly the share of pulses with two photons."""
ROUNDING = 1e-9
"""How far a closed form at so little light may be from its value for single photons, in bits."""
LOWER_BOUNDS = ("b92", "sarg04")
"""Protocols whose closed forms use few of the statistics, and so only bound the rate."""


@dataclass(frozen=True)
class Comparison:
    """A proof and the closed form at one error rate, in bits per kept bit.

    Attributes
    ----------
    error_prob : float
    closed : float
        The protocol's own asymptotic rate.
    exact : bool
        Whether no better bound is possible.
    certified : float
        The proof's; 0 where it leaves no key.
    gap : float
        How far the proof may lie below the best bound.
    """

    error_prob: float
    closed: float
    exact: bool
    certified: float
    gap: float

    @property
    def difference(self) -> float:
        """By how much the proof is above the closed form."""
        return self.certified - self.closed

    @property
    def fault(self) -> str | None:
        """What is wrong, if anything."""
        where = f"at {self.error_prob:.0%} errors the proof gives {self.certified:.9f}"
        if self.exact and self.difference > 0:
            return f"{where}, above the exact {self.closed:.9f}"
        if self.difference < -self.gap - ROUNDING:
            return f"{where}, below {self.closed:.9f} by more than its gap of {self.gap:.1e}"
        return None


def comparisons(kind: type[Protocol]) -> Iterator[Comparison]:
    """Yield the comparisons of a protocol; none if it does not declare what a proof needs.

    Examples
    --------
    >>> from noclone.protocols import protocols
    >>> [each.fault for each in comparisons(protocols()["six-state"])]
    [None, None]
    """
    if not hasattr(kind, "declaration"):
        return
    asymptotic = [name for name, regime in kind.BOUNDS.items() if regime == "asymptotic"]
    bound = "infinite" if "infinite" in asymptotic else asymptotic[0]
    for error_prob in ERROR_PROBS:
        link, protocol = _flawless(kind, error_prob)
        answer = protocol.rate(link, bound=bound)
        case = case_of(protocol, qber=error_prob)
        proof = prove_case(case)
        table = observed_table(case.declared, case.seen) or {}
        kept = sum(prob for event, prob in table.items() if case.declared.symbols(*event) is not None)
        yield Comparison(
            error_prob,
            float(answer.rate_per_pulse / answer.sifted_bits),
            kind.NAME not in LOWER_BOUNDS,
            max(proof.rate, 0.0) / kept,
            proof.gap / kept,
        )


def _flawless(kind: type[Protocol], error_prob: float) -> tuple[Link, Any]:
    """Return a link without loss and noise whose receivers err that often, and its protocol."""
    typical: tuple[Link, Any] = kind.typical(0.0)
    link, protocol = typical
    # Two receivers that compare results share their errors; one in the middle has them all.
    wrong = {"alice": 0.0, "bob": error_prob, "middle": error_prob}
    parts: dict[str, Any] = {}
    devices: dict[str, Any] = dict(link.devices)
    for station, device in devices.items():
        changed: dict[str, Any] = {}
        if isinstance(device, ThresholdDetectors):
            changed = {"efficiency": 1.0, "dark_count_prob": 0.0, "misalignment": wrong[station]}
        for light in ("intensities", "mean_pairs", "pair_rate_hz"):
            if hasattr(device, light):
                changed[light] = _fainter(getattr(device, light))
        if hasattr(device, "polarisation_error"):
            changed["polarisation_error"] = 0.0
        parts[station] = replace(device, **changed)
    return link.replaced(parts), replace(protocol, f_ec=1.0)


def _fainter(light: Any) -> Any:
    return tuple(FAINT * each for each in light) if isinstance(light, tuple) else FAINT * light
