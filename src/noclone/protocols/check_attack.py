"""`check_attack`: what is wrong with an attack, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.protocols.attack import Attack
from noclone.protocols.check_pulse_attack import pulse_faults
from noclone.protocols.check_round_attack import round_faults
from noclone.protocols.check_symbol_attack import symbol_faults
from noclone.protocols.pulse_attack import PulseAttack
from noclone.protocols.round_attack import RoundAttack
from noclone.protocols.symbol_attack import SymbolAttack


def check_attack(attack: Attack) -> tuple[str, ...]:
    """Return what is wrong with an attack, one sentence each; nothing if it is sound.

    Looks at the declarations and, on a few links, at whether the attack gives probabilities, is nothing at
    fraction 0, uses only what Eve can find out, brings in only light that it declares, claims no more
    information than its disturbance allows unless it breaks an assumption, keeps to the devices' readings,
    and treats an array of links as it treats each of them.

    Parameters
    ----------
    attack : Attack
        With the parameters at which it is looked at; its `fraction` does not matter.

    Raises
    ------
    InvalidInput
        If it is no attack on pulses, symbols or rounds.

    Examples
    --------
    >>> from noclone.attacks import InterceptResend
    >>> check_attack(InterceptResend())
    ()
    """
    if not isinstance(attack, PulseAttack | SymbolAttack | RoundAttack):
        raise InvalidInput("attack", f"must be an Attack, but is {type(attack).__name__}")
    whole = replace(attack, fraction=1.0)
    faults = [*_declarations(whole)]
    try:
        if isinstance(whole, PulseAttack):
            faults += pulse_faults(whole)
        elif isinstance(whole, SymbolAttack):
            faults += symbol_faults(whole)
        else:
            faults += round_faults(whole)
    except InvalidInput as error:
        faults.append(f"it refuses a link that it should run on: {error}")
    return tuple(dict.fromkeys(faults))


def _declarations(attack: Attack) -> Iterator[str]:
    for name in ("NAME", "DOES", "RESENDS", "LEARNS", "CHANGES", "SOURCE"):
        if not isinstance(getattr(attack, name, None), str) or not getattr(attack, name):
            yield f"{name} is missing or empty"
    name = str(getattr(attack, "NAME", ""))
    package, _, module = type(attack).__module__.rpartition(".")
    if not re.fullmatch(r"[a-z0-9+]+(-[a-z0-9+]+)*", name):
        yield f"NAME must be lower-case words with hyphens, but is {name!r}"
    elif package == "noclone.attacks" and name != module.replace("_", "-"):
        yield f"NAME must be that of its file, {module.replace('_', '-')}, but is {name}"
    if (type(attack).__doc__ or "(").startswith(
        (type(attack).__name__ + "(", "(")
    ):  # what dataclass puts there
        yield "it has no docstring"
    if attack.BREAKS_AT not in ("alice", "bob"):
        yield f"BREAKS_AT must be alice or bob, but is {attack.BREAKS_AT!r}"
    for station, light in attack.injected_light.items():
        if station not in ("alice", "bob") or not (np.isfinite(light) and light >= 0):
            yield f"injected_light must give photons at alice or bob, but has {station!r}: {light!r}"
