"""BB84 under attack: what the parties see in an endless block, what a proof makes of it, and what is left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.link.detection import DetectionModel, Floats
from noclone.proofs.case import collective
from noclone.proofs.decoys import WeakPulses, decoy_bounds
from noclone.proofs.library.decoy_bb84 import matching_bases
from noclone.proofs.library.lossy import with_loss
from noclone.proofs.observations import Observation, Observations
from noclone.proofs.photon_number import photon_number_case
from noclone.proofs.proof import Proof
from noclone.proofs.proving import prove_case, prove_declared
from noclone.protocols.declaration import Declaration, Signal
from noclone.protocols.four_states import bb84_declaration
from noclone.protocols.pulse_attack import PulseAttack
from noclone.sampling import photons
from noclone.sampling.pulses import PulseSettings, honest_patterns

BB84 = with_loss(bb84_declaration(0.5))
"""Both bases are equally likely and give key, so that what Eve knows is a mean over both."""
PHASES = {"z0": 0, "x0": 1, "z1": 2, "x1": 3}
"""In units of a right angle: the states' places on the circle that holds them."""


@dataclass(frozen=True, eq=False)
class PulseLink:
    """A link on which attacks on pulses are looked at.

    Attributes
    ----------
    name : str
    model : DetectionModel
    pulses : WeakPulses or None
        Intensities, the first of which gives key; None for single photons.
    """

    name: str
    model: DetectionModel
    pulses: WeakPulses | None

    def settings(self) -> PulseSettings:
        """Return everything that is chosen for a pulse: intensity, Alice's basis and bit, Bob's basis."""
        rows = photons.single()[None] if self.pulses is None else photons.poisson(self.pulses.intensities)
        probs = np.array([1.0] if self.pulses is None else self.pulses.probs)
        intensity, sent_basis, sent_bit, measured_basis = np.indices((len(rows), 2, 2, 2)).reshape(4, -1)
        return PulseSettings(
            probs[intensity] / 8, rows[intensity], sent_basis, sent_bit, measured_basis, intensity == 0
        )


SINGLE_PHOTONS = PulseLink("single photons", DetectionModel(0.1, 0.6, dark_count_prob=1e-9), None)
DECOYS = PulseLink(
    "decoy states",
    DetectionModel(0.1, 0.6, dark_count_prob=1e-8, misalignment=0.01),
    WeakPulses((0.5, 0.15, 2e-4), (0.7, 0.2, 0.1), (0,)),
)


class Left(NamedTuple):
    """What is seen under attack, what is certified, and what is left, in bits per kept bit.

    Attributes
    ----------
    gain : float
        Kept bits per pulse of the signal intensity, or per round.
    qber : float
    certified : float
        Before error correction; 0 where what is seen contradicts the devices declared.
    left : float
        At most so much is unknown to Eve.
    """

    gain: float
    qber: float
    certified: float
    left: float


def pulses_left(attack: PulseAttack, link: PulseLink) -> Left:
    """Return what an attack leaves of BB84 on a link.

    Eve knows which pulses she attacked, and nothing of the others: what she leaves is 1 less her information
    on kept bits of attacked pulses, times their share.

    Raises
    ------
    InvalidInput
        If the link does not offer what the attack needs, or the proof fails though no assumption is broken.

    Examples
    --------
    >>> from noclone.attacks import PhaseCovariantCloning
    >>> found = pulses_left(PhaseCovariantCloning(disturbance=0.05), SINGLE_PHOTONS)
    >>> round(found.qber, 6), round(found.certified, 3), round(found.left, 3)
    (0.05, 0.714, 0.858)
    """
    settings = link.settings()
    kept, wrong = _kept_and_wrong(*attack.mixture(link.model, settings))
    touched, _ = _kept_and_wrong(
        attack.attacked_settings(settings).photon_probs, attack.attacked_patterns(link.model, settings)
    )
    gain, attacked = kept[0].sum(), attack.fraction * touched[0].sum()
    known = attacked / gain * attack.information(link.model, settings)
    seen = [_observations(*each) for each in zip(kept, wrong, strict=True)]
    try:
        entropy_bits = _decoy_bits(link.pulses, seen) if link.pulses else _proof(BB84, seen[0]).entropy_bits
    except InvalidInput:
        if not attack.BREAKS:
            raise
        entropy_bits = 0.0  # the parties see what no channel does to these devices
    return Left(float(gain), float(wrong[0].sum() / gain), float(entropy_bits / gain), float(1 - known))


def best_remapping(step_deg: float, qber: float) -> Left:
    """Return what Eve leaves of BB84 if she brings the states together and then does her best.

    The parties certify BB84 with its own states. She makes the collective attack that is optimal for the
    states as they are, phases 0, f, 2f and 3f, with the same gain and errors: the solver's feasible point.

    Raises
    ------
    InvalidInput
        If these states cannot be sent with so few errors.

    Examples
    --------
    >>> found = best_remapping(90.0, 0.05)
    >>> round(found.left - found.certified, 6)
    0.0
    """
    settings = SINGLE_PHOTONS.settings()
    honest = honest_patterns(SINGLE_PHOTONS.model, settings)
    gain = float(_kept_and_wrong(settings.photon_probs, honest)[0].sum())
    seen = _observations(np.full(2, gain / 2), np.full(2, gain * qber / 2))
    half_angles = {name: place * np.radians(step_deg) / 2 for name, place in PHASES.items()}
    states = {name: np.array([np.cos(half), np.sin(half)], complex) for name, half in half_angles.items()}
    remapped = {
        name: Signal(0.25, states[name], each.bit, each.announced) for name, each in BB84.signals.items()
    }
    certified = _proof(BB84, seen).entropy_bits
    left = _proof(replace(BB84, signals=remapped), seen).value_bits
    return Left(gain, qber, certified / gain, left / gain)


def _kept_and_wrong(photon_probs: Floats, patterns: Floats) -> tuple[Floats, Floats]:
    """Return P(equal bases, a click) and P(and a wrong bit), given the intensity, by it and the basis."""
    table = np.einsum("jn,jnk->jk", photon_probs, patterns).reshape(-1, 2, 2, 2, 4) / 8
    matched = np.stack([table[:, basis, :, basis] for basis in (0, 1)], axis=1)
    # Bob draws his bit where both detectors click.
    wrong = matched[..., 0, 2] + matched[..., 1, 1] + matched[..., 3].sum(axis=-1) / 2
    return matched[..., 1:].sum(axis=(-1, -2)), wrong


def _observations(kept: Floats, wrong: Floats) -> Observations:
    items = []
    for basis, *values in zip("zx", kept.tolist(), wrong.tolist(), strict=True):
        for kind, events, value in zip(("kept", "wrong"), matching_bases(basis), values, strict=True):
            items.append(Observation(f"{basis}·{basis} {kind}", events, value, value))
    return Observations(tuple(items))


def _proof(declared: Declaration, seen: Observations) -> Proof:
    return prove_declared(declared, seen, title="BB84", leak_bits=0.0, security=collective())


def _decoy_bits(pulses: WeakPulses, seen: list[Observations]) -> float:
    """Return what decoy states certify per pulse of the first intensity, empty pulses included."""
    case = photon_number_case("BB84", BB84, decoy_bounds(BB84, pulses, seen), leak_bits=0.0)
    return prove_case(case).rate / pulses.probs[0]
