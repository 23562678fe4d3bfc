"""Decoy states: from what is seen with each intensity to ranges of what empty and one-photon pulses show.

A linear programme finds the multipliers; the ranges follow from these alone (see `decoys_check`), so that
nothing depends on the accuracy of the solver, and photon numbers without end are covered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.stats import poisson

from noclone.core.errors import InvalidInput
from noclone.proofs.decoys_check import Events, keyed_share, proven
from noclone.proofs.decoys_claim import check_pulses
from noclone.proofs.observations import Event, Observation, Observations
from noclone.protocols.declaration import Declaration, Signal

Floats = NDArray[np.float64]

LAST = 20
"""Photon numbers that the linear programme tells apart; the certificate has no such limit."""
FAINT = 1e-5
"""Share of the largest rate below which the linear programme does not resolve rates to their own scale."""


@dataclass(frozen=True)
class WeakPulses:
    """A source of phase-randomised weak pulses: each holds n photons with Poisson's probability.

    Attributes
    ----------
    intensities : tuple of float
        Mean photon numbers, all different.
    probs : tuple of float
        How often each is sent; they sum to 1.
    keyed : tuple of int
        Indices of the intensities that give key.

    Raises
    ------
    InvalidInput
        If a number is out of its range.

    Examples
    --------
    >>> round(WeakPulses((0.5, 0.1), (0.9, 0.1), (0,)).share(1), 9)
    0.272938797
    """

    intensities: tuple[float, ...]
    probs: tuple[float, ...]
    keyed: tuple[int, ...]

    def __post_init__(self) -> None:
        check_pulses(self.intensities, self.probs, self.keyed)

    def share(self, photons: int) -> float:
        """Return the probability that a pulse has a keyed intensity and holds this many photons."""
        return keyed_share(self.intensities, self.probs, self.keyed, photons)


@dataclass(frozen=True)
class PhotonBound:
    """A proven end of the range of one photon number's rate.

    Attributes
    ----------
    photons : int
    sign : {1, -1}
        1 for the lower end, -1 for the upper one.
    value : float
        The end: y >= value, or y <= value.
    multipliers : tuple of tuple of float
        By rate and intensity; they prove it (`noclone.proofs.decoys_check.proven`).
    """

    photons: int
    sign: int
    value: float
    multipliers: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class DecoyRate:
    """One observed number with each intensity, and what it proves of photon numbers.

    Attributes
    ----------
    name : str
    weights : mapping
        As in `Observation`.
    low, high : tuple of float
        Its range with each intensity, as a probability if that intensity is sent.
    bounds : tuple of PhotonBound
        Of empty pulses from below, of single photons on both sides.
    """

    name: str
    weights: Mapping[Event, float]
    low: tuple[float, ...]
    high: tuple[float, ...]
    bounds: tuple[PhotonBound, ...]

    def end(self, photons: int, sign: int) -> float:
        """Return the proven end of the range, at least 0."""
        return max(next(b.value for b in self.bounds if (b.photons, b.sign) == (photons, sign)), 0.0)


@dataclass(frozen=True)
class Decoys:
    """Everything that was seen with all intensities, and its proven consequences.

    Attributes
    ----------
    pulses : WeakPulses
    rates : tuple of DecoyRate
    """

    pulses: WeakPulses
    rates: tuple[DecoyRate, ...]

    def single_photons(self) -> Observations:
        """Return the ranges of what would be seen if all pulses held one photon."""
        return Observations(
            tuple(Observation(r.name, r.weights, r.end(1, 1), r.end(1, -1)) for r in self.rates)
        )

    def document(self) -> dict[str, Any]:
        """Return what a proof file holds of it; the weights are those of the file's observations."""
        rates = [asdict(rate) for rate in self.rates]
        for rate in rates:
            del rate["weights"]
        return {**asdict(self.pulses), "rates": rates}


def decoy_bounds(declared: Declaration, pulses: WeakPulses, seen: Sequence[Observations]) -> Decoys:
    """Return what the observations with each intensity prove of empty and one-photon pulses.

    Parameters
    ----------
    declared : Declaration
        The protocol for single photons; the probabilities of its signals are those of every intensity.
    pulses : WeakPulses
    seen : sequence of Observations
        What was seen with each, as probabilities (or ranges of them) if that intensity is sent; all have
        the same items in the same order, with weights of at least 0.

    Raises
    ------
    InvalidInput
        If the observations do not match each other, or no source of such pulses could cause them.

    Notes
    -----
    Wang, PRL 94, 230503 (2005); Lo, Ma, Chen, PRL 94, 230504 (2005). That empty pulses cause errors as often
    as the signals' probabilities say makes one decoy enough: Rusca et al., Appl. Phys. Lett. 112, 171104
    (2018).

    Examples
    --------
    >>> from noclone.proofs.library.lossy import loss, with_loss
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = with_loss(bb84_declaration(0.5))
    >>> pulses = WeakPulses((0.5, 0.1, 0.0), (0.8, 0.1, 0.1), (0,))
    >>> tables = [bb84.joint(loss(1 - np.exp(-0.1 * mu))) for mu in pulses.intensities]
    >>> seen = [Observations.error_rates(bb84, table) for table in tables]
    >>> kept = decoy_bounds(bb84, pulses, seen).rates[0]
    >>> kept.name, round(kept.end(1, 1), 6), round(kept.end(1, -1), 6)
    ('x·x kept', 0.024313, 0.02706)
    """
    if not declared.sent:
        raise InvalidInput("signals", "must be states that Alice sends for decoy states")
    _check(pulses, seen)
    programme = _programme(declared, pulses, seen)
    rates = []
    for index, items in enumerate(zip(*(each.items for each in seen), strict=True)):
        bounds = tuple(programme.bound(index, photons, sign) for photons, sign in ((0, 1), (1, 1), (1, -1)))
        low, high = tuple(item.low for item in items), tuple(item.high for item in items)
        rates.append(DecoyRate(items[0].name, items[0].weights, low, high, bounds))
    return Decoys(pulses, tuple(rates))


SPARE = (0.0, 1e-9, 1e-8, 1e-7, 1e-6)
"""Freedom that a linear programme is given, as a share of a rate's scale, until rounding no longer makes the
solver miss any. What its multipliers prove is computed with the rates themselves."""


@dataclass(frozen=True, eq=False)
class _Programme:
    """The linear programme of all rates in units of their own.

    Its unknowns are y_in, n from 1 to LAST, by rate, and then v_k by outcome (see `decoys_check`).
    """

    pulses: WeakPulses
    probs: Mapping[str, float]
    rates: tuple[tuple[Events, tuple[float, ...], tuple[float, ...]], ...]
    matrix: Floats
    low: Floats
    high: Floats
    rows: Floats
    units: Floats
    empty: Floats
    caps: Floats

    def bound(self, target: int, photons: int, sign: int) -> PhotonBound:
        """Return what the best multipliers prove."""
        count, wanted = len(self.rates), np.zeros(len(self.units))
        if photons:
            wanted[target * LAST + photons - 1] = 1.0
        else:
            wanted[count * LAST :] = self.empty[target]
        scale = float(np.abs(wanted * self.units).max())
        outcomes = np.zeros((1, len(self.units)))
        outcomes[:, count * LAST :] = self.units[count * LAST :]
        for spare in SPARE:
            found = linprog(
                sign * wanted * self.units / scale,
                A_ub=np.vstack([self.matrix, -self.matrix, outcomes]),
                b_ub=np.concatenate([self.high / self.rows + spare, spare - self.low / self.rows, [1.0]]),
                bounds=np.stack([np.zeros(len(self.caps)), self.caps / self.units], axis=1),
                method="highs-ds",
                # Presolving mistakes ranges of the width of rounding for contradictions.
                options={
                    "presolve": False,
                    "primal_feasibility_tolerance": 1e-10,
                    "dual_feasibility_tolerance": 1e-10,
                },
            )
            if found.status != 2:
                break
        else:
            raise InvalidInput("seen", "has rates that no weak pulses of these intensities cause")
        multipliers = np.zeros((count, len(self.pulses.intensities)))
        if found.status == 0:
            slopes = found.ineqlin.marginals[:-1].reshape(2, -1)
            multipliers = ((slopes[0] - slopes[1]) * scale / self.rows).reshape(multipliers.shape)
        chosen = tuple(tuple(float(each) for each in row) for row in multipliers)
        value = proven(self.pulses.intensities, self.probs, self.rates, target, photons, sign, chosen)
        return PhotonBound(photons, sign, sign * value, chosen)


def _programme(declared: Declaration, pulses: WeakPulses, seen: Sequence[Observations]) -> _Programme:
    probs = {name: each.prob for name, each in declared.signals.items() if isinstance(each, Signal)}
    rates, most = [], []
    for items in zip(*(each.items for each in seen), strict=True):
        events = tuple((sent, what, weight) for (sent, what), weight in items[0].weights.items())
        greatest: dict[str, float] = {}
        for sent, what, weight in events:
            if weight < 0 or sent not in probs or what not in declared.outcomes:
                raise InvalidInput(
                    f"observation {items[0].name!r}",
                    "must count outcomes of signals, with weights of at least 0, for decoy states",
                )
            greatest[sent] = max(greatest.get(sent, 0.0), weight)
        rates.append((events, tuple(item.low for item in items), tuple(item.high for item in items)))
        most.append(sum(probs[sent] * weight for sent, weight in greatest.items()))
    kinds = sorted({what for events, _, _ in rates for _, what, _ in events})
    empty = np.zeros((len(rates), len(kinds)))
    for row, (events, _, _) in zip(empty, rates, strict=True):
        for sent, what, weight in events:
            row[kinds.index(what)] += probs[sent] * weight
    low, high = (np.array([each[end] for each in rates]) for end in (1, 2))
    # Rates of bright and dim pulses differ by orders of magnitude: rows and unknowns have units of their own.
    level = np.maximum(high.max(axis=1), max(FAINT * float(high.max()), 1e-300))
    units = np.concatenate([np.repeat(level, LAST), np.full(len(kinds), level.max())])
    weights = poisson.pmf(np.arange(LAST + 1), np.array(pulses.intensities)[:, None])
    full = np.zeros((len(rates), len(weights), len(units)))
    for i, (block, shares) in enumerate(zip(full, empty, strict=True)):
        block[:, i * LAST : (i + 1) * LAST] = weights[:, 1:]
        block[:, len(rates) * LAST :] = weights[:, :1] * shares
    rows = np.maximum(high, FAINT * level[:, None]).ravel()
    tail = (1 - weights.sum(axis=1)).clip(0) * np.array(most)[:, None]
    return _Programme(
        pulses,
        probs,
        tuple(rates),
        full.reshape(len(rows), -1) * units / rows[:, None],
        (low - tail).ravel(),
        high.ravel(),
        rows,
        units,
        empty,
        np.concatenate([np.repeat(most, LAST), np.ones(len(kinds))]),
    )


def _check(pulses: WeakPulses, seen: Sequence[Observations]) -> None:
    wanted = len(pulses.intensities)
    if len(seen) != wanted:
        raise InvalidInput("seen", f"must be one for each of the {wanted} intensities, but are {len(seen)}")
    for each in seen:
        if [(i.name, i.weights) for i in each.items] != [(i.name, i.weights) for i in seen[0].items]:
            raise InvalidInput("seen", "must have the same observations with every intensity")
        if each.radius:
            raise InvalidInput("seen", "must have ranges rather than a radius for decoy states")
