"""Phase-shift keying of coherent states, measured by homodyne or heterodyne detection, as a proof's case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import Described, choice, flag, number
from noclone.proofs.library.coherent_states import ring, ring_states
from noclone.proofs.library.dimension_reduction import flagged
from noclone.proofs.library.fock import moment_operators, rotation
from noclone.proofs.library.heterodyne import sector_operators, sector_probs
from noclone.proofs.library.homodyne import sign_operators, sign_probs
from noclone.proofs.observations import Event, Observation, Observations
from noclone.protocols.declaration import Declaration, Outcome, Signal, Symmetry

Array = NDArray[Any]
Floats = NDArray[np.float64]

MOST_CUTOFF = 60
"""Photon numbers up to which a proof is computed at most."""
ALIKE = 1e-9
"""Length of the states' component in a direction below which it cannot be told from rounding."""
DISCARDED = "discarded"
"""The outcome of small signals, where they are dropped, and what Bob says of it."""


@dataclass(frozen=True, kw_only=True)
class PhaseShiftKeying(Described):
    """What Alice sends and Bob measures; the raw key is Bob's (reverse reconciliation).

    With heterodyne detection his symbol is the sector of phase space around the phase of each state. With
    homodyne detection of q or p, chosen at random and announced, it is the sign, and Alice's four states lie
    on the diagonals.

    Examples
    --------
    >>> qpsk = PhaseShiftKeying(amplitude=0.35, cutoff=4)
    >>> qpsk.declared.dimensions
    (4, 5)
    """

    amplitude: float = number(
        "of every state; the mean photon number is its square", low=0, low_open=True, high=10
    )
    count: int = number("how many phases; 4 for homodyne detection", 4, low=2, high=8, whole=True)
    detection: str = choice("which quadratures are measured", "heterodyne", ("homodyne", "heterodyne"))
    cutoff: int = number("the largest photon number in Bob's space", 10, low=2, high=MOST_CUTOFF, whole=True)
    tail_order: int = number(
        "what bounds the photons beyond the cutoff: with k of at least 2, the means of b^dagger^j b^j up to "
        "j = k with b = a - beta, beta being the mean amplitude received, for every state sent, and the rate "
        "pays for it; with 0, nothing, and it is assumed that there are none",
        0,
        low=0,
        high=10,
        whole=True,
    )
    efficiency: float = number("detection efficiency", 1.0, low=0, low_open=True, high=1)
    electronic_noise_snu: float = number(
        "noise of the electronics at each output", 0.0, unit="shot-noise units", low=0, high=100
    )
    trusted: bool = flag("whether Eve can neither use nor change the receiver's loss and noise", True)
    discarded_snu: float = number(
        "outcomes of at most this absolute value (the root of the sum of both squares, for heterodyne "
        "detection) are dropped",
        0.0,
        unit="standard deviations of shot noise",
        low=0,
        high=10,
    )
    reconciliation_efficiency: float = number(
        "share beta of the mutual information that reconciliation yields", 0.95, low=0, high=1
    )

    def check(self) -> None:
        """Refuse what homodyne detection does not measure, tails of no use, and states that are alike."""
        if np.linalg.norm(self.states, axis=0).min() <= ALIKE:
            raise InvalidInput(
                "amplitude",
                f"is too small: but for rounding, {self.count} states of amplitude {self.amplitude:g} are "
                "linearly dependent",
            )
        if self.detection == "homodyne" and self.count != 4:
            raise InvalidInput("count", f"must be 4 with homodyne detection, but is {self.count}")
        if self.detection == "homodyne" and self.tail_order:
            raise InvalidInput(
                "tail_order",
                "must be 0 with homodyne detection, which does not measure what it needs, but is "
                f"{self.tail_order}",
            )
        if self.tail_order == 1 or self.tail_order >= self.cutoff:
            raise InvalidInput(
                "tail_order",
                f"must be 0, or at least 2 and below the cutoff {self.cutoff}, but is {self.tail_order}",
            )

    @property
    def signals(self) -> tuple[str, ...]:
        """The labels of the states, by phase."""
        return tuple(f"state {k}" for k in range(self.count))

    @property
    def offset_rad(self) -> float:
        """The phase of the first state."""
        return np.pi / 4 if self.detection == "homodyne" else 0.0

    @property
    def points(self) -> Array:
        """The amplitudes that are sent, shape (M,)."""
        return ring(self.amplitude, self.count, self.offset_rad)

    @property
    def states(self) -> Array:
        """The states in a basis of their span, shape (M, M)."""
        return ring_states(self.amplitude, self.count, self.offset_rad)

    @property
    def detector_transmittance(self) -> float:
        """The loss before an ideal detector that a trusted one amounts to; 1 for an untrusted one."""
        return self.efficiency / (1 + self.electronic_noise_snu) if self.trusted else 1.0

    @property
    def threshold(self) -> float:
        """What is dropped, for that ideal detector: in its standard deviations, or as an amplitude."""
        noise = self.electronic_noise_snu if self.trusted else 0.0
        scale = 1 + noise if self.detection == "homodyne" else 2 * (1 + noise)
        return float(self.discarded_snu / np.sqrt(scale))

    @cached_property
    def declared(self) -> Declaration:
        """The protocol, with Bob's space cut off; see `dimension_reduction` for the flag beyond."""
        size, angle = self.cutoff + 1, 2 * np.pi / self.count
        operators = moment_operators(size)
        if self.count == 4:  # as in the literature; the rotated states need no more
            del operators["qp+pq"]
        outcomes, bits = self._measured(size)
        symmetry = Symmetry(rotation(self.count, -angle), rotation(size, angle))
        whole = Declaration(
            {
                name: Signal(1 / self.count, state, k, "")
                for k, (name, state) in enumerate(zip(self.signals, self.states, strict=True))
            },
            outcomes,
            bits,
            operators,
            "reverse",
            (symmetry,),
        )
        return flagged(whole) if self.tail_order else whole

    def _measured(self, size: int) -> tuple[dict[str, Outcome], dict[tuple[str, str], int]]:
        through, threshold = self.detector_transmittance, self.threshold
        outcomes: dict[str, Outcome]
        if self.detection == "heterodyne":
            sectors = sector_operators(self.count, size, through, threshold)
            outcomes = {f"sector {z}": Outcome(each, "") for z, each in enumerate(sectors)}
            bits = {("", f"sector {z}"): z for z in range(self.count)}
        else:
            signs = sign_operators(size, through, threshold)
            outcomes = {name: Outcome(each / 2, name[0]) for name, each in signs.items()}
            bits = {("", name): int(name.endswith("-")) for name in signs}
        if threshold:
            kept = np.sum([each.element for each in outcomes.values()], axis=0)
            outcomes[DISCARDED] = Outcome(np.eye(size) - kept, DISCARDED)
        return outcomes, bits

    def seen(
        self,
        means: Mapping[str, Floats],
        below: Mapping[str, float] | None = None,
        above: Mapping[str, float] | None = None,
    ) -> Observations:
        """Return the observations that means of Bob's moments are, each in the frame of the state sent.

        In that frame, turned by a multiple of 2 pi / M, all states look alike if the channel treats them
        alike, which is what makes the symmetry useful.

        Parameters
        ----------
        means : mapping of str to ndarray, shape (M,)
            Of each of the declared moments, for each state sent; they refer to the light before a trusted
            detector, or before the ideal one that stands for an untrusted one.
        below, above : mapping of str to float
            How far the true values may lie below and above in each frame, by the moment; 0 where not given.
        """
        angle = 2 * np.pi * np.arange(self.count) / self.count
        turns: dict[str, dict[str, Floats]] = {
            "q": {"q": np.cos(angle), "p": np.sin(angle)},
            "p": {"q": -np.sin(angle), "p": np.cos(angle)},
            "n": {"n": np.ones(self.count)},
            "q²-p²": {"q²-p²": np.cos(2 * angle), "qp+pq": np.sin(2 * angle)},
            "qp+pq": {"q²-p²": -np.sin(2 * angle), "qp+pq": np.cos(2 * angle)},
        }
        items = []
        for k, signal in enumerate(self.signals):
            for name in self.declared.moments:
                weights = {
                    (signal, each): float(np.round(turn[k], 15))
                    for each, turn in turns[name].items()
                    if abs(turn[k]) > 1e-12
                }
                value = sum(weight * float(means[each][k]) for (_, each), weight in weights.items())
                low, high = value - (below or {}).get(name, 0.0), value + (above or {}).get(name, 0.0)
                items.append(Observation(f"{signal}→{name}", weights, low / self.count, high / self.count))
        return Observations(tuple(items))

    def received(self, transmittance: float, excess_noise_snu: float) -> tuple[float, float]:
        """Return the transmittance to the light that the moments refer to, and the photons added to it.

        Parameters
        ----------
        transmittance : float
            Of the channel.
        excess_noise_snu : float
            Noise of either quadrature, referred to the channel's input.

        Examples
        --------
        >>> PhaseShiftKeying(amplitude=0.6, efficiency=0.5, electronic_noise_snu=0.1).received(0.4, 0.02)
        (0.4, 0.004)
        """
        noise = transmittance * excess_noise_snu
        if self.trusted:
            return transmittance, noise / 2
        outputs = 2 if self.detection == "heterodyne" else 1
        noise = self.efficiency * noise + outputs * self.electronic_noise_snu
        return transmittance * self.efficiency, noise / 2

    def joint(self, transmittance: float, photons: float) -> dict[Event, float]:
        """Return the probability of every state and outcome behind a channel, as `received` describes it.

        Examples
        --------
        >>> table = PhaseShiftKeying(amplitude=0.6).joint(1.0, 0.0)
        >>> round(sum(table.values()), 12), round(table["state 1", "sector 1"], 6)
        (1.0, 0.131677)
        """
        through = self.detector_transmittance
        points, photons = np.sqrt(through * transmittance) * self.points, through * photons
        around = sector_probs(self.count, abs(points[0]), photons, self.threshold)
        table: dict[Event, float] = {}
        for k, signal in enumerate(self.signals):
            if self.detection == "heterodyne":
                seen = {f"sector {z}": float(around[z - k]) for z in range(self.count)}
            else:
                signs = sign_probs(points[k], photons, self.threshold)
                seen = {name: prob / 2 for name, prob in signs.items()}
            if self.threshold:
                seen[DISCARDED] = 1 - sum(seen.values())
            table |= {(signal, name): prob / self.count for name, prob in seen.items()}
        return table
