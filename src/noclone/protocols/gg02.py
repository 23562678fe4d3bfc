"""GG02: Gaussian-modulated coherent states, homodyne or heterodyne detection, reverse reconciliation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.fields import choice, number
from noclone.link import Fibre, Link
from noclone.link.coherent import CoherentReceiver, GaussianModulation
from noclone.protocols.protocol import Free, Key, Moment, Protocol, Step
from noclone.protocols.quadratures import (
    batches,
    check_converter,
    conditions,
    mean_products,
    normal,
    outcomes,
    symbol_moments,
)
from noclone.protocols.reverse_reconciliation import (
    INDEPENDENT,
    MOST_NOISE_SNU,
    OSCILLATOR,
    VARYING,
    Interval,
    key_of,
    receiver_assumption,
)
from noclone.rates import cv_finite
from noclone.rates.gaussian_modulation import (
    after_channel,
    behind_detector,
    gaussian_information,
    heterodyne_noise,
    holevo_heterodyne,
    holevo_homodyne,
    homodyne_noise,
    signal_to_noise,
)
from noclone.rates.security import Security

Floats = NDArray[np.float64]

RECEIVER_FIELDS = (
    "detection",
    "efficiency",
    "electronic_noise_snu",
    "trusted",
    "adc_bits",
    "adc_range",
)
SOURCES = {
    "asymptotic": "Lodewyck et al., PRA 76, 042305 (2007); Fossier et al., J. Phys. B 42, 114014 (2009)",
    "leverrier-2010": "Leverrier, Grosshans, Grangier, PRA 81, 062343 (2010)",
    "pirandola-2021": "Pirandola, PRR 3, 043014 (2021); Mountogiannakis et al., PRR 4, 013099 (2022)",
}


def near_best_modulation(length_km: float) -> float:
    """Return a modulation variance near the best for a fibre of .2 dB/km and a reconciliation of 95 %."""
    return min(40.0, 3.5 + 3500.0 / max(length_km, 1.0) ** 2)


@dataclass(frozen=True, kw_only=True)
class GG02(Protocol):
    """Coherent states with Gaussian-modulated quadratures, of which Bob measures one or both.

    A round is one symbol, at the clock of the source. With homodyne detection Bob measures a random
    quadrature and Alice keeps that one (GG02); with heterodyne detection both are used (no switching). The
    excess noise of the source is referred to the channel's input and Eve's, with all of the channel; the
    receiver's loss and noise are Eve's unless it is trusted.

    Where a channel varies, the parties know the transmittance of every interval, estimate it there and make a
    key of it by itself: K = sum of share x K(T), never K at the mean T. Intervals that give none are dropped.

    Examples
    --------
    >>> link, protocol = GG02.typical(25)
    >>> 0.05 < float(protocol.rate(link).rate_per_pulse) < 0.15
    True
    """

    NAME: ClassVar[str] = "gg02"
    TITLE: ClassVar[str] = "GG02: Gaussian-modulated coherent states"
    FAMILY: ClassVar = "continuous-variable"
    STATIONS: ClassVar = {
        "alice": {
            GaussianModulation: ("modulation_variance_snu", "excess_noise_snu", "clock_rate_hz"),
        },
        "bob": {CoherentReceiver: RECEIVER_FIELDS},
    }
    BOUNDS: ClassVar[Mapping[str, Literal["asymptotic", "finite"]]] = {
        "asymptotic": "asymptotic",
        "leverrier-2010": "finite",
        "pirandola-2021": "finite",
    }
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "draws both displacements from a Gaussian and sends the coherent state"),
        Step("channel", "attenuates the state and adds noise"),
        Step("bob", "measures a random quadrature (homodyne) or both (heterodyne)"),
        Step("public", "Bob announces which quadrature he measured; Alice keeps that displacement"),
        Step("public", "some pairs are disclosed, from which transmittance and noise are estimated"),
        Step("public", "Bob sends what Alice needs to correct her data to his"),
    )
    FORMULA: ClassVar[str] = (
        r"K = \beta I_{AB} - \chi_{BE},\quad"
        r" I_{AB} = \tfrac{k}{2}\log_2\frac{V+\chi_{\rm tot}}{1+\chi_{\rm tot}},"
        r"\quad \chi_{BE} = \sum_{i\le 2} g\!\left(\tfrac{\lambda_i-1}{2}\right)"
        r" - \sum_{i=3,4} g\!\left(\tfrac{\lambda_i-1}{2}\right)"
    )
    SOURCE: ClassVar[str] = SOURCES["asymptotic"]
    LIMITS: ClassVar[tuple[str, ...]] = (
        "Excess noise of a few thousandths of a shot-noise unit decides the reach; it must be measured.",
        "An untrusted receiver's electronic noise counts as excess noise and usually ends the key.",
        "The finite keys hold against collective attacks, not against coherent attacks on finite blocks.",
        "leverrier-2010 is not composable; pirandola-2021 is, but takes Gaussian tails for its estimates.",
        "Both finite bounds charge the most that Eve can know at either end of the estimated transmittance, "
        "which is more than the published formulas do at transmittances below about one half.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("alice.modulation_variance_snu", 0.1, 50.0, "log"),
        Free("protocol.estimation_share", 0.01, 0.9, "log"),
    )

    reconciliation_efficiency: float = number(
        "share beta of the mutual information that reconciliation yields", 0.95, low=0, high=1
    )
    frame_error_rate: float = number(
        "share of frames that reconciliation gives up", 0.0, low=0, high=1, high_open=True
    )
    estimation_share: float = number(
        "share of the symbols that is disclosed in finite blocks",
        0.1,
        low=0,
        high=1,
        low_open=True,
        high_open=True,
    )
    key_bits_per_quadrature: int = number(
        "digits to which outcomes are reduced before privacy amplification, for pirandola-2021",
        6,
        unit="bits",
        low=1,
        high=32,
        whole=True,
    )
    bound: str = choice("how Eve's share is bounded", "asymptotic", tuple(BOUNDS))
    eps_sec: float = number("secrecy failure probability", 1e-9, low=0, high=0.1, low_open=True)
    eps_cor: float = number("correctness failure probability", 1e-15, low=1e-30, high=0.1)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link at 100 MHz with a calibrated homodyne receiver."""
        link = Link(
            alice=GaussianModulation(
                modulation_variance_snu=near_best_modulation(length_km),
                excess_noise_snu=0.005,
                clock_rate_hz=1e8,
            ),
            channel=Fibre(length_km=length_km),
            bob=CoherentReceiver(
                efficiency=0.65, electronic_noise_snu=0.05, trusted=True, adc_bits=12, adc_range=32.0
            ),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse, besides other devices, a converter that what arrives would saturate."""
        super().check_link(link)
        gain = link.bob.efficiency / link.bob.quadratures
        variance = link.alice.thermal_variance_snu - 1
        for _, through, noise in conditions(link):
            check_converter(
                "bob", link.bob, 1 + link.bob.added_noise_snu + gain * (through * variance + noise)
            )

    def used_quadratures(self, link: Link) -> int:
        """Return how many of Bob's outcomes of a kept round carry key."""
        return int(link.bob.quadratures)

    def kept_share(self, link: Link) -> float:
        """Return the share of rounds that are kept."""
        return 1.0

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key, from every interval of the channel by itself; see `Protocol.key`."""
        kept = self.kept_share(link)
        parts = conditions(link)
        rows = []
        for share, through, noise in parts:
            block = None if pulses is None else np.asarray(pulses) * share * kept
            failures = self.eps_sec / len(parts), self.eps_cor / len(parts)
            counted = np.minimum(noise, MOST_NOISE_SNU)
            values = self._interval(link, through, counted, bound, block, *failures)
            rows.append(Interval(share, *values))
        return key_of(
            rows,
            self.reconciliation_efficiency,
            self.frame_error_rate,
            kept * (1.0 if self.BOUNDS[bound] == "asymptotic" else 1 - self.estimation_share),
            self.used_quadratures(link),
            self._security(link, bound, pulses is not None, len(parts) > 1),
            link.alice.thermal_variance_snu,
        )

    def _interval(
        self, link: Link, through: Any, noise: Any, bound: str, block: Any, eps: Any, eps_cor: Any
    ) -> tuple[Any, Any, Any]:
        """Return information, Eve's share and the cost of a finite block for one interval."""
        source, bob = link.alice, link.bob
        detector = (homodyne_noise, heterodyne_noise)[bob.quadratures - 1](
            bob.efficiency, bob.added_noise_snu
        )
        modulation, signal = source.modulation_variance_snu, source.squeezed_variance_snu
        used = self.used_quadratures(link)
        snr = signal_to_noise(modulation, signal, through, noise, detector)
        information = gaussian_information(snr, used)
        if block is None:
            return information, self._holevo(link, through, noise), 0.0
        success = 1 - self.frame_error_rate
        disclosed, keyed = block * self.estimation_share, block * (1 - self.estimation_share)
        if bound == "leverrier-2010":
            # A third each for smoothing, privacy amplification and the three ends of the estimates.
            deviations = cv_finite.gaussian_deviations(eps / 9)
            penalty = cv_finite.leverrier_penalty(keyed, 2**used, eps / 3, eps / 3)
        else:
            # A fifth each for smoothing, hashing and the three ends of the estimates.
            deviations = cv_finite.tail_deviations(eps / 5)
            bits = used * self.key_bits_per_quadrature
            penalty = cv_finite.aep_penalty(bits, success, eps / 5) / np.sqrt(keyed)
            penalty = penalty - cv_finite.hashing_term(success, eps / 5, eps / 5) / keyed
        # A squeezed signal lowers the noise that is seen by (1 - s) T, of which T may be its largest.
        squeezed = 1 - np.asarray(signal)
        low, high, most = cv_finite.possible_channels(
            through,
            noise - through * squeezed,
            modulation,
            bob.efficiency / bob.quadratures,
            bob.added_noise_snu,
            disclosed * used,
            deviations,
        )
        high = np.minimum(high, 1.0)
        most = most + high * squeezed
        holevo = np.maximum.reduce([self._holevo(link, each, most) for each in (low, through, high)])
        return information, holevo, penalty - np.log2(eps_cor) / keyed

    def _holevo(self, link: Link, through: Any, noise: Any) -> Floats:
        """Return Eve's information on the outcomes of a kept round."""
        bob = link.bob
        ports = bob.quadratures
        state = after_channel(link.alice.thermal_variance_snu, through, noise)
        if bob.trusted:
            detector = (homodyne_noise, heterodyne_noise)[ports - 1](bob.efficiency, bob.added_noise_snu)
        else:
            # The vacuum that heterodyne detection itself lets in is not Eve's.
            state = behind_detector(state, bob.efficiency, ports * bob.added_noise_snu)
            detector = np.asarray(ports - 1.0)
        return (holevo_homodyne, holevo_heterodyne)[self.used_quadratures(link) - 1](state, detector)

    def _security(self, link: Link, bound: str, finite: bool, varies: bool) -> Security:
        assumptions = [INDEPENDENT, receiver_assumption(link.bob.trusted), OSCILLATOR]
        if varies:
            assumptions.append(VARYING)
        if finite and bound == "leverrier-2010":
            assumptions.append("The bound is not composable, and its estimates are taken as Gaussian.")
        if finite and bound == "pirandola-2021":
            assumptions.append("Estimates deviate as Gaussian random numbers do.")
        return Security(
            "collective",
            "finite" if finite else "asymptotic",
            tuple(assumptions),
            SOURCES[bound],
            self.eps_sec if finite else None,
            self.eps_cor if finite else None,
        )

    def statistics(self, link: Link) -> Mapping[str, Floats | Moment]:
        """Return the second moments of displacements and outcomes, averaged over the measured quadratures."""
        used, variance = self.used_quadratures(link), link.alice.modulation_variance_snu
        return symbol_moments(
            link, used * variance, 2 * used * variance**2, used, link.alice.squeezed_variance_snu
        )

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Draw displacements, add every noise on the way, digitise, and return the sample means."""

        def play(size: int) -> dict[str, Floats]:
            shape = (self.used_quadratures(link), size)
            sent = normal(rng, link.alice.modulation_variance_snu, shape)
            light = sent + normal(rng, link.alice.squeezed_variance_snu, shape)
            seen = outcomes(rng, link, light)
            pairs = {"alice * alice": sent * sent, "bob * bob": seen * seen, "alice * bob": sent * seen}
            return {name: value.mean(axis=0) for name, value in pairs.items()}

        results: Iterator[dict[str, Floats]] = (play(size) for size in batches(rounds))
        return mean_products(results, rounds)
