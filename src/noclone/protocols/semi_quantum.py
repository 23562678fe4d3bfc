"""Semi-quantum key distribution: Bob only measures and sends in one basis, or lets a photon go back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.fields import choice, number
from noclone.link import Fibre, Link, SinglePhotonSource, ThresholdDetectors
from noclone.protocols.photonic_qubits import RECEIVER, chunks
from noclone.protocols.played_qubits import seen
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Stations, Step
from noclone.protocols.pulse_trains import drawn_transmittance, error_rate
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Regime, Security
from noclone.rates.semi_quantum import krawec_entropy, two_way_phase_error
from noclone.rates.threshold_detection import record_of_photons

MISMATCHED, BASIC = "mismatched-measurements", "krawec-2015"
EVENTS = (
    "sifted z",
    "error z",
    "return error z",
    "reflected x",
    "reflected error x",
    "sifted x",
    "sifted right x",
    "empty right x",
)


@dataclass(frozen=True, kw_only=True)
class SemiQuantum(Protocol):
    """Key distribution with a classical Bob, after Boyer, Kenigsberg and Mor.

    A round is a photon, and the rounds follow the source's clock. The photon crosses the link's channel
    TWICE, to Bob and back, and each crossing depolarises it with twice the detectors' misalignment as
    strength. The link's detectors describe both parties': Bob measures Z with them and sends a new photon
    where one clicked, or reflects without loss; Alice measures in the basis in which she prepared.

    Examples
    --------
    >>> link, protocol = SemiQuantum.typical(5)
    >>> answer = protocol.rate(link)
    >>> bool(answer.rate_per_pulse > 0), answer.security.attacks
    (True, 'collective')
    """

    NAME: ClassVar[str] = "semi-quantum"
    TITLE: ClassVar[str] = "Semi-quantum key distribution (Boyer-Kenigsberg-Mor)"
    FAMILY: ClassVar[Family] = "semi-quantum"
    STATIONS: ClassVar[Stations] = {"alice": {SinglePhotonSource: ("clock_rate_hz",)}, "bob": RECEIVER}
    BOUNDS: ClassVar[Mapping[str, Regime]] = {MISMATCHED: "asymptotic", BASIC: "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends a photon in a random state of Z or X"),
        Step("channel", "may lose or disturb it on the way out"),
        Step("bob", "measures Z and sends what he saw (SIFT), or lets the photon go back (CTRL)"),
        Step("channel", "may lose or disturb it on the way back"),
        Step("alice", "measures what comes back in the basis she sent"),
        Step("public", "Alice names her bases and losses, Bob what he did and whether he saw a photon"),
        Step("public", "SIFT rounds of Z that came back are the key; all others and a sample are disclosed"),
    )
    FORMULA: ClassVar[str] = (
        r"R = p_Z\,p_S\,Q\,[1 - h(e_{ph}) - f\,h(e)],\quad "
        r"e_{ph} = e^{CTRL}_X + p(\text{as sent}\,|\,\text{SIFT}, X) - \tfrac12"
    )
    SOURCE: ClassVar[str] = (
        "Boyer, Kenigsberg, Mor, PRL 99, 140501 (2007), and Boyer et al., PRA 79, 032341 (2009); rates: "
        "Krawec, arXiv:1412.0282 (2015) and Quantum Inf. Comput. 17, 209 (2017), as derived in "
        "noclone.rates.semi_quantum"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The key is against collective attacks and without finite-size terms.",
        "Exactly one photon must leave Alice, and at most one may enter Bob's device: light that Eve sends "
        "in beside it tells her what he does.",
        "Bob must see both bits with the same known efficiency; an attack that addresses his detectors or "
        "tells his new photon from a reflected one by time or colour is not covered.",
        "The bound krawec-2015 is for a channel without loss and takes what came back as a fair sample.",
        "The channel is crossed twice, and bits that do not come back are dropped, so the reach is short.",
        "Every crossing of the channel lengthens the pulse and brings background alike; background that Bob "
        "reflects counts as if none of it were lost on the way back.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("protocol.basis_prob", 0.05, 0.99),
        Free("protocol.sift_prob", 0.05, 0.99),
    )

    basis_prob: float = number(
        "probability that Alice sends Z", 0.9, low=0, high=1, low_open=True, high_open=True
    )
    sift_prob: float = number(
        "probability that Bob measures and resends", 0.9, low=0, high=1, low_open=True, high_open=True
    )
    bound: str = choice("how Eve's share is bounded", MISMATCHED, (MISMATCHED, BASIC))
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with a single-photon source and superconducting detectors."""
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1e8),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-8, misalignment=0.01),
        )
        return link, cls()

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities of kept bits, their errors on either way, and of the tests in X."""
        total: Any = 0.0
        for share, (transmittance,) in link.segments():
            total = total + share * np.stack(np.broadcast_arrays(*self._events(link, transmittance)))
        return dict(zip(EVENTS, total, strict=True))

    def _events(self, link: Link, transmittance: Floats) -> tuple[Floats, ...]:
        """Return the probabilities at one transmittance, in the order of `statistics`."""
        # At Bob, and at Alice of what he sends; and at Alice of what he reflects.
        once, twice = link.detectors("bob"), link.detectors("bob", 2)
        flip = np.asarray(link.bob.misalignment)

        def right_and_wrong(detectors: ThresholdDetectors, reach: Floats, flip: Floats) -> list[Floats]:
            reached, dark = reach * detectors.efficiency, detectors.dark_count_prob
            return [record_of_photons(1, reached, share, dark) for share in (1 - flip, flip)]

        right, wrong = right_and_wrong(once, transmittance, flip)
        reflected, reflected_wrong = right_and_wrong(twice, transmittance**2, 2 * flip * (1 - flip))
        # What Bob sends is a new photon; without a click he sends none, and Alice has dark counts only.
        arrive, back = right + wrong, right + wrong
        nothing = record_of_photons(0, 0.0, 0.5, once.dark_count_prob)
        z, sift = np.asarray(self.basis_prob), np.asarray(self.sift_prob)
        key, test, tested = z * sift, (1 - z) * sift, (1 - z) * (1 - sift)
        return (
            key * arrive * back,
            key * wrong * back,
            key * arrive * wrong,
            tested * (reflected + reflected_wrong),
            tested * reflected_wrong,
            test * arrive * back,
            test * arrive * back / 2,
            test * (1 - arrive) * nothing,
        )

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key per photon sent."""
        events = self.statistics(link)
        sifted, qber = events["sifted z"], error_rate(events["error z"], events["sifted z"])
        assumptions = ["One photon at most enters Bob's device, and Eve attacks every round in the same way."]
        if bound == MISMATCHED:
            z, sift = np.asarray(self.basis_prob), np.asarray(self.sift_prob)
            test, tested = (1 - z) * sift, (1 - z) * (1 - sift)
            detectors = link.detectors("bob")
            phase_error = two_way_phase_error(
                (events["reflected x"] - events["reflected error x"]) / tested,
                events["reflected error x"] / tested,
                events["sifted right x"] / test,
                events["sifted x"] / test,
                empty_right=events["empty right x"] / test,
                efficiency=detectors.efficiency,
                dark_count_prob=detectors.dark_count_prob,
            )
            entropy, shown = 1 - binary_entropy(phase_error), {"phase_error": phase_error}
            assumptions += [
                "Bob's detectors see both bits with the same known efficiency and have known dark counts.",
                "Bob reflects without loss and gives what he reflects a random phase.",
            ]
        else:
            x_error = error_rate(events["reflected error x"], events["reflected x"])
            back_error = error_rate(events["return error z"], sifted)
            entropy = krawec_entropy(qber, back_error, x_error)
            shown = {"reflected_error": x_error, "eavesdropper_information": 1 - entropy}
            assumptions += ["Photons that came back are a fair sample of all."]
        return Key(
            terms={"secret": sifted * entropy, "reconciliation": -sifted * self.f_ec * binary_entropy(qber)},
            sifted=sifted,
            qber=qber,
            security=Security("collective", "asymptotic", tuple(assumptions), self.SOURCE),
            bounds=shown,
        )

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play photons that errors of Pauli strike on each way, and that dark counts accompany."""
        counts = dict.fromkeys(EVENTS, 0.0)
        once, twice = link.detectors("bob"), link.detectors("bob", 2)
        for size in chunks(rounds):
            way = drawn_transmittance(link, size, rng)
            in_z, sift = rng.random(size) < self.basis_prob, rng.random(size) < self.sift_prob
            sent = rng.integers(0, 2, size)
            out_z, out_x = self._crossing(link, size, rng)
            there = rng.random(size) < way
            # What Bob's detectors would show in Z; a state of X gives either bit.
            value = np.where(in_z, sent ^ out_z, rng.integers(0, 2, size))
            clicked, bit = seen(once, there, value, rng)
            back_z, back_x = self._crossing(link, size, rng)
            survives = rng.random(size) < way
            returned = np.where(sift, clicked, there) & survives
            resent = np.where(in_z, bit ^ back_z, rng.integers(0, 2, size))
            reflected = sent ^ np.where(in_z, out_z ^ back_z, out_x ^ back_x)
            home = once.with_arrays(
                {
                    name: np.where(sift, getattr(once, name), getattr(twice, name))
                    for name in ("efficiency", "dark_count_prob")
                }
            )
            found, result = seen(home, returned, np.where(sift, resent, reflected), rng)
            kept, test = in_z & sift & clicked & found, ~in_z & found
            right = result == sent
            for name, where in zip(
                EVENTS,
                (
                    kept,
                    kept & (bit != sent),
                    kept & (result != bit),
                    test & ~sift,
                    test & ~sift & ~right,
                    test & sift & clicked,
                    test & sift & clicked & right,
                    test & sift & ~clicked & right,
                ),
                strict=True,
            ):
                counts[name] += float(where.sum())
        return counts

    @staticmethod
    def _crossing(link: Link, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw for one crossing whether it flips states of Z, and of X: a random Pauli operator or none."""
        flips: NDArray[np.int64] = rng.integers(0, 2, (2, size)) * (
            rng.random(size) < 2 * link.bob.misalignment
        )
        return flips
