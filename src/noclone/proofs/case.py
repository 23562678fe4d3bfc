"""A case: everything that one proof is made of, before it is solved.

A protocol, a declaration or a family of the library with its parameters becomes a `Case`; `prove` solves it,
`sweep` and `threshold` solve many.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import from_mapping, specs, to_mapping, unknown_text
from noclone.core.registry import pick
from noclone.proofs.leak import leak_bits as leaked
from noclone.proofs.leak import observed_table
from noclone.proofs.observations import Event, Observation, Observations
from noclone.protocols import Protocol, protocols
from noclone.protocols.declaration import Declaration, Reading, Signal
from noclone.rates.concentration import clopper_pearson_interval
from noclone.rates.security import Security
from noclone.setup import Setup

if TYPE_CHECKING:
    from noclone.proofs.finite.norm_ball import Block

Array = NDArray[Any]
Channel = Callable[[Array], Array]
Seen = Observations | Mapping[Event, float]

SOURCE = (
    "Devetak and Winter, Proc. R. Soc. A 461, 207 (2005); Winick, Lütkenhaus, Coles, Quantum 2, 77 (2018)"
)
COLLECTIVE = (
    "Eve attacks every signal in the same way (collective attacks); in a space of known finite dimension "
    "coherent attacks gain nothing in the limit of infinitely many signals (Renner, Nat. Phys. 3, 645 (2007))"
)
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

    Examples
    --------
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> case = of_channel("BB84", bb84_declaration(0.5), depolarising(0.1))
    >>> round(case.leak_bits, 9), case.start.shape
    (0.143198479, (4, 4))
    """
    from noclone.proofs.library.channels import choi

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
    elif sum(seen.values()) > 1.5:
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
    elif not (np.isfinite(leak_bits) and leak_bits >= 0):
        raise InvalidInput("leak_bits", f"must be at least 0, but is {leak_bits}")
    return Case(title, declared, seen, float(leak_bits), collective(*assumptions))


def _counted(declared: Declaration, counts: Mapping[Event, float]) -> tuple[dict[Event, float], Observations]:
    """Return frequencies, and every joint probability with the range that its count allows."""
    for event, count in counts.items():
        if not (count >= 0 and float(count).is_integer()):
            raise InvalidInput(f"counts[{event!r}]", f"must be a whole number from 0, but is {count}")
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


def provable() -> dict[str, type[Protocol]]:
    """Return the protocols that declare what a proof needs, by name.

    Examples
    --------
    >>> "six-state" in provable()
    True
    """
    return {name: kind for name, kind in protocols().items() if hasattr(kind, "declaration")}


def case_of(
    protocol: str | Protocol | Declaration | Setup | Callable[..., Case],
    seen: Seen | None = None,
    *,
    channel: Channel | None = None,
    leak_bits: float | None = None,
    f_ec: float | None = None,
    block: Block | None = None,
    **parameters: Any,
) -> Case:
    """Return the case of a protocol, from what was seen, a channel, or parameters of a model.

    Parameters
    ----------
    protocol : str, Protocol, Declaration, Setup or callable
        A name of `provable` or of the library; an object; a link with its protocol, whose model says what is
        seen; or a family: parameters to Case.
    seen : Observations or mapping, optional
        As for `of_observations`.
    channel : callable, optional
        As for `of_channel`.
    leak_bits : float, optional
        With `seen`: what error correction discloses.
    f_ec : float, optional
        Leakage of error correction over the Shannon limit, 1 by default; a protocol's own counts with a
        setup only.
    block : Block, optional
        For a key of fixed length from one block, against collective attacks (`finite.norm_ball`).
    **parameters
        `qber` (a depolarising channel with that error rate), or one or more of `rotation` (radians),
        `amplitude_damping`, `dephasing` and `depolarising`, applied in this order; for a name also fields of
        the protocol (``basis_prob=0.5``); for a family its own parameters.

    Raises
    ------
    InvalidInput
        If a name or parameter is not known, or what was seen is not given in exactly one way.

    Examples
    --------
    >>> round(case_of("bb84", qber=0.05, basis_prob=0.5, keyed_bases="both").leak_bits, 9)
    0.143198479
    """
    if block is not None:
        from noclone.proofs.finite.norm_ball import in_block

        case = case_of(protocol, seen, channel=channel, leak_bits=leak_bits, f_ec=f_ec, **parameters)
        return in_block(case, block)
    if isinstance(protocol, Setup):
        from noclone.proofs.library.setups import setup_case

        if seen is not None or channel is not None or leak_bits is not None or parameters:
            raise InvalidInput("observations", "follow from the setup and cannot be given")
        return setup_case(protocol, f_ec)
    f_ec = 1.0 if f_ec is None else f_ec
    family = _family(protocol)
    if family is not None:
        if seen is not None or channel is not None or leak_bits is not None:
            raise InvalidInput("observations", "follow from the parameters of a family and cannot be given")
        return _called(family, {"f_ec": f_ec, **parameters})
    title, declared, assumptions, parameters = _declared(protocol, parameters)
    models = [each for each in (seen, channel, parameters or None) if each is not None]
    if len(models) != 1:
        raise InvalidInput(
            "observations",
            "must be given once: as what was seen, as a channel, or by qber, rotation, amplitude_damping, "
            f"dephasing or depolarising, but are given {len(models)} times",
        )
    if seen is not None:
        return of_observations(title, declared, seen, leak_bits=leak_bits, f_ec=f_ec, assumptions=assumptions)
    if leak_bits is not None:
        raise InvalidInput("leak_bits", "follows from the channel and cannot be given")
    chosen = channel or _modelled(declared, parameters)
    return of_channel(title, declared, chosen, f_ec=f_ec, assumptions=assumptions)


def _family(protocol: Any) -> Callable[..., Case] | None:
    from noclone.proofs.library import families

    if isinstance(protocol, str):
        if protocol in families():
            return families()[protocol]
        pick("protocol", protocol, {**families(), **provable()})
        return None
    return protocol if callable(protocol) else None


def _called(family: Callable[..., Case], parameters: dict[str, Any]) -> Case:
    """Call a family with checked names; f_ec is passed where it takes it."""
    known = inspect.signature(family).parameters
    if not any(each.kind is each.VAR_KEYWORD for each in known.values()):
        if "f_ec" not in known and parameters["f_ec"] == 1:
            del parameters["f_ec"]
        for name in parameters:
            if name not in known:
                raise InvalidInput(name, unknown_text(name, list(known)))
    for name, each in known.items():
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD and name not in parameters:
            raise InvalidInput(name, "is missing")
    return family(**parameters)


def _declared(
    protocol: Any, parameters: dict[str, Any]
) -> tuple[str, Declaration, tuple[str, ...], dict[str, Any]]:
    """Return a title, the declaration, what it assumes, and the parameters that are left for a model."""
    from noclone.proofs.library.pairs import of_pair

    if isinstance(protocol, Declaration):
        return "Declared protocol", protocol, _assumptions(protocol), parameters
    if isinstance(protocol, str):
        kind = provable()[protocol]
        own = {name: value for name, value in parameters.items() if name in specs(kind)}
        parameters = {name: value for name, value in parameters.items() if name not in own}
        protocol = from_mapping(kind, to_mapping(kind.typical(0.0)[1]) | own, "protocol")
    if not (isinstance(protocol, Protocol) and hasattr(protocol, "declaration")):
        raise InvalidInput(
            "protocol",
            f"must be a name, a Declaration or a protocol that has one, but is {type(protocol).__name__}",
        )
    declared = protocol.declaration()
    if protocol.FAMILY == "entanglement":
        declared = of_pair(declared)
    title = protocol.TITLE
    if declared.sent and "single photons" not in title:
        title += ", one photon in each pulse"
    return title, declared, _assumptions(declared), parameters


def _assumptions(declared: Declaration) -> tuple[str, ...]:
    if any(isinstance(signal, Reading) for signal in declared.signals.values()):
        return ("both measurements act on the declared space alone, exactly as declared",)
    if any(signal.prepared for signal in declared.signals.values()):
        return ("both parties send exactly the declared states (single photons)",)
    return (
        "Alice sends exactly the declared states (single photons)",
        "Bob's measurement acts on the declared space alone, exactly as declared",
    )


def _modelled(declared: Declaration, parameters: Mapping[str, float]) -> Channel:
    """Return the channel that parameters describe."""
    from noclone.proofs.library.channels import QUBIT_CHANNELS, composed, symmetric_errors
    from noclone.proofs.library.relays import bell_relay

    known = ["qber", *QUBIT_CHANNELS]
    for name, value in parameters.items():
        if name not in known:
            raise InvalidInput(name, unknown_text(name, known))
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise InvalidInput(name, f"must be a number, but is {value!r}")
    if "qber" not in parameters:
        return composed(
            *(make(parameters[name]) for name, make in QUBIT_CHANNELS.items() if name in parameters)
        )
    if len(parameters) > 1:
        raise InvalidInput("qber", "already describes a channel and cannot be joined by another")
    alice, bob = declared.dimensions
    if alice == bob:
        return symmetric_errors(parameters["qber"], bob)
    if alice == 4 and "none" in declared.outcomes:
        return bell_relay(declared.outcomes, parameters["qber"])
    raise InvalidInput("qber", f"describes no channel from {alice} to {bob} dimensions; give a channel")
