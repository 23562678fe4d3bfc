"""The six-state protocol: BB84 with a third basis, so that the error rates fix the state completely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, number
from noclone.link import Fibre, Link, SinglePhotonSource, ThresholdDetectors
from noclone.protocols import photonic_qubits
from noclone.protocols.declaration import Declaration
from noclone.protocols.four_states import basis_outcomes, basis_signals
from noclone.protocols.photonic_qubits import (
    chunks,
    measured,
    photon_prob,
    recorded,
    recorded_photons,
)
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Regime, Stations, Step
from noclone.protocols.pulse_trains import check_one_intensity
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Security
from noclone.rates.six_state import finite_entropy, secret_fraction

FINITE = "scarani-renner-2008"


@dataclass(frozen=True, kw_only=True)
class SixState(Protocol):
    """The six-state protocol with single photons or a laser with infinitely many decoys, key from basis Z.

    Alice and Bob choose Z with `basis_prob`, X and Y with half of the rest each. A round is a pulse.

    Examples
    --------
    >>> link, protocol = SixState.typical(20)
    >>> answer = protocol.rate(link)
    >>> round(float(answer.rate_per_pulse / answer.sifted_bits), 4)
    0.8509
    """

    NAME: ClassVar[str] = "six-state"
    TITLE: ClassVar[str] = "Six-state protocol"
    FAMILY: ClassVar[Family] = "prepare-and-measure"
    STATIONS: ClassVar[Stations] = photonic_qubits.STATIONS
    BOUNDS: ClassVar[Mapping[str, Regime]] = {FINITE: "finite", "infinite-decoy": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "chooses one of three bases and a bit and sends that state"),
        Step("channel", "may lose or disturb it"),
        Step("bob", "chooses a basis, records which detector clicks, and a random bit if both do"),
        Step("public", "both name their bases; bits of unequal bases are dropped"),
        Step("public", "bits of X and Y are disclosed; those of Z are kept"),
    )
    FORMULA: ClassVar[str] = r"R = q\,\{Q_1\,[1 - H(\lambda) + h(e_z)] - f\,Q\,h(E)\}"
    SOURCE: ClassVar[str] = (
        "Scarani et al., Rev. Mod. Phys. 81, 1301 (2009), eqs. (A1)-(A6); "
        "Lo, Quantum Inf. Comput. 1, 81 (2001)"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The finite key is for single photons only and for collective attacks; its deviations are crude, so "
        "that it needs long blocks.",
        "That double clicks decided by a coin reduce threshold detectors to a qubit measurement is proven "
        "for two bases, not for three; the number takes it for granted.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("protocol.basis_prob", 0.34, 0.999),
        Free("alice.intensities[0]", 0.01, 1.0, "log"),
    )

    basis_prob: float = number("probability of basis Z at each party", 0.9, low=1 / 3, high=1, high_open=True)
    bound: str = choice("how Eve's share is bounded", FINITE, tuple(BOUNDS))
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)
    eps_sec: float = number("secrecy failure probability", 1e-9, low=0, high=0.1, low_open=True)
    eps_cor: float = number("correctness failure probability", 1e-15, low=1e-30, high=0.1)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with an ideal source and superconducting detectors."""
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1e8),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-8, misalignment=0.01),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse several intensities besides what no protocol of this kind can run on."""
        super().check_link(link)
        check_one_intensity(link, self.NAME)

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key that three error rates leave, of a block of single photons or without limit."""
        if bound == FINITE and not isinstance(link.alice, SinglePhotonSource):
            raise InvalidInput(
                "protocol.bound", f"must be infinite-decoy for a weak-coherent source, but is {FINITE}"
            )
        wrong_share = np.asarray(link.bob.misalignment)
        wrong = recorded(link, wrong_share)
        gain = recorded(link, 1 - wrong_share) + wrong
        wrong_1 = recorded_photons(link, 1, wrong_share)
        gain_1 = recorded_photons(link, 1, 1 - wrong_share) + wrong_1
        with np.errstate(divide="ignore", invalid="ignore"):
            qber, error = (
                np.where(all_ > 0, part / all_, 0.0) for part, all_ in ((wrong, gain), (wrong_1, gain_1))
            )
        sift = np.asarray(self.basis_prob) ** 2
        single = sift * photon_prob(link, 1) * gain_1
        terms = {"reconciliation": -sift * self.f_ec * gain * binary_entropy(qber)}
        if pulses is None:
            entropy = secret_fraction(error, error, error, efficiency=0.0)
        else:
            part = self.eps_sec / 3
            sample = pulses * ((1 - np.asarray(self.basis_prob)) / 2) ** 2 * gain
            with np.errstate(divide="ignore", invalid="ignore"):
                entropy = np.nan_to_num(finite_entropy(pulses * single, sample, qber, qber, part))
            smoothing = 7 * np.sqrt(pulses * single * np.log2(2 / part)) + 2 * np.log2(1 / (2 * part))
            terms["smoothing and hashing"] = -smoothing / pulses
            terms["verification"] = -np.log2(2 / self.eps_cor) / pulses
        return Key(
            terms={"single photons": single * entropy, **terms},
            sifted=sift * gain,
            qber=qber,
            security=self._security(link, pulses),
            bounds={"eavesdropper_information": 1 - entropy, "single_photon_error": error},
        )

    def _security(self, link: Link, pulses: Floats | None) -> Security:
        assumptions = ["Double clicks decided by a coin reduce Bob's measurement to one of a qubit."]
        if not isinstance(link.alice, SinglePhotonSource):
            assumptions += [
                "Every pulse has a uniformly random phase.",
                "Infinitely many decoys reveal the yield and the error rate of single photons.",
            ]
        if pulses is None:
            return Security("coherent", "asymptotic", tuple(assumptions), self.SOURCE)
        return Security(
            "collective",
            "finite",
            (*assumptions, "Eve attacks every pulse in the same way."),
            "Scarani and Renner, PRL 100, 200501 (2008), lemmas 1-3",
            self.eps_sec,
            self.eps_cor,
        )

    def _probs(self) -> dict[str, float]:
        rest = (1 - self.basis_prob) / 2
        return {"z": self.basis_prob, "x": rest, "y": rest}

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities of sifted bits and of wrong ones, by basis."""
        wrong_share = np.asarray(link.bob.misalignment)
        wrong = recorded(link, wrong_share)
        gain = recorded(link, 1 - wrong_share) + wrong
        events = {}
        for basis, prob in self._probs().items():
            events[f"sifted {basis}"] = np.asarray(prob) ** 2 * gain
            events[f"error {basis}"] = np.asarray(prob) ** 2 * wrong
        return events

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds photon by photon."""
        probs = self._probs()
        seen = {f"{what} {basis}": 0.0 for basis in probs for what in ("sifted", "error")}
        for size in chunks(rounds):
            bit = rng.random(size) < 0.5
            sent, own = (rng.choice(3, size, p=list(probs.values())) for _ in range(2))
            clicked, result = measured(link, np.where(sent == own, bit, 0.5), rng)
            for index, basis in enumerate(probs):
                kept = clicked & (sent == index) & (own == index)
                seen[f"sifted {basis}"] += int(np.sum(kept))
                seen[f"error {basis}"] += int(np.sum(kept & (result != bit)))
        return seen

    def declaration(self) -> Declaration:
        """Return what is sent, measured, announced and kept, for a pulse of one photon."""
        probs = self._probs()
        return Declaration(basis_signals(probs), basis_outcomes(probs), {("z", "z0"): 0, ("z", "z1"): 1})
