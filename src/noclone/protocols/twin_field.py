"""Twin-field key distribution: the key is the phase of weak coherent pulses that interfere in the middle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, number
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.arms import arms, averaged, check_clocks, drawn_arms
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Stations, Step
from noclone.rates.interference import matched_clicks, random_phase_click
from noclone.rates.security import Security
from noclone.rates.shor_preskill import key_terms
from noclone.rates.twin_field import amplitude_sums, phase_error
from noclone.rates.twin_field_decoys import yield_ceilings
from noclone.sampling.interference import port_clicks

CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True)
class TwinField(Protocol):
    """Twin-field key distribution in the form of Curty, Azuma and Lo.

    A round is one pulse of each party, at Alice's clock. In a key round both send a coherent state of
    their first intensity with phase 0 or pi, their bit; in a test round each sends one of its
    intensities with a random phase. Almost all rounds are key rounds. The middle announces rounds in
    which one detector clicked, and which.

    The middle's `misalignment` is sin^2(phi/2) of the phase phi between the parties' references. It spoils
    key rounds only, as phases of test rounds are random anyhow.

    Examples
    --------
    >>> link, protocol = TwinField.typical(300.0)
    >>> rate = protocol.rate(link)
    >>> bool(rate.rate_per_pulse > rate.plob)
    True
    """

    NAME: ClassVar[str] = "twin-field"
    TITLE: ClassVar[str] = "Twin-field QKD (Curty-Azuma-Lo)"
    FAMILY: ClassVar[Family] = "relay"
    STATIONS: ClassVar[Stations] = {
        "alice": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
        "middle": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
        "bob": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
    }
    BOUNDS: ClassVar[Mapping[str, Literal["asymptotic", "finite"]]] = {
        "infinite-decoys": "asymptotic",
        "decoys": "asymptotic",
    }
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "in a key round sends a coherent state with phase 0 or pi, her bit; Bob does the same"),
        Step("alice", "in a test round sends one of several intensities with a random phase; so does Bob"),
        Step("middle", "lets both pulses interfere and announces when one detector alone clicks, and which"),
        Step("public", "both say which rounds were for the key; Bob flips his bit if the dark port clicked"),
        Step("public", "intensities and announcements of test rounds are disclosed; they bound phase errors"),
    )
    FORMULA: ClassVar[str] = (
        r"R = p_{click}\,[1 - f\,h(e_X) - h(e_Z)],\quad "
        r"e_Z \le \tfrac{2}{p_{click}} \sum_{j=0,1} "
        r"\Big[ \sum_{n,m \equiv j\,(2)} c_n c_m \sqrt{Y_{nm}} \Big]^2"
    )
    SOURCE: ClassVar[str] = "Curty, Azuma, Lo, npj Quantum Inf. 5, 64 (2019), protocol 3"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "Only the asymptotic rate is given; finite keys need the analysis of Curras-Lorenzo et al. (2021).",
        "The bound decoys uses the first intensity, with a random phase, and all weaker ones for tests.",
        "Lasers must be phase-locked or tracked; time spent on reference light is not subtracted.",
        "Phases of test rounds must be uniformly random; discrete ones need another proof.",
    )
    CAPACITY: ClassVar[Literal["repeaterless", "single-repeater"]] = "single-repeater"
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("alice.intensities[0]", 1e-3, 1.0, "log"),
        Free("bob.intensities[0]", 1e-3, 1.0, "log"),
    )

    bound: str = choice("how Fock yields are estimated", "infinite-decoys", ("infinite-decoys", "decoys"))
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)
    polarisation_angle_rad: float = number(
        "angle between the parties' polarisations at the middle", 0.0, unit="rad", low=0, high=np.pi / 2
    )

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return superconducting detectors halfway along a fibre and the best intensity for most lengths."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.036,), clock_rate_hz=1e9),
            channels=(Fibre(length_km=length_km / 2), Fibre(length_km=length_km / 2)),
            middle=ThresholdDetectors(efficiency=0.7, dark_count_prob=1e-9, misalignment=0.02),
            bob=WeakCoherentSource(intensities=(0.036,), clock_rate_hz=1e9),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse unequal clocks, too."""
        super().check_link(link)
        check_clocks(link)

    def _key_clicks(self, link: Link) -> tuple[Floats, Floats]:
        """Return how often one detector alone clicks in a key round: the right one, the wrong one."""
        detectors = link.detectors("middle")
        visibility = (1 - 2 * detectors.misalignment) * np.cos(self.polarisation_angle_rad)
        mu_a, mu_b = link.alice.intensities[0], link.bob.intensities[0]
        right, wrong = averaged(
            link, lambda a, b: matched_clicks(a * mu_a, b * mu_b, visibility, detectors.dark_count_prob)
        )
        return right, wrong

    def _test_clicks(self, link: Link, mu_a: Floats | float, mu_b: Floats | float) -> Floats:
        """Return how often one detector alone clicks in a test round of these intensities."""
        overlap = np.cos(self.polarisation_angle_rad)
        dark = link.detectors("middle").dark_count_prob
        (click,) = averaged(link, lambda a, b: (random_phase_click(a * mu_a, b * mu_b, dark, overlap),))
        return np.asarray(click)

    def _phase_error(self, link: Link, bound: str, clicks: Floats) -> Floats:
        mu_a, mu_b = link.alice.intensities, link.bob.intensities
        if bound == "infinite-decoys":
            shares, a, b = zip(*arms(link), strict=True)
            dark, overlap = link.detectors("middle").dark_count_prob, np.cos(self.polarisation_angle_rad)
            return phase_error(
                mu_a[0], mu_b[0], clicks / 2, np.array(shares), np.stack(a), np.stack(b), dark, overlap
            )
        if min(len(mu_a), len(mu_b)) < 2:
            raise InvalidInput("protocol.bound", "decoys needs at least 2 intensities at each party")
        gains = [[self._test_clicks(link, x, y) / 2 for y in mu_b] for x in mu_a]
        flat = [value for row in gains for value in row]
        shape = np.broadcast_shapes(np.shape(clicks), *(np.shape(value) for value in (*mu_a, *mu_b, *flat)))
        grid = [np.broadcast_to(value, shape) for value in (clicks, *mu_a, *mu_b, *flat)]
        result = np.empty(shape)
        for point in np.ndindex(shape):
            click, *rest = (float(value[point]) for value in grid)
            x, y, seen = np.split(np.array(rest), [len(mu_a), len(mu_a) + len(mu_b)])
            ceilings = yield_ceilings(x, y, seen.reshape(len(x), len(y)))
            total = amplitude_sums(x[0], y[0], ceilings)
            result[point] = min(0.5, 2 * total / click) if click > 0 else 0.5
        return result

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the asymptotic key; `decoys` solves linear programmes at every point of the grid."""
        right, wrong = self._key_clicks(link)
        clicks = right + wrong
        qber = np.divide(wrong, clicks, out=np.zeros_like(clicks), where=clicks > 0)
        error = self._phase_error(link, bound, clicks)
        return Key(
            terms=key_terms(clicks, error, clicks, qber, self.f_ec),
            sifted=clicks,
            qber=qber,
            security=Security(
                "coherent",
                "asymptotic",
                (
                    "The phases of test pulses are uniformly random and unknown to Eve.",
                    "Infinitely many test rounds show the Fock yields."
                    if bound == "infinite-decoys"
                    else "Infinitely many test rounds show the gain of every pair of intensities.",
                    "Nothing is assumed of the middle.",
                ),
                "Curty, Azuma, Lo, npj Quantum Inf. 5, 64 (2019)"
                + (
                    "" if bound == "infinite-decoys" else "; Grasselli, Curty, New J. Phys. 21, 073001 (2019)"
                ),
            ),
            bounds={"phase_error": error},
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return single clicks of key rounds, by whether they are right, and of each kind of test round."""
        right, wrong = self._key_clicks(link)
        tests = {
            f"one click | test {i},{j}": self._test_clicks(link, x, y)
            for i, x in enumerate(link.alice.intensities)
            for j, y in enumerate(link.bob.intensities)
        }
        return {"right click | key": right, "wrong click | key": wrong, **tests}

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play this many key rounds, and as many test rounds of each pair of intensities."""
        detectors, angle = link.detectors("middle"), self.polarisation_angle_rad
        dark, offset = detectors.dark_count_prob, 2 * np.arcsin(np.sqrt(detectors.misalignment))
        counts: Counter[str] = Counter()
        for n, a, b in drawn_arms(link, rounds, CHUNK, rng):
            bits = rng.integers(0, 2, (2, n))
            field_a = np.sqrt(a * link.alice.intensities[0]) * (1 - 2 * bits[0])
            field_b = np.sqrt(b * link.bob.intensities[0]) * (1 - 2 * bits[1]) * np.exp(1j * offset)
            bright, other = port_clicks(field_a + 0j, field_b, dark, rng, angle)
            same = bits[0] == bits[1]
            one = bright ^ other
            counts["right click | key"] += int(np.count_nonzero(one & (bright == same)))
            counts["wrong click | key"] += int(np.count_nonzero(one & (bright != same)))
            for i, x in enumerate(link.alice.intensities):
                for j, y in enumerate(link.bob.intensities):
                    turn_a, turn_b = np.exp(2j * np.pi * rng.random((2, n)))
                    bright, other = port_clicks(
                        np.sqrt(a * x) * turn_a, np.sqrt(b * y) * turn_b, dark, rng, angle
                    )
                    counts[f"one click | test {i},{j}"] += int(np.count_nonzero(bright ^ other))
        return counts
