"""A case: everything that one proof is made of, before it is solved.

It is what `prove` solves; `subjects` makes one of a protocol's name and parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import finite
from noclone.proofs.leak import leak_bits as leaked
from noclone.proofs.leak import observed_table
from noclone.proofs.library.channels import Channel, choi, fitting
from noclone.proofs.observations import Event, Observation, Observations
from noclone.protocols.declaration import Declaration, Signal
from noclone.rates.concentration import clopper_pearson_interval
from noclone.rates.security import Security

Array = NDArray[Any]
Seen = Observations | Mapping[Event, float]

SOURCE = (
    "Devetak and Winter, Proc. R. Soc. A 461, 207 (2005); Winick, Lütkenhaus, Coles, Quantum 2, 77 (2018)"
)
COLLECTIVE = (
    "Eve attacks every signal in the same way (collective attacks); in a space of known finite dimension "
    "coherent attacks gain nothing in the limit of infinitely many signals (Renner, Nat. Phys. 3, 645 (2007))"
)
COUNTS = 1.5
"""Numbers of all events that sum to more are counts; to less, probabilities."""
COUNTED = 1e-10
"""How probable it is that a probability lies outside the range that counts give it."""


@dataclass(frozen=True, eq=False)
class Case:
    """What is claimed, before it is proven.

    Attributes
    ----------
    title : str
    declared : Declaration
    seen : Observations
    leak_bits : float
        What error correction discloses, bits per signal.
    security : Security
    share : float
        The share of all signals that the declaration describes.
    adjustments : tuple of (str, float)
        What is added or subtracted besides, by name, in bits.
    start : ndarray, shape (n, n), optional
        The operator of the modelled channel, where the solver may begin.
    decoys : mapping, optional
        What decoy states prove of single photons, as a proof file holds it (`Decoys.document`).
    """

    title: str
    declared: Declaration
    seen: Observations
    leak_bits: float
    security: Security
    share: float = 1.0
    adjustments: tuple[tuple[str, float], ...] = ()
    start: Array | None = None
    decoys: Mapping[str, Any] | None = None


def collective(*assumptions: str) -> Security:
    """Return the statement of an asymptotic proof against collective attacks, with further assumptions.

    Examples
    --------
    >>> collective("ideal detectors").attacks
    'collective'
    """
    return Security("collective", "asymptotic", (*assumptions, COLLECTIVE), SOURCE)


def of_channel(
    title: str,
    declared: Declaration,
    channel: Channel,
    *,
    f_ec: float = 1.0,
    assumptions: tuple[str, ...] = (),
) -> Case:
    """Return the case of a protocol whose parties see exactly what a channel gives.

    Parameters
    ----------
    title : str
    declared : Declaration
    channel : callable
        Density matrix of Alice's space to one of Bob's; linear.
    f_ec : float
        Leakage of error correction over the Shannon limit.
    assumptions : tuple of str

    Raises
    ------
    InvalidInput
        If the channel does not lead from Alice's space to Bob's, or keeps no trace.

    Examples
    --------
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> case = of_channel("BB84", bb84_declaration(0.5), depolarising(0.1))
    >>> round(case.leak_bits, 9), case.start.shape
    (0.143198479, (4, 4))
    """
    channel = fitting(channel, declared.dimensions)
    size = declared.dimensions[0]
    start = choi(channel, size) / (1 if declared.sent else size)
    return Case(
        title,
        declared,
        Observations.of_channel(declared, channel),
        leaked(declared, declared.joint(channel), f_ec),
        collective(*assumptions),
        start=start,
    )


def of_observations(
    title: str,
    declared: Declaration,
    seen: Seen,
    *,
    leak_bits: float | None = None,
    f_ec: float = 1.0,
    assumptions: tuple[str, ...] = (),
) -> Case:
    """Return the case of a protocol of which this was seen.

    Parameters
    ----------
    title : str
    declared : Declaration
    seen : Observations or mapping
        Observations; or (signal, outcome) to joint probability; or to counts (above 1 in sum).
    leak_bits : float, optional
        What error correction discloses, bits per signal; from the joint probabilities by default.
    f_ec : float
        Leakage of error correction over the Shannon limit, where `leak_bits` is not given.
    assumptions : tuple of str

    Raises
    ------
    InvalidInput
        If pairs are missing, counts are not whole, or the leakage is neither given nor follows.
    """
    table: Mapping[Event, float] | None
    if isinstance(seen, Observations):
        table = observed_table(declared, seen)
    elif not isinstance(seen, Mapping):
        raise InvalidInput(
            "seen", f"must be Observations or a mapping by (signal, outcome), but is {type(seen).__name__}"
        )
    elif sum(finite(f"seen[{event!r}]", value) for event, value in seen.items()) > COUNTS:
        table, seen = _counted(declared, seen)
        assumptions = (
            *assumptions,
            "probabilities lie in Clopper-Pearson intervals of the counts (failing with probability "
            f"{COUNTED:g} in all); nothing else is charged for the finite number of signals",
        )
    else:
        table, seen = seen, Observations.full(declared, seen)
    if leak_bits is None:
        if table is None:
            raise InvalidInput(
                "leak_bits", "must be given where the observations are not every joint probability"
            )
        leak_bits = leaked(declared, table, f_ec)
    elif finite("leak_bits", leak_bits) < 0:
        raise InvalidInput("leak_bits", f"must be at least 0, but is {leak_bits}")
    return Case(title, declared, seen, float(leak_bits), collective(*assumptions))


def _counted(declared: Declaration, counts: Mapping[Event, float]) -> tuple[dict[Event, float], Observations]:
    """Return frequencies, and every joint probability with the range that its count allows."""
    for event, count in counts.items():
        if not (count >= 0 and float(count).is_integer()):
            raise InvalidInput(
                f"counts[{event!r}]",
                f"must be a whole number from 0, but is {count} (numbers that sum to more than {COUNTS} are "
                "taken as counts, and probabilities sum to 1)",
            )
    total = float(sum(counts.values()))
    Observations.full(declared, {event: count / total for event, count in counts.items()})
    sent: dict[str, float] = {}
    for (name, _), count in counts.items():
        sent[name] = sent.get(name, 0.0) + count
    table, items = {}, []
    for (name, outcome), count in counts.items():
        signal = declared.signals[name]
        # How often Alice sends a signal is known; of a pair, nothing is.
        share, trials = (signal.prob, sent[name]) if isinstance(signal, Signal) else (1.0, total)
        if trials == 0:
            raise InvalidInput(f"counts of signal {name!r}", "must not all be 0")
        low, high = clopper_pearson_interval(
            np.array(float(count)), np.array(trials), np.array(COUNTED / (2 * len(counts)))
        )
        table[name, outcome] = share * count / trials
        items.append(
            Observation(
                f"{name}→{outcome}",
                {(name, outcome): 1.0},
                share * float(low) / trials,
                share * float(high) / trials,
            )
        )
    return table, Observations(tuple(items))
