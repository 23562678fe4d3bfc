"""The two arms of a relay whose middle has threshold detectors: what each protocol over them needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.link import Link

Floats = NDArray[np.float64]


def check_clocks(link: Link) -> None:
    """Raise `InvalidInput` unless both parties send at the same rate."""
    if np.any(np.not_equal(link.alice.clock_rate_hz, link.bob.clock_rate_hz)):
        raise InvalidInput(
            "bob.clock_rate_hz",
            f"must equal alice.clock_rate_hz, because their pulses meet, but is {link.bob.clock_rate_hz:g}",
        )


def arms(link: Link) -> list[tuple[float, Floats, Floats]]:
    """Return (share of the rounds, transmittance of Alice's arm, of Bob's), detection efficiency included."""
    efficiency = link.detectors("middle").efficiency
    return [(share, a * efficiency, b * efficiency) for share, (a, b) in link.segments()]


def averaged(link: Link, probabilities: Callable[[Floats, Floats], tuple[Floats, ...]]) -> tuple[Any, ...]:
    """Return probabilities that depend on the transmittances of both arms, averaged over their variation."""
    segments = arms(link)
    if len(segments) == 1:  # copies of a large grid would cost as much as its probabilities
        ((_, a, b),) = segments
        return probabilities(a, b)
    parts = [[share * value for value in probabilities(a, b)] for share, a, b in segments]
    return tuple(sum(each) for each in zip(*parts, strict=True))


def drawn_arms(
    link: Link, rounds: int, chunk: int, rng: np.random.Generator
) -> Iterator[tuple[int, Floats, Floats]]:
    """Yield (n, transmittances of Alice's arm (n,), of Bob's) for chunks of rounds, drawn round by round."""
    shares, a, b = (np.array(values, float) for values in zip(*arms(link), strict=True))
    for start in range(0, rounds, chunk):
        n = min(chunk, rounds - start)
        which = rng.choice(shares.size, n, p=shares / shares.sum()) if shares.size > 1 else np.zeros(n, int)
        yield n, a[which], b[which]
