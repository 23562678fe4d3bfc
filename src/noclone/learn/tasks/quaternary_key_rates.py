"""Certified key rates of quaternary modulation at random points: what can be observed, and what is secure.

The labels are ours: every one is a proof by `noclone.proofs`, made by ``evidence/key_rate_labels.py`` and
kept with what of its certificate a bank needs (see `noclone.learn.proven_points`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib.resources import files
from io import BytesIO
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.seeds import stream
from noclone.learn.task import REGRESSION, Data, Task

Floats = NDArray[np.float64]

RANGES = {"length_km": (5.0, 50.0), "excess_noise_snu": (0.001, 0.03), "amplitude": (0.5, 0.9)}
"""Of the random points, evenly; fibre of .2 dB/km, ideal detectors, reconciliation efficiency .95."""
LEAST_BITS = 1e-3
"""Points whose certified rate is lower are left out: labels are logarithms."""
SEED = 1


@dataclass(frozen=True, eq=False)
class KeyRates:
    """Proven points of one kind of detection.

    Attributes
    ----------
    points : ndarray, shape (n, 3)
        Parameters in the order of `RANGES`.
    observed : ndarray, shape (n, 17)
        See `noclone.learn.proven_points.features`.
    rates, uppers : ndarray, shape (n,)
        Certified bits per signal, and those of a feasible point: the optimum lies between them.
    leaks : ndarray, shape (n,)
        What error correction discloses, bits per signal.
    multipliers, shifts : ndarray, shape (n, m) and (n,)
        Of certificates, carried over to the source in the middle of the ranges; see `noclone.proofs.bank`.
    drawn : int
        How many points were drawn for these.
    """

    points: Floats
    observed: Floats
    rates: Floats
    uppers: Floats
    leaks: Floats
    multipliers: Floats
    shifts: Floats
    drawn: int

    def __len__(self) -> int:
        return len(self.rates)

    def encoded(self) -> bytes:
        """Return the content of an NPZ file."""
        file = BytesIO()
        np.savez_compressed(file, **{each.name: getattr(self, each.name) for each in fields(self)})
        return file.getvalue()

    @classmethod
    def decoded(cls, content: bytes) -> Self:
        """Return what `encoded` wrote."""
        with np.load(BytesIO(content)) as file:
            held: dict[str, Any] = {name: file[name] for name in file.files}
        return cls(**held | {"drawn": int(held["drawn"])})


def key_rates(detection: str) -> KeyRates:
    """Return the proven points of ``"homodyne"`` or ``"heterodyne"`` detection.

    Examples
    --------
    >>> known = key_rates("homodyne")
    >>> known.observed.shape[1], bool((known.rates <= known.uppers).all())
    (17, True)
    """
    return KeyRates.decoded(
        files("noclone.learn.tasks").joinpath(f"data/{detection}_key_rate.npz").read_bytes()
    )


def random_point(detection: str, number: int) -> dict[str, float]:
    """Return the parameters of the random point of this number, rounded to six digits.

    Examples
    --------
    >>> sorted(random_point("homodyne", 0)) == sorted(RANGES)
    True
    """
    random = stream(SEED, f"{detection} key rates", number)
    return {name: float(f"{random.uniform(*between):.6g}") for name, between in RANGES.items()}


def task(detection: str, source: str) -> Task:
    """Return the task of predicting the logarithm of the certified rate from what is observed."""

    def draw(seed: int) -> Data:
        known = key_rates(detection)
        return Data(known.observed, np.log10(known.rates))

    def ceiling(seed: int) -> float:
        known = key_rates(detection)
        return 1 - float(np.square(np.log10(known.uppers / known.rates)).mean() / np.log10(known.rates).var())

    return Task(
        name=f"{detection}-key-rate",
        title=f"Key rate of quaternary modulation with {detection} detection, logarithm to base 10",
        source=source,
        kind=REGRESSION,
        draw=draw,
        ceiling_text="the rate is a function of what is observed, known up to the gap between the certified "
        "bound and the solver's feasible value",
        ceiling=ceiling,
        models=("variational-regressor",),
    )


def joined(parts: list[dict[str, Any]], drawn: int) -> KeyRates:
    """Return rows, a mapping each, as `KeyRates`."""
    held: dict[str, Any] = {name: np.array([part[name] for part in parts]) for name in parts[0]}
    return KeyRates(**held, drawn=drawn)
