"""CV-MDI: two Gaussian-modulated sources and an untrusted relay that detects both quadratures jointly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import number
from noclone.link import Fibre, Link
from noclone.link.coherent import CoherentReceiver, GaussianModulation, background_snu
from noclone.protocols.protocol import Free, Key, Moment, Protocol, Step
from noclone.protocols.quadratures import (
    batches,
    check_converter,
    detected,
    intervals,
    lossy,
    mean_products,
    mixture,
    normal,
)
from noclone.protocols.reverse_reconciliation import (
    INDEPENDENT,
    MOST_NOISE_SNU,
    VARYING,
    Interval,
    key_of,
)
from noclone.rates.cv_mdi import after_relay, relay_information
from noclone.rates.gaussian_modulation import holevo_heterodyne
from noclone.rates.security import Security

Floats = NDArray[np.float64]

SENDER_FIELDS = ("modulation_variance_snu", "excess_noise_snu", "clock_rate_hz")


@dataclass(frozen=True, kw_only=True)
class CVMDI(Protocol):
    """Coherent states from both parties, interfered and measured by a relay that may be Eve's.

    A round is one use of the relay: a symbol from either party, at the clock of Alice's source. Everything
    between the two laboratories is Eve's, the relay's detectors included. Alice's data are the reference, so
    that the relay should stand near her: with equal losses on both sides the key ends after a few
    kilometres. Where channels vary, the parties know the transmittances of every interval and make a key of
    it by itself; intervals that give none are dropped.

    Examples
    --------
    >>> link, protocol = CVMDI.typical(10)
    >>> 0.02 < float(protocol.rate(link).rate_per_pulse) < 0.3
    True
    """

    NAME: ClassVar[str] = "cv-mdi"
    TITLE: ClassVar[str] = "Continuous-variable measurement-device-independent QKD"
    FAMILY: ClassVar = "continuous-variable"
    STATIONS: ClassVar = {
        "alice": {GaussianModulation: SENDER_FIELDS},
        "middle": {
            CoherentReceiver: (
                "efficiency",
                "electronic_noise_snu",
                "adc_bits",
                "adc_range",
            ),
        },
        "bob": {GaussianModulation: SENDER_FIELDS},
    }
    BOUNDS: ClassVar[Mapping[str, Literal["asymptotic", "finite"]]] = {"asymptotic": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "draws both displacements from a Gaussian and sends the coherent state"),
        Step("bob", "does the same"),
        Step("channel", "attenuates both states and adds noise"),
        Step("middle", "measures the difference of one quadrature and the sum of the other"),
        Step("public", "the relay announces both outcomes"),
        Step("public", "some symbols are disclosed, from which the correlations are estimated"),
        Step("public", "Alice sends what Bob needs to correct his data to hers"),
    )
    FORMULA: ClassVar[str] = (
        r"K = \beta \log_2\frac{(a+1)(b+1)}{(a+1)(b+1)-c^2}"
        r" - g\!\left(\tfrac{\nu_1-1}{2}\right) - g\!\left(\tfrac{\nu_2-1}{2}\right)"
        r" + g\!\left(\tfrac{\nu_3-1}{2}\right),\quad \nu_3 = b - \frac{c^2}{a+1}"
    )
    SOURCE: ClassVar[str] = "Pirandola et al., Nat. Photonics 9, 397 (2015)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The bound is asymptotic; no finite key is claimed.",
        "Both parties send coherent states whose clocks and phases are locked to each other.",
        "The loss of the relay's detectors counts as loss of the channels: few per cent decide the reach.",
    )
    CAPACITY: ClassVar[Literal["repeaterless", "single-repeater"]] = "single-repeater"
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("alice.modulation_variance_snu", 1.0, 200.0, "log"),
        Free("bob.modulation_variance_snu", 1.0, 200.0, "log"),
    )

    reconciliation_efficiency: float = number(
        "share beta of the mutual information that reconciliation yields", 0.97, low=0, high=1
    )
    frame_error_rate: float = number(
        "share of frames that reconciliation gives up", 0.0, low=0, high=1, high_open=True
    )

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with the relay next to Alice and detectors of 98 %."""
        source = GaussianModulation(modulation_variance_snu=30.0, excess_noise_snu=0.005, clock_rate_hz=1e7)
        link = Link(
            alice=source,
            channels=(Fibre(length_km=0.0), Fibre(length_km=length_km)),
            middle=CoherentReceiver(efficiency=0.98, electronic_noise_snu=0.005),
            bob=source,
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse, besides other devices, unequal clocks and a converter that saturates."""
        super().check_link(link)
        if np.any(link.alice.clock_rate_hz != link.bob.clock_rate_hz):
            raise InvalidInput(
                "bob.clock_rate_hz", "must be Alice's, because their symbols meet at the relay"
            )
        for _, through, noise in self._conditions(link):
            sent = sum(
                each * sender.modulation_variance_snu / 2
                for each, sender in zip(through, (link.alice, link.bob), strict=True)
            )
            check_converter("middle", link.middle, 1 + sent + noise)

    @staticmethod
    def _conditions(link: Link) -> list[tuple[float, tuple[Any, Any], Any]]:
        """Return share, transmittances to a click and noise of an outcome for every interval."""
        relay = link.middle
        background = background_snu(link.channel_a, "channel_a") + background_snu(link.channel_b, "channel_b")
        rows = []
        for share, channels in link.segments():
            through = tuple(relay.efficiency * each for each in channels)
            sent = (
                through[0] * link.alice.excess_noise_snu
                + through[1] * link.bob.excess_noise_snu
                + relay.efficiency * background
            )
            rows.append((share, (through[0], through[1]), sent / 2 + relay.added_noise_snu))
        return rows

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key, from every interval of the channels by itself; see `Protocol.key`."""
        rows = []
        for share, through, noise in self._conditions(link):
            state = after_relay(
                link.alice.thermal_variance_snu,
                link.bob.thermal_variance_snu,
                *through,
                np.minimum(noise, MOST_NOISE_SNU),
            )
            rows.append(Interval(share, relay_information(state), holevo_heterodyne(state, 1.0)))
        assumptions = [
            INDEPENDENT,
            "The sources are calibrated and send nothing but what is modulated; the relay may be Eve's.",
        ]
        if len(rows) > 1:
            assumptions.append(VARYING)
        return key_of(
            rows,
            self.reconciliation_efficiency,
            self.frame_error_rate,
            1.0,
            2,
            Security("collective", "asymptotic", tuple(assumptions), self.SOURCE),
            np.maximum(link.alice.thermal_variance_snu, link.bob.thermal_variance_snu),
        )

    def statistics(self, link: Link) -> Mapping[str, Floats | Moment]:
        """Return the second moments of symbols and announced outcomes, averaged over both quadratures.

        The relay's second outcome, the sum, counts with a minus sign beside Bob's symbols.
        """
        own = (link.alice.modulation_variance_snu, link.bob.modulation_variance_snu)
        shares, squares = [], []
        products: tuple[list[Any], list[Any]] = ([], [])
        for share, through, noise in self._conditions(link):
            shares.append(share)
            relay = 1 + noise + (through[0] * own[0] + through[1] * own[1]) / 2
            squares.append((relay, relay**2))
            for each, variance, column in zip(through, own, products, strict=True):
                covariance = np.sqrt(each / 2) * variance
                column.append((covariance, (variance * relay + covariance**2) / 2))
        return {
            "relay * relay": mixture(shares, *zip(*squares, strict=True)),
            "alice * relay": mixture(shares, *zip(*products[0], strict=True)),
            "bob * relay": mixture(shares, *zip(*products[1], strict=True)),
        }

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Draw both displacements, add every noise, interfere, digitise, and return the sample means."""

        def play(size: int) -> dict[str, Floats]:
            sent, arrived = [], []
            ways = zip((link.alice, link.bob), link.channels, intervals(rng, link, size), strict=True)
            for sender, channel, through in ways:
                symbol = normal(rng, sender.modulation_variance_snu, (2, size))
                light = (
                    symbol + rng.standard_normal((2, size)) + normal(rng, sender.excess_noise_snu, (2, size))
                )
                sent.append(symbol)
                arrived.append(lossy(rng, light, through) + normal(rng, background_snu(channel), (2, size)))
            ports = np.stack([arrived[0][0] - arrived[1][0], arrived[0][1] + arrived[1][1]]) / np.sqrt(2)
            seen = detected(rng, link.middle, ports)
            signs = np.array([[-1.0], [1.0]])
            pairs = {
                "relay * relay": seen * seen,
                "alice * relay": sent[0] * seen,
                "bob * relay": sent[1] * signs * seen,
            }
            return {name: value.mean(axis=0) for name, value in pairs.items()}

        return mean_products((play(size) for size in batches(rounds)), rounds)
