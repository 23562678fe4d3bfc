"""How far a fidelity kernel has concentrated: whether its entries still tell samples apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from noclone.core.errors import InvalidInput
from noclone.models.fidelity_kernel import fidelities
from noclone.models.state_encoding import map_states
from noclone.quantum.circuit import Circuit


@dataclass(frozen=True)
class Concentration:
    """Statistics of the entries of a fidelity kernel off its diagonal.

    Attributes
    ----------
    qubits : int
    pairs : int
    mean, variance : float
    shots_for_spread : float
        Shots per entry at which the counting noise of an entry, ``mean(k (1 - k)) / shots``, falls to the
        variance of the entries: with fewer, differences between entries drown. Infinite where all are equal.
    shots_for_counts : float
        Shots per entry at which an average entry is seen as other than 0 in 95 of 100 cases.
    """

    qubits: int
    pairs: int
    mean: float
    variance: float
    shots_for_spread: float
    shots_for_counts: float

    @property
    def haar(self) -> tuple[float, float]:
        """Mean and variance for random states: 2**-n and (d - 1) / (d**2 (d + 1)) with d = 2**n.

        The limit of a very expressive map.
        """
        d = 2**self.qubits
        return 1 / d, (d - 1) / (d**2 * (d + 1))

    @property
    def product(self) -> tuple[float, float]:
        """Mean and variance of ``prod cos((x_i - y_i) / 2)**2`` at uniform angles: 2**-n, (3/8)**n - 4**-n.

        The limit of an unentangled map at full bandwidth.
        """
        return 0.5**self.qubits, 0.375**self.qubits - 0.25**self.qubits

    def __str__(self) -> str:
        haar, product = self.haar, self.product
        return "\n".join(
            (
                f"fidelity kernel, {self.qubits} qubits, {self.pairs} pairs",
                f"  mean                {self.mean:.3g}   (random states {haar[0]:.3g})",
                f"  variance            {self.variance:.3g}   (random states {haar[1]:.3g}, "
                f"product map at uniform angles {product[1]:.3g})",
                f"  shots per entry     {self.shots_for_spread:.3g} to tell entries apart, "
                f"{self.shots_for_counts:.3g} to see an average one",
            )
        )


def concentration_report(circuit: Circuit, angles: ArrayLike) -> Concentration:
    """Return how far the fidelity kernel of a feature map has concentrated on these angles.

    Parameters
    ----------
    circuit : Circuit
        A feature map, for instance ``model.circuit_``.
    angles : array_like, shape (B, angles)
        In radians: encoded data (of `noclone.models.encoding.AngleEncoder`) or drawn at random.

    Returns
    -------
    Concentration
        Over the B (B - 1) / 2 pairs.

    Raises
    ------
    InvalidInput
        Fewer than three samples.

    Notes
    -----
    Causes of concentration: S. Thanasilp et al., Nature Communications 15, 5200 (2024), arXiv:2208.11060. The
    two numbers of shots follow from binomial counts; the two effects behind them are the spread and the
    concentration effect of A. Miroszewski et al., arXiv:2407.15776, whose own estimates differ in detail.

    Examples
    --------
    >>> from noclone.models.feature_maps import feature_map
    >>> angles = np.random.default_rng(0).uniform(0, 2 * np.pi, (400, 4))
    >>> report = concentration_report(feature_map("angle", 4), angles)
    >>> report.pairs, round(report.mean, 2), round(report.variance, 3)
    (79800, 0.06, 0.016)
    """
    data = np.asarray(angles, float)
    if len(data) < 3:
        raise InvalidInput("angles", f"must have at least 3 samples, but has {len(data)}")
    states = map_states(circuit, data)
    entries = fidelities(states, states)[np.triu_indices(len(states), 1)]
    mean, variance = float(entries.mean()), float(entries.var(ddof=1))
    noise = float((entries * (1 - entries)).mean())
    missed = float(np.log1p(-min(mean, 0.95)))  # logarithm of the chance that one shot reads 0
    return Concentration(
        qubits=circuit.qubits,
        pairs=len(entries),
        mean=mean,
        variance=variance,
        shots_for_spread=noise / variance if variance > 1e-24 else np.inf,
        shots_for_counts=float(np.log(0.05) / missed) if mean > 0 else np.inf,
    )
