"""How far a protocol's typical link gives a key."""

from __future__ import annotations

from noclone.protocols.protocol import Protocol, unlocked

LENGTHS_KM = (0, 1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 600, 800, 1000)
"""Where the reach of a protocol's typical link is looked for."""

LEAST_RATE = 1e-12
"""Bits per round below which no key is worth the name."""


def reach_km(protocol: type[Protocol]) -> float:
    """Return the longest of `LENGTHS_KM` at which the protocol's typical link gives a key.

    Examples
    --------
    >>> from noclone.protocols.bb84 import BB84
    >>> 200 <= reach_km(BB84) <= 500
    True
    """
    furthest = 0.0
    for length_km in LENGTHS_KM:
        link, example = protocol.typical(float(length_km))
        if float(unlocked(example).rate(link).rate_per_pulse) < LEAST_RATE:
            break
        furthest = float(length_km)
    return furthest
