"""What a proof file says of decoy states: every type checked, and that it is of weak pulses at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from noclone.core.errors import InvalidInput
from noclone.proofs.typed import get, typed

BRIGHTEST = 100
"""Mean photon numbers beyond it are refused."""
DEFECT = 1e-9
"""How far the probabilities of intensities may be from 1 in sum."""
MAX_MULTIPLIERS = 50_000
"""Files with more are refused."""
ENDS = {(0, 1), (1, 1), (1, -1)}
"""Photons and sign of each rate's bounds: empty pulses from below, single photons on both sides."""


class EndClaim(NamedTuple):
    """A bound on the rate of pulses of n photons, from below (sign 1) or above (-1), and what proves it."""

    value: float
    multipliers: tuple[tuple[float, ...], ...]


class RateClaim(NamedTuple):
    """The range in which a rate was seen with each intensity, and its bounds by photon number and sign."""

    name: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    ends: dict[tuple[int, int], EndClaim]


class DecoyClaim(NamedTuple):
    """Intensities with their probabilities, the indices of those that give key, and the rates seen."""

    intensities: tuple[float, ...]
    probs: tuple[float, ...]
    keyed: tuple[int, ...]
    rates: tuple[RateClaim, ...]


def decoy_claim(part: Mapping[str, Any]) -> DecoyClaim:
    """Return what the part "decoys" of a proof file (`noclone.proofs.decoys.Decoys.document`) claims.

    Raises
    ------
    InvalidInput
        If something is missing or has the wrong type or length, or if the intensities are no source.

    Examples
    --------
    >>> decoy_claim({"intensities": [0.5, 0.1], "probs": [0.9, 0.1], "keyed": [0, 0], "rates": []})
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: keyed must be different indices of intensities, but are [0, 0].
    """
    intensities, probs = _list(part, "intensities", float), _list(part, "probs", float)
    keyed = _list(part, "keyed", int)
    check_pulses(intensities, probs, keyed)
    entries = [typed(each, "decoys.rates", dict) for each in get(part, "rates", list)]
    if 3 * len(entries) ** 2 * len(intensities) > MAX_MULTIPLIERS:
        raise InvalidInput("decoys.rates", f"must have at most {MAX_MULTIPLIERS} multipliers in all")
    shape = (len(entries), len(intensities))
    return DecoyClaim(intensities, probs, keyed, tuple(_rate(entry, shape) for entry in entries))


def check_pulses(intensities: Sequence[float], probs: Sequence[float], keyed: Sequence[int]) -> None:
    """Refuse what is no source of weak pulses with intensities of its own for the key."""
    count = len(intensities)
    if not count or len(set(intensities)) < count or not all(0 <= mu <= BRIGHTEST for mu in intensities):
        raise InvalidInput(
            "intensities", f"must be different numbers from 0 to {BRIGHTEST}, but are {list(intensities)}"
        )
    if len(probs) != count or not all(0 < prob <= 1 for prob in probs):
        raise InvalidInput("probs", f"must be {count} probabilities, but are {list(probs)}")
    if not abs(sum(probs) - 1) <= DEFECT:
        raise InvalidInput("probs", f"must sum to 1, but sum to {sum(probs):.9g}")
    if not keyed or len(set(keyed)) < len(keyed) or not set(keyed) <= set(range(count)):
        raise InvalidInput("keyed", f"must be different indices of intensities, but are {list(keyed)}")


def _rate(entry: Mapping[str, Any], shape: tuple[int, int]) -> RateClaim:
    ends: dict[tuple[int, float], EndClaim] = {}
    bounds = [typed(each, "decoys.rates.bounds", dict) for each in get(entry, "bounds", list)]
    for bound in bounds:
        end = (get(bound, "photons", int), get(bound, "sign", float))
        table = get(bound, "multipliers", list)
        if len(table) != shape[0]:
            raise InvalidInput(
                "decoys.rates.multipliers", f"must have {shape[0]} rows, but have {len(table)}"
            )
        rows = tuple(_list({"multipliers": row}, "multipliers", float, shape[1]) for row in table)
        ends[end] = EndClaim(get(bound, "value", float), rows)
    if len(bounds) != len(ENDS) or set(ends) != ENDS:
        raise InvalidInput("decoys.rates.bounds", f"must be one for each photons and sign of {sorted(ENDS)}")
    low, high = (_list(entry, end, float, shape[1]) for end in ("low", "high"))
    return RateClaim(get(entry, "name", str), low, high, {end: ends[end] for end in sorted(ENDS)})


def _list(entry: Mapping[str, Any], key: str, kind: type, count: int | None = None) -> tuple[Any, ...]:
    found = tuple(typed(each, f"decoys.{key}", kind) for each in get(entry, key, list))
    if count is not None and len(found) != count:
        raise InvalidInput(f"decoys.{key}", f"must be {count}, one for each intensity, but are {len(found)}")
    return found
