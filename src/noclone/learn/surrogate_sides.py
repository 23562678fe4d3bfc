"""Ways to answer faster than the solver: models of the rate, and certificates chosen or predicted.

All learn from the same proven points. A model of the rate learns from four fifths of them and calibrates its
margin with the rest; a bank holds all their certificates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from noclone.learn.certificate_choice import Completion
from noclone.learn.contenders import Contender
from noclone.learn.proven_points import Floats, Indices, ProvenPoints
from noclone.learn.surrogates import RateSurrogate, calibrated, estimates, fitted
from noclone.models.nearest_neighbours import QuantumNearestNeighbours
from noclone.proofs.bank import CertificateBank
from noclone.proofs.proving import prove_case

CONSTRUCTION, MEASURED = "by construction", "measured"
"""Why answers are no over-estimates: because they are bounds, or only as far as tests have shown."""

CALIBRATING = 5
"""One of so many proven points calibrates."""
SETTINGS = 4
"""Hyperparameter settings tried of each model of the rate."""
FEW = 100
"""Certificates of the small bank, from which a classifier can choose."""
STORED = 20
"""Points that predicted multipliers are completed with."""
BANDWIDTH = 0.3
"""Of the feature map of quantum nearest neighbours."""


@dataclass(frozen=True, eq=False)
class Side:
    """One way to answer.

    Attributes
    ----------
    name : str
    validity : str
        `CONSTRUCTION` or `MEASURED`.
    many : callable
        From numbers of points to their answers, bits per signal.
    one : callable
        From the number of one point to its answer.
    """

    name: str
    validity: str
    many: Callable[[Indices], Floats]
    one: Callable[[int], Any]


def learned_rates(points: ProvenPoints, contender: Contender, have: Indices, seed: int) -> tuple[Side, Side]:
    """Return a model of the rate without a margin, and with one.

    Parameters
    ----------
    points : ProvenPoints
    contender : Contender
    have : ndarray of int
        Numbers of the points that count as proven.
    seed : int
        Of the model and its search.
    """
    learn, check = np.split(have, [len(have) - len(have) // CALIBRATING])
    observed, rates = points.known.observed, points.known.rates
    plain = fitted(contender, observed[learn], rates[learn], SETTINGS, seed)
    safer = calibrated(plain, observed[check], rates[check])
    return _learned(points, contender.name, plain), _learned(points, f"{contender.name}, margin", safer)


def _learned(points: ProvenPoints, name: str, surrogate: RateSurrogate) -> Side:
    observed = points.known.observed
    return Side(
        name,
        MEASURED,
        lambda which: surrogate.unproven_rates(observed[which]),
        lambda i: surrogate.unproven_rates(observed[i : i + 1]),
    )


def certificates(points: ProvenPoints, have: Indices, seed: int) -> list[Side]:
    """Return the ways to use certificates of proven points, learned or not."""
    few = have[:FEW]
    near = estimates(points.known.observed)
    near = StandardScaler().fit(near[have]).transform(near)
    best = points.bounds[np.ix_(have, few)].argmax(axis=1)
    network = MLPClassifier((50, 50), max_iter=2000, random_state=seed).fit(near[have], best)
    some, many = len(few), len(have)
    return [
        _best(points, have),
        _best(points, few),
        _chosen(points, f"nearest of {many}", have, _nearest(near[have]), near),
        _chosen(points, f"nearest of {some}", few, _nearest(near[few]), near),
        _chosen(points, f"likest state of {many}", have, _likest(near[have], True), near),
        _chosen(points, f"likest state of {many}, unentangled", have, _likest(near[have], False), near),
        _chosen(points, f"mlp's choice of {some}", few, network.predict, near),
        _predicted_multipliers(points, have, near),
    ]


def solver(points: ProvenPoints) -> Side:
    """Return the solver itself, a proof for every question."""
    return _one_by_one("solver", lambda i: prove_case(points.cases[i]).rate)


def _one_by_one(name: str, one: Callable[[int], float]) -> Side:
    return Side(name, CONSTRUCTION, lambda which: np.array([one(int(i)) for i in which]), one)


def _best(points: ProvenPoints, kept: Indices) -> Side:
    bank, leaks = points.bank(kept), points.known.leaks

    def many(which: Indices) -> Floats:
        entropies = points.values[which] @ bank.multipliers.T + bank.shifts / np.log(2)
        found: Floats = entropies.max(axis=1) - leaks[which]
        return found

    return Side(f"best of {len(kept)}", CONSTRUCTION, many, lambda i: bank.rate(points.cases[i]))


def _chosen(
    points: ProvenPoints, name: str, kept: Indices, choose: Callable[[Floats], Indices], near: Floats
) -> Side:
    """Return the bounds of those of the kept certificates that a function of the estimates chooses."""
    bank, leaks = points.bank(kept), points.known.leaks

    def many(which: Indices) -> Floats:
        index = choose(near[which])
        products = np.einsum("ij,ij->i", points.values[which], bank.multipliers[index])
        found: Floats = products + bank.shifts[index] / np.log(2) - leaks[which]
        return found

    def one(i: int) -> float:
        index, case = int(choose(near[i : i + 1])[0]), points.cases[i]
        return float(bank.bounds(case.seen, case.declared)[index]) - case.leak_bits

    return Side(name, CONSTRUCTION, many, one)


def _nearest(places: Floats) -> Callable[[Floats], Indices]:
    def choose(asked: Floats) -> Indices:
        found: Indices = ((asked[:, None] - places) ** 2).sum(axis=-1).argmin(axis=1)
        return found

    return choose


def _likest(places: Floats, entangled: bool) -> Callable[[Floats], Indices]:
    """Choose by the fidelity of quantum states."""
    model = QuantumNearestNeighbours(1, "iqp", bandwidth=BANDWIDTH, entangled=entangled)
    model.fit(places, np.zeros(len(places), int))
    return lambda asked: model.kneighbors(asked)[1][:, 0]


def _predicted_multipliers(points: ProvenPoints, have: Indices, near: Floats) -> Side:
    """Return what multipliers of a cubic polynomial are worth at the nearest of a few stored points."""
    stored = have[:STORED]
    proofs = (prove_case(points.cases[i]) for i in stored)
    completion = Completion(CertificateBank.of_proofs([points.first, *proofs]))
    cubic = make_pipeline(PolynomialFeatures(3), Ridge(1e-3))
    cubic.fit(near[have], points.known.multipliers[have])
    nearest = _nearest(near[stored])

    def one(i: int) -> float:
        asked = near[i : i + 1]
        made = completion.certificate(1 + int(nearest(asked)[0]), cubic.predict(asked)[0])
        return made.rate(points.cases[i])

    return _one_by_one(f"cubic multipliers at {len(stored)} points", one)
