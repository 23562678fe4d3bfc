"""What can be proven, and the case that a protocol, a setup or a family makes with its parameters.

`prove` solves one such case, `sweep` and `threshold` solve many.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from noclone.core.errors import InvalidInput
from noclone.core.fields import from_mapping, specs, to_mapping, unknown_text
from noclone.core.numbers import finite
from noclone.core.registry import pick
from noclone.link import SinglePhotonSource
from noclone.proofs.case import Case, Seen, of_channel, of_observations
from noclone.proofs.finite.norm_ball import Block, in_block
from noclone.proofs.library import families
from noclone.proofs.library.channels import QUBIT_CHANNELS, Channel, composed, symmetric_errors
from noclone.proofs.library.pairs import of_pair
from noclone.proofs.library.relays import bell_relay
from noclone.proofs.library.setups import setup_case
from noclone.protocols import Protocol, protocols
from noclone.protocols.declaration import Declaration, Reading
from noclone.setup import Setup

Subject = str | Protocol | Declaration | Setup | Callable[..., Case]
"""What can be proven."""
RESERVED = ("protocol", "seen", "channel", "block")
"""Names of arguments that are no numbers, and so of no parameter."""
ONE_PHOTON = (
    "EVERY PULSE HOLDS EXACTLY ONE PHOTON: nothing is proven here of weak or heralded pulses, whose setup "
    "(a preset or TOML file) has proofs of its own where decoy states are sent"
)


def provable() -> dict[str, type[Protocol]]:
    """Return the protocols that declare what a proof needs, by name.

    Examples
    --------
    >>> "six-state" in provable()
    True
    """
    return {name: kind for name, kind in protocols().items() if hasattr(kind, "declaration")}


def parameter_name(name: str) -> str:
    """Return a name that a parameter may have.

    Raises
    ------
    InvalidInput
        If it is that of another argument.

    Examples
    --------
    >>> parameter_name("qber")
    'qber'
    """
    if not isinstance(name, str) or not name or name in RESERVED:
        raise InvalidInput(f"parameter {name!r}", "is no number that can be set or varied")
    return name


def case_of(
    protocol: Subject,
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
        the protocol (``basis_prob=0.5``); for a family its own parameters; for a setup its fields by dotted
        name (``**{"channel.length_km": 50}``).

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
        if not isinstance(block, Block):
            raise InvalidInput("block", f"must be a Block, but is {type(block).__name__}")
        case = case_of(protocol, seen, channel=channel, leak_bits=leak_bits, f_ec=f_ec, **parameters)
        return in_block(case, block)
    if isinstance(protocol, Setup):
        if seen is not None or channel is not None or leak_bits is not None:
            raise InvalidInput("observations", "follow from the setup and cannot be given")
        for name in parameters:
            if "." not in name:
                raise InvalidInput(
                    name,
                    "cannot be given for a setup, whose link says what is seen; its fields have dotted names "
                    "(channel.length_km)",
                )
        return setup_case(protocol.replace(parameters) if parameters else protocol, f_ec)
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
    if isinstance(protocol, str):
        if protocol in families():
            return families()[protocol]
        pick("protocol", protocol, {**families(), **provable()})
        return None
    return protocol if callable(protocol) else None


def _called(family: Callable[..., Case], parameters: dict[str, Any]) -> Case:
    """Call a family with checked names; f_ec is passed where it takes it."""
    try:
        known = inspect.signature(family).parameters
    except ValueError as error:
        raise InvalidInput("protocol", f"must be a function with known parameters ({error})") from error
    if not any(each.kind is each.VAR_KEYWORD for each in known.values()):
        if "f_ec" not in known and parameters["f_ec"] == 1:
            del parameters["f_ec"]
        for name in parameters:
            if name not in known:
                raise InvalidInput(name, unknown_text(name, list(known)))
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    missing = [
        name
        for name, each in known.items()
        if each.default is each.empty and each.kind not in kinds and name not in parameters
    ]
    if missing:
        raise InvalidInput(", ".join(missing), "is missing" if len(missing) == 1 else "are missing")
    case = family(**parameters)
    if not isinstance(case, Case):
        raise InvalidInput("protocol", f"must return a Case, but returns {type(case).__name__}")
    return case


def _declared(
    protocol: Any, parameters: dict[str, Any]
) -> tuple[str, Declaration, tuple[str, ...], dict[str, Any]]:
    """Return a title, the declaration, what it assumes, and the parameters that are left for a model."""
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
    title, assumed = protocol.TITLE, _assumptions(declared)
    if declared.sent and "single photons" not in title:
        title += ", one photon in each pulse"
    if declared.sent and not isinstance(protocol.typical(0.0)[0].alice, SinglePhotonSource):
        assumed = (ONE_PHOTON, *assumed)
    return title, declared, assumed, parameters


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
    known = ["qber", *QUBIT_CHANNELS]
    for name, value in parameters.items():
        if name not in known:
            raise InvalidInput(name, unknown_text(name, known))
        finite(name, value)
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
