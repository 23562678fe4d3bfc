"""BBM92 with a continuously pumped source: the parties tell pairs apart by their time tags."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.link import Fibre, Link, ThresholdDetectors
from noclone.link.pair_sources import ContinuousPairSource
from noclone.link.timing import FWHM_PER_SIGMA
from noclone.protocols.bbm92 import BBM92, RECEIVER
from noclone.protocols.protocol import Floats, Free, Key, Step
from noclone.rates.continuous_pairs import coincidences

MOST_PER_WINDOW = 0.1
"""Detections of a station per window: so few that less than a tenth of them has another one in its window,
which is how far a detection that lies in two coincidences and counts twice can raise the count."""

CHUNK_EVENTS = 500_000
"""Pairs and dark counts that are held in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class ContinuousBBM92(BBM92):
    """BBM92 with a continuous source of polarisation-entangled pairs.

    One round is one coincidence window, which the parties choose: a wide one catches more of the pairs
    that jitter spreads, and more accidental coincidences. To compare windows, compare bits per second, not
    per round. There is no gate: `gate_width_s` only says to which time `dark_count_prob` belongs. Both
    detectors' jitter and what the channels add to the length of a pulse spread the two arrivals.

    Examples
    --------
    >>> link, protocol = ContinuousBBM92.typical(50.0)
    >>> bool(protocol.rate(link).rate_bps > 1e5)
    True
    """

    NAME: ClassVar[str] = "continuous-bbm92"
    TITLE: ClassVar[str] = "BBM92 with continuous down-conversion"
    STATIONS: ClassVar[Any] = {
        "alice": {ThresholdDetectors: RECEIVER},
        "middle": {
            ContinuousPairSource: (
                "pair_rate_hz",
                "coincidence_window_s",
                "timing_spread_s",
                "polarisation_error",
            )
        },
        "bob": {ThresholdDetectors: RECEIVER},
    }
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("middle", "sends one photon of each pair to Alice and one to Bob, at random times"),
        Step("alice", "measures in a random basis and notes the time of each detection"),
        Step("bob", "measures in a random basis and notes the time of each detection"),
        Step("public", "both announce times and bases; detections closer than the window are coincidences"),
        Step("public", "coincidences with equal bases are kept, and errors are estimated"),
    )
    FORMULA: ClassVar[str] = (
        r"R = \left[p_Z^2 + (1-p_Z)^2\right] CC \left[1 - f h(E) - h(E)\right],\quad "
        r"CC = B \eta_A \eta_B\, \mathrm{erf}\!\left(\sqrt{\ln 2}\, t_{CC} / t_\Delta\right) + S_A S_B t_{CC}"
    )
    SOURCE: ClassVar[str] = "Neumann et al., PRA 104, 022406 (2021)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "a detection that lies in two coincidences counts twice, so that more than 0.1 detections of a "
        "station per window are refused",
        "bits per round depend on the coincidence window; rates must be compared per second",
        "dead time and after-pulses are not modelled",
    )
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("middle.pair_rate_hz", 1e4, 1e12, "log"),
        Free("middle.coincidence_window_s", 1e-12, 1e-7, "log"),
        Free("protocol.basis_prob", 0.5, 0.999),
    )

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a source in the middle of a fibre and superconducting detectors at both ends."""
        station = ThresholdDetectors(
            efficiency=0.8, dark_count_prob=1e-7, misalignment=0.005, jitter_s=5.5e-11
        )
        half = Fibre(length_km=length_km / 2)
        source = ContinuousPairSource(
            pair_rate_hz=9e8, coincidence_window_s=9.5e-11, timing_spread_s=2e-11, polarisation_error=0.005
        )
        return Link(alice=station, channels=(half, half), middle=source, bob=station), cls(basis_prob=0.9)

    def check_link(self, link: Link) -> None:
        """Refuse, besides other devices, windows that hold many detections of a station."""
        super().check_link(link)
        most = float(np.max(self._detections(link)))
        if most > MOST_PER_WINDOW:
            raise InvalidInput(
                "middle.coincidence_window_s",
                f"must be so short that it holds at most {MOST_PER_WINDOW:g} detections of a station, "
                f"but holds {most:.4g}",
            )

    @staticmethod
    def _detections(link: Link) -> Floats:
        """Return the mean number of detections in a window at the busier station, when it has most light."""
        source, most = link.middle, np.asarray(0.0)
        for side, name in enumerate(("alice", "bob")):
            station = link.detectors_with_background(name)
            for _, ways in link.segments():
                singles = source.pair_rate_hz * ways[side] * station.efficiency + dark_rate_hz(station)
                most = np.maximum(most, singles * source.coincidence_window_s)
        return most

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key; none where a window holds many detections, which a link of its own refuses."""
        key, few = super().key(link, bound, pulses), self._detections(link) <= MOST_PER_WINDOW
        return dataclasses.replace(
            key, terms={name: np.where(few, value, 0.0) for name, value in key.terms.items()}
        )

    def _coincidences(self, link: Link) -> tuple[Floats, Floats]:
        """Return the probabilities that a window holds a coincidence, and one with unequal bits."""
        source = link.middle
        alice, bob = (link.detectors_with_background(name) for name in ("alice", "bob"))
        spread = np.sqrt(source.timing_spread_s**2 + alice.jitter_s**2 + bob.jitter_s**2)
        visible = 1.0 - 2.0 * np.asarray(source.polarisation_error, float)
        for station in (alice, bob):
            visible = visible * (1.0 - 2.0 * np.asarray(station.misalignment, float))
        gain: Any = 0.0
        errors: Any = 0.0
        for share, (to_a, to_b) in link.segments():
            true, accidental = coincidences(
                source.pair_rate_hz,
                to_a * alice.efficiency,
                to_b * bob.efficiency,
                dark_rate_hz(alice),
                dark_rate_hz(bob),
                source.coincidence_window_s,
                spread,
                late_a=(alice.jitter_tail_share, alice.jitter_tail_s),
                late_b=(bob.jitter_tail_share, bob.jitter_tail_s),
            )
            gain = gain + share * (true + accidental) * source.coincidence_window_s
            errors = errors + share * ((1 - visible) * true + accidental) / 2 * source.coincidence_window_s
        return np.asarray(gain), np.asarray(errors)

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play a stretch of time: pairs at random moments, loss, jitter, dark counts, coincidences."""
        segments = link.segments()
        events = (
            rounds
            * link.middle.coincidence_window_s
            * (
                link.middle.pair_rate_hz
                + sum(dark_rate_hz(link.detectors_with_background(name)) for name in ("alice", "bob"))
            )
        )
        chunks = int(np.ceil(events / CHUNK_EVENTS)) or 1
        counts = np.zeros(3)
        for share, ways in segments:
            duration = share * rounds * link.middle.coincidence_window_s / chunks
            for _ in range(chunks):
                counts += self._stretch(link, duration, float(ways[0]), float(ways[1]), rng)
        return dict(zip(("coincidence", "sifted", "error"), counts.tolist(), strict=True))

    def _stretch(
        self, link: Link, duration_s: float, to_a: float, to_b: float, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Return the coincidences of a stretch of time, those with equal bases, and their errors."""
        source = link.middle
        pairs = rng.poisson(source.pair_rate_hz * duration_s)
        emitted = rng.random(pairs) * duration_s
        hidden = rng.integers(0, 2, (2, pairs))  # what either side would see in its Z and its X
        flipped = rng.random(pairs) < source.polarisation_error
        sides = []
        for name, channel, transmittance, swap in (
            ("alice", link.channel_a, to_a, np.zeros(pairs, bool)),
            ("bob", link.channel_b, to_b, flipped),
        ):
            station = getattr(link, name)
            seen = rng.random(pairs) < transmittance * station.efficiency
            background = link.noise_photons_per_s(name) * station.efficiency
            dark = rng.poisson((dark_rate_hz(station) + background) * duration_s)
            # Half of the variance of the source's spread, which is that of the difference, is of each side.
            spreads = (source.timing_spread_s / np.sqrt(2), channel.pulse_spread_s(), station.jitter_s)
            delays = [rng.normal(0.0, width / FWHM_PER_SIGMA, seen.sum()) for width in spreads]
            late = rng.random(seen.sum()) < station.jitter_tail_share
            delays.append(late * rng.exponential(station.jitter_tail_s, seen.sum()))
            arrived = emitted[seen] + sum(delays)
            times = np.concatenate([arrived, rng.random(dark) * duration_s])
            basis = (rng.random(times.size) > self.basis_prob).astype(int)
            wrong = rng.random(seen.sum()) < station.misalignment
            bit = hidden[basis[: wrong.size], np.flatnonzero(seen)] ^ swap[seen] ^ wrong
            bits = np.concatenate([bit, rng.integers(0, 2, dark)])
            order = np.argsort(times)
            sides.append((times[order], basis[order], bits[order]))
        first, second = close_pairs(sides[0][0], sides[1][0], source.coincidence_window_s / 2)
        kept = sides[0][1][first] == sides[1][1][second]
        wrong = kept & (sides[0][2][first] != sides[1][2][second])
        return np.array([first.size, kept.sum(), wrong.sum()])


def dark_rate_hz(station: ThresholdDetectors) -> Any:
    """Return the dark counts per second of both detectors of a station, background included if it has any."""
    return -2.0 * np.log1p(-np.asarray(station.dark_count_prob, float)) / station.gate_width_s


def close_pairs(
    times_a: Floats, times_b: Floats, distance: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of all pairs of times, each list in ascending order, that are no further apart.

    Examples
    --------
    >>> first, second = close_pairs(np.array([0.0, 5.0]), np.array([0.4, 4.5, 5.2, 9.0]), 0.5)
    >>> first.tolist(), second.tolist()
    ([0, 1, 1], [0, 1, 2])
    """
    low = np.searchsorted(times_b, times_a - distance, "left")
    many = np.searchsorted(times_b, times_a + distance, "right") - low
    first = np.repeat(np.arange(times_a.size), many)
    within = np.arange(first.size) - np.repeat(np.cumsum(many) - many, many)
    return first, low[first] + within
