"""What the parties of decoy BB84 may choose freely, in coordinates in which a search is easy.

Intensities go by their logarithm, shares by their odds against the brightest intensity and the basis
bias by its logit; every point of the box is a set of parameters that the protocol accepts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import qmc

from noclone.setup import Setup

Floats = NDArray[np.float64]

BRIGHTEST = (0.05, 2.0)
"""Range of the brightest intensity, in photons per pulse."""
DIMMEST = 0.01
"""No intensity is brought below this; one that lies below it is taken for the vacuum and stays."""
ODDS = (1e-4, 20.0)
"""Range of the share of an intensity over that of the brightest."""
BASIS_PROB = (0.1, 0.9999)
"""Range of the probability of basis Z; from 1/2 up where both bases are keyed."""

_DECOY_SCALE = 4.0
"""Coordinate of a decoy at its ceiling; between, its logarithm is linear. About ln(ceiling / DIMMEST)."""
_DECOY_TOP = 0.98
"""How near to its ceiling a decoy may come, as a share of the way from its floor in logarithm."""
_LIKELY = ((0.15, 1.0), (0.02, 8.0), (0.4, 0.98))
"""Brightest intensity, odds and basis bias among which searches start."""


@dataclass(frozen=True)
class FreeParameters:
    """The coordinates of one source and protocol: brightest intensity, decoys, odds, basis bias.

    Decoys are taken from the dimmest up, each between the one below it and a ceiling that leaves room
    for mu_1 > mu_2 + ... + mu_K, which the two-decoy bounds ask for.

    Parameters
    ----------
    intensities : tuple of float
        Of the setup; those below `DIMMEST` stay.
    basis_prob_low : float
        Lower end of the range of the basis bias.

    Examples
    --------
    >>> free = FreeParameters((0.5, 0.1, 0.0), 0.1)
    >>> sorted(free.fields(np.zeros(5)))[:3]
    ['alice.intensities[0]', 'alice.intensities[1]', 'protocol.basis_prob']
    """

    intensities: tuple[float, ...]
    basis_prob_low: float

    stems = frozenset(("alice.intensities", "protocol.intensity_probs", "protocol.basis_prob"))
    """Dotted names without indices; none of them may vary over a grid that is tuned."""

    @classmethod
    def of(cls, setup: Setup) -> Self:
        """Return the free parameters of a setup of decoy BB84."""
        low = 0.5 if setup.get("protocol.keyed_bases") == "both" else BASIS_PROB[0]
        return cls(setup.get("alice.intensities"), low)

    @property
    def _decoys(self) -> list[int]:
        """Indices of the decoys that are free, dimmest first."""
        return [k for k in range(len(self.intensities) - 1, 0, -1) if self.intensities[k] >= DIMMEST]

    def _box(
        self, brightest: tuple[float, float], odds: tuple[float, float], bias: tuple[float, float]
    ) -> Floats:
        others = len(self.intensities) - 1
        bias = (max(bias[0], self.basis_prob_low), bias[1])
        decoy = (0.0, _DECOY_TOP * _DECOY_SCALE)
        return np.array(
            [np.log(brightest), *[decoy] * len(self._decoys), *[np.log(odds)] * others, logit(bias)]
        )

    @property
    def box(self) -> Floats:
        """Lower and upper end of every coordinate, shape (d, 2)."""
        return self._box(BRIGHTEST, ODDS, BASIS_PROB)

    def candidates(self, count: int) -> Floats:
        """Return points (count, d) that cover the likely part of the box evenly."""
        low, high = self._box(*_LIKELY).T
        points = qmc.Halton(len(low), scramble=False).random(count + 1)[1:]
        spread: Floats = low + (high - low) * points
        return spread

    def fields(self, points: Floats) -> dict[str, Floats]:
        """Return the values of the free fields by dotted name, each of shape (...), at points (..., d)."""
        at = iter(np.moveaxis(points, -1, 0))
        brightest = np.exp(next(at))
        result = {"alice.intensities[0]": brightest}
        dimmer: list[Any] = []
        for k in range(len(self.intensities) - 1, 0, -1):
            value: Any = self.intensities[k]
            if k in self._decoys:
                floor, ceiling = _range(k, brightest, dimmer)
                value = floor * (ceiling / floor) ** (next(at) / _DECOY_SCALE)
                result[f"alice.intensities[{k}]"] = value
            dimmer.append(value)
        if len(self.intensities) > 1:
            odds = np.stack([np.ones_like(brightest), *(np.exp(next(at)) for _ in dimmer)])
            shares = odds / odds.sum(axis=0)
            result |= {f"protocol.intensity_probs[{k}]": share for k, share in enumerate(shares)}
        result["protocol.basis_prob"] = expit(next(at))
        return result

    def coordinates(self, setup: Setup) -> Floats:
        """Return the point (d,) of the box that is near to a setup's own parameters."""
        own = setup.get("alice.intensities")
        brightest = np.clip(own[0], *BRIGHTEST)
        decoys, dimmer = [], list(own[:0:-1][: len(own) - 1 - len(self._decoys)])
        for k in self._decoys:
            floor, ceiling = _range(k, brightest, dimmer)
            height = np.clip(np.log(own[k] / floor) / np.log(ceiling / floor), 0.0, _DECOY_TOP)
            decoys.append(_DECOY_SCALE * height)
            dimmer.append(floor * (ceiling / floor) ** height)
        shares = setup.get("protocol.intensity_probs")
        odds = [np.log(share / shares[0]) for share in shares[1:]]
        point = np.array([np.log(brightest), *decoys, *odds, logit(setup.get("protocol.basis_prob"))])
        inside: Floats = np.clip(point, *self.box.T)
        return inside


def _range(k: int, brightest: Any, dimmer: list[Any]) -> tuple[Any, Any]:
    """Return between what intensity k lies, above the dimmer ones and with room for those in between."""
    floor = np.maximum(1.001 * dimmer[-1], DIMMEST) if dimmer else DIMMEST
    return floor, (brightest - sum(dimmer)) / k
