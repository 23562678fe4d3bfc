"""Synthetic time tags of a source of entangled pairs, with the truth about every one of them.

Pairs are emitted at random moments. Each side loses photons, adds background, measures in a random
basis, and writes down the time by a clock of its own; Alice's clock is the reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import Described, number
from noclone.core.seeds import stream
from noclone.link.timing import FWHM_PER_SIGMA

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

MOST_TAGS = 2e8
"""Expected tags of one party that fit into memory with what is drawn beside them."""


@dataclass(frozen=True, kw_only=True)
class BobsClock(Described):
    """What Bob's clock reads when Alice's reads t: t + offset + rate t + drift t^2 / 2.

    Examples
    --------
    >>> clock = BobsClock(offset_ps=5e8, rate=1e-5, drift_per_s=1e-9)
    >>> float(clock.delay_ps(100e12))  # 0.5 ms, 10 ppm of 100 s, and 5 microseconds
    1505000000.0
    """

    offset_ps: float = number("Bob's reading when Alice's is 0", 0.0, unit="ps", low=-1e12, high=1e12)
    rate: float = number("by how much his clock is faster, relative", 0.0, low=-1e-3, high=1e-3)
    drift_per_s: float = number("change of the rate", 0.0, unit="per second", low=-1e-6, high=1e-6)

    def delay_ps(self, alice_ps: Floats | float) -> Floats:
        """Return Bob's reading minus Alice's, at Alice's reading."""
        time = np.asarray(alice_ps, float)
        return self.offset_ps + self.rate * time + 0.5 * self.drift_per_s * 1e-12 * time**2


@dataclass(frozen=True, kw_only=True)
class TaggedPairs(Described):
    """A pair source and two stations with four detectors each, whose clicks are tagged.

    The channels of both are 0 and 1 for the bits of basis Z, 2 and 3 for those of basis X; pairs are
    correlated, so that equal bases give equal bits but for the error rate. Which detector a photon of the
    background meets is uniformly random. The defaults are 100 000 tags per second on each side, of which
    10 % belong to a pair that both detected.

    Examples
    --------
    >>> tags = TaggedPairs().sample(duration_s=1.0, seed=1)
    >>> len(tags.alice_ps), len(tags.true_alice)
    (100445, 10066)
    """

    pair_rate_hz: float = number("pairs emitted", 9.801e5, unit="per second", low=0, high=1e12)
    alice_efficiency: float = number("share of her photons that click", 1 / 9.9, low=0, high=1)
    bob_efficiency: float = number("share of his photons that click", 1 / 9.9, low=0, high=1)
    alice_background_hz: float = number("her other clicks, all detectors", 1e3, unit="Hz", low=0, high=1e9)
    bob_background_hz: float = number("his other clicks, all detectors", 1e3, unit="Hz", low=0, high=1e9)
    jitter_fwhm_ps: float = number(
        "full width at half maximum of the difference of a pair's two times; each side has 1/sqrt(2) of it",
        350.0,
        unit="ps",
        low=0,
        high=1e6,
    )
    qber: float = number("error rate of pairs, in both bases", 0.02, low=0, high=0.5)
    basis_prob: float = number("probability of basis Z at each side", 0.5, low=0, high=1)
    dead_time_ps: float = number("time a detector is blind after a click", 0.0, unit="ps", low=0, high=1e9)

    def sample(self, *, duration_s: float, seed: int, clock: BobsClock | None = None) -> SyntheticTags:
        """Draw the tags of both parties.

        Parameters
        ----------
        duration_s : float
            How long the source is on, by Alice's clock from 0 on.
        seed : int
            The same seed gives the same tags.
        clock : BobsClock, optional
            Of Bob; a perfect one if it is not given. What happens before it reads 0 is not tagged.

        Raises
        ------
        InvalidInput
            If the duration is not positive or too many tags are expected for the memory.
        """
        expected = duration_s * max(
            self.pair_rate_hz * self.alice_efficiency + self.alice_background_hz,
            self.pair_rate_hz * self.bob_efficiency + self.bob_background_hz,
        )
        if not duration_s > 0 or not expected <= MOST_TAGS:
            raise InvalidInput(
                "duration_s", f"must be above 0 with at most {MOST_TAGS:g} tags, but is {duration_s:g}"
            )
        clock = BobsClock() if clock is None else clock
        rng = stream(seed, "time tags")
        span = duration_s * 1e12
        sigma = self.jitter_fwhm_ps / FWHM_PER_SIGMA / np.sqrt(2)

        pairs = rng.poisson(self.pair_rate_hz * duration_s * self.alice_efficiency * self.bob_efficiency)
        emitted = rng.random(pairs) * span
        bases = (rng.random((2, pairs)) >= self.basis_prob).astype(np.uint8)
        bits = rng.integers(0, 2, (2, pairs), np.uint8)
        equal = bases[0] == bases[1]
        bits[1, equal] = bits[0, equal] ^ (rng.random(int(equal.sum())) < self.qber)

        sides = []
        for side, (efficiency, other, background) in enumerate(
            (
                (self.alice_efficiency, self.bob_efficiency, self.alice_background_hz),
                (self.bob_efficiency, self.alice_efficiency, self.bob_background_hz),
            )
        ):
            lone = rng.poisson(self.pair_rate_hz * duration_s * efficiency * (1 - other))
            stray = rng.poisson(background * duration_s)
            time = np.concatenate([emitted, rng.random(lone + stray) * span])
            time += rng.normal(0.0, sigma, len(time))
            if side == 1:
                time += clock.delay_ps(time)
            lone_basis = (rng.random(lone) >= self.basis_prob).astype(np.uint8)
            channel = np.concatenate(
                [
                    2 * bases[side] + bits[side],
                    2 * lone_basis + rng.integers(0, 2, lone, np.uint8),
                    rng.integers(0, 4, stray, np.uint8),
                ]
            )
            sides.append(_tagged(np.rint(time).astype(np.int64), channel, pairs, self.dead_time_ps))
        (alice_ps, alice_channel, alice_tag), (bob_ps, bob_channel, bob_tag) = sides
        both = (alice_tag >= 0) & (bob_tag >= 0)
        order = np.argsort(alice_tag[both], kind="stable")
        return SyntheticTags(
            alice_ps, alice_channel, bob_ps, bob_channel, alice_tag[both][order], bob_tag[both][order]
        )


@dataclass(frozen=True, eq=False)
class SyntheticTags:
    """The tags of both parties in the order of time, and which belong together.

    Attributes
    ----------
    alice_ps, bob_ps : int64 arrays, shapes (A,) and (B,)
        Times by the clock of each.
    alice_channel, bob_channel : uint8 arrays, shapes (A,) and (B,)
        Detectors.
    true_alice, true_bob : int64 arrays, shape (P,)
        Indices of the two tags of every pair that both detected, by ascending index of Alice's.
    """

    alice_ps: Ints
    alice_channel: Bytes
    bob_ps: Ints
    bob_channel: Bytes
    true_alice: Ints
    true_bob: Ints


def _tagged(time: Ints, channel: Bytes, pairs: int, dead_time_ps: float) -> tuple[Ints, Bytes, Ints]:
    """Return the tags that are registered, by time, and for each of the first `pairs` its tag or -1."""
    order = np.argsort(time, kind="stable")
    time, channel = time[order], channel[order]
    live = _live(time, channel, int(dead_time_ps))
    tag_of = np.full(pairs, -1, np.int64)
    kept = order[live]
    of_pair = kept < pairs
    tag_of[kept[of_pair]] = np.flatnonzero(of_pair)
    return time[live], channel[live], tag_of


@njit(cache=True, nogil=True)
def _live(time: Ints, channel: Bytes, dead_time_ps: int) -> NDArray[np.bool_]:
    """Say which clicks a tagger that began at 0 registers: none while its detector is blind."""
    live = np.zeros(len(time), np.bool_)
    ready = np.zeros(4, np.int64)
    for tag in range(len(time)):
        if time[tag] >= ready[channel[tag]]:
            live[tag] = True
            # Even without dead time a detector clicks at most once in a picosecond.
            ready[channel[tag]] = time[tag] + max(dead_time_ps, 1)
    return live
