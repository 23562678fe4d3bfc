"""Threshold detectors behind polarising beam splitters: what they do to n photons of one mode.

Each photon by itself reaches at most one detector, and a detector clicks if a photon or a dark count
triggers it; it does not count photons. More photons therefore never click less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, combinations, product
from math import comb
from typing import Literal

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.protocols.declaration import ROUNDING, Array
from noclone.protocols.four_states import BASES, projector

NO_CLICK = "no click"
CROSS_CLICK = "cross click"
"""Detectors of more than one basis clicked."""

ROUNDED = 1e-12
"""What is subtracted from a computed least eigenvalue, far more than rounding can have added."""


@dataclass(frozen=True)
class ThresholdReceiver:
    """Two threshold detectors for each basis of a qubit.

    Attributes
    ----------
    bases : mapping
        Probability of each basis (keys of `noclone.protocols.four_states.BASES`); they sum to 1.
    choice : {"active", "passive"}
        Whether Bob chooses the basis of each pulse, or a beam splitter that of each photon.
    efficiencies : mapping
        (basis, bit) to the efficiency of that detector, 1 where absent. Only what is known and the same for
        all photons belongs here; a common factor is better left to the channel.
    dark_count_prob : float
        Of each detector and pulse, where it is known and out of Eve's reach.

    Raises
    ------
    InvalidInput
        If a basis is unknown or a probability is none.

    Examples
    --------
    >>> bob = ThresholdReceiver({"z": 0.5, "x": 0.5})
    >>> {name: element.real.diagonal().round(3).tolist() for name, element in bob.elements(1).items()}["z0"]
    [0.5, 0.0]
    >>> round(bob.multi_click_floor(3), 9)
    0.25
    """

    bases: Mapping[str, float]
    choice: Literal["active", "passive"] = "active"
    efficiencies: Mapping[tuple[str, int], float] | None = None
    dark_count_prob: float = 0.0

    def __post_init__(self) -> None:
        for basis, prob in self.bases.items():
            if basis not in BASES:
                raise InvalidInput("bases", f"must be among {', '.join(BASES)}, but one is {basis!r}")
            if not 0 < prob <= 1:
                raise InvalidInput(f"bases[{basis!r}]", f"must lie in (0, 1], but is {prob}")
        total = sum(self.bases.values())
        if abs(total - 1) > ROUNDING:
            raise InvalidInput("bases", f"must have probabilities that sum to 1, but they sum to {total:.9g}")
        if self.choice not in ("active", "passive"):
            raise InvalidInput("choice", f"must be 'active' or 'passive', but is {self.choice!r}")
        for detector, efficiency in (self.efficiencies or {}).items():
            if detector not in set(product(self.bases, (0, 1))):
                raise InvalidInput("efficiencies", f"name {detector}, which is no detector")
            if not 0 < efficiency <= 1:
                raise InvalidInput(f"efficiencies[{detector!r}]", f"must lie in (0, 1], but is {efficiency}")
        if not 0 <= self.dark_count_prob < 1:
            raise InvalidInput("dark_count_prob", f"must lie in [0, 1), but is {self.dark_count_prob}")

    @property
    def patterns(self) -> tuple[str, ...]:
        """What may be seen: a single click (z0), a double click (z01), a cross click, no click."""
        seen = [f"{basis}{which}" for basis in self.bases for which in ("0", "1", "01")]
        return (*seen, *((CROSS_CLICK,) if self.choice == "passive" else ()), NO_CLICK)

    def elements(self, photons: int) -> dict[str, Array]:
        """Return the POVM element of each pattern on n photons, shape (n + 1, n + 1).

        The basis is that of k = 0 to n photons in the second state of the first basis, Z.
        """
        found = {pattern: np.zeros((photons + 1, photons + 1), complex) for pattern in self.patterns}
        detectors = list(product(self.bases, (0, 1)))
        if self.choice == "passive":
            shares = {(basis, bit): self.bases[basis] for basis, bit in detectors}
            self._add(found, detectors, shares, 1.0, photons)
        else:
            for basis, prob in self.bases.items():
                pair = [(basis, 0), (basis, 1)]
                self._add(found, pair, dict.fromkeys(pair, 1.0), prob, photons)
        return found

    def multi_click_floor(self, photons: int) -> float:
        """Return the least probability that more than one detector clicks at n photons or more.

        Taking a photon away leaves a state that clicks no more, so the least eigenvalue at n photons holds
        for all larger numbers: Kamin, Luetkenhaus, PRR 6, 043223 (2024), arXiv:2405.05069.
        """
        elements = self.elements(photons)
        total = sum(elements[pattern] for pattern in self.patterns if multiple(pattern))
        return max(float(np.linalg.eigvalsh(total)[0]) - ROUNDED, 0.0)

    def _add(
        self,
        found: dict[str, Array],
        detectors: list[tuple[str, int]],
        shares: dict[tuple[str, int], float],
        prob: float,
        photons: int,
    ) -> None:
        """Add the elements of detectors among which each photon chooses with these shares."""
        reach = {
            each: shares[each] * (self.efficiencies or {}).get(each, 1.0) * projector(BASES[each[0]][each[1]])
            for each in detectors
        }

        def silent(group: tuple[tuple[str, int], ...]) -> Array:
            avoided = np.eye(2, dtype=complex)
            for each in group:
                avoided = avoided - reach[each]
            return (1 - self.dark_count_prob) ** len(group) * symmetric_power(avoided, photons)

        groups = list(_subsets(detectors))
        quiet = {frozenset(group): silent(group) for group in groups}
        for group in groups:
            # Inclusion and exclusion: exactly these click if all others are silent and none of these is.
            others = frozenset(detectors) - frozenset(group)
            exact = sum((-1) ** len(part) * quiet[others | frozenset(part)] for part in _subsets(group))
            found[_name(group)] = found[_name(group)] + prob * exact


def multiple(pattern: str) -> bool:
    """Return whether more than one detector clicks in a pattern.

    Examples
    --------
    >>> [multiple(pattern) for pattern in ("z0", "z01", "cross click", "no click")]
    [False, True, True, False]
    """
    return pattern == CROSS_CLICK or pattern.endswith("01")


def symmetric_power(operator: Array, photons: int) -> Array:
    """Return a qubit operator acting on each of n photons of one mode, shape (n + 1, n + 1).

    Examples
    --------
    >>> symmetric_power(np.diag([2.0, 3.0]), 2).real.round(12).tolist()
    [[4.0, 0.0, 0.0], [0.0, 6.0, 0.0], [0.0, 0.0, 9.0]]
    """
    ones = np.array([bin(index).count("1") for index in range(2**photons)])
    dicke = np.array([(ones == k) / np.sqrt(comb(photons, k)) for k in range(photons + 1)])
    power = np.eye(1, dtype=complex)
    for _ in range(photons):
        power = np.kron(power, operator)
    found: Array = dicke @ power @ dicke.T
    return found


def _subsets(
    group: list[tuple[str, int]] | tuple[tuple[str, int], ...],
) -> chain[tuple[tuple[str, int], ...]]:
    return chain.from_iterable(combinations(group, size) for size in range(len(group) + 1))


def _name(group: tuple[tuple[str, int], ...]) -> str:
    bases = {basis for basis, _ in group}
    if not bases:
        return NO_CLICK
    if len(bases) > 1:
        return CROSS_CLICK
    return f"{group[0][0]}{''.join(str(bit) for _, bit in group)}"
