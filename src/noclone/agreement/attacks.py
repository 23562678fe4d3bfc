"""Attacks beside the bounds: what the parties would certify under attack, and what Eve really leaves unknown.

Every attack runs on links of its kind, all pulses, symbols or rounds expected rather than sampled. What the
parties then see goes into the bound that they would use; what Eve knows comes from the attack itself. Inside
the bound's assumptions the certified entropy must not exceed the entropy that is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from noclone import attacks
from noclone.agreement.attacked_pulses import (
    DECOYS,
    SINGLE_PHOTONS,
    Left,
    best_remapping,
    pulses_left,
)
from noclone.agreement.attacked_rounds import LEGACY, round_links, rounds_left
from noclone.attacks.phase_remapping import PhaseRemapping
from noclone.core.errors import InvalidInput
from noclone.core.progress import Progress, silent
from noclone.protocols.attack import Attack
from noclone.protocols.pulse_attack import PulseAttack
from noclone.protocols.round_attack import RoundAttack
from noclone.protocols.symbol_attack import SymbolAttack
from noclone.rates.entropy import binary_entropy
from noclone.sampling.symbols import SymbolModel

FRACTIONS = (0.3,)
"""Shares of pulses or rounds that are attacked, besides all of them; of symbols all are."""
REMAPPED = (61.2, 0.05)
"""Step between the phases, in degrees, and error rate of the best attack on remapped states."""
VARIANTS: dict[str, tuple[str, ...]] = {
    "back-flash": ("flash_prob=0.01",),
    "detector-blinding": ("compensate=1",),
    "entangling-cloner": ("excess_noise_snu=0.01",),
    "homodyne-blinding": ("photons=3.935e6",),
    "intercept-resend": ("basis=breidbart", "basis=breidbart,fraction=0.3"),
    "laser-damage": ("drop_db=1",),
    "laser-seeding": ("factor=1.2",),
    "local-oscillator-calibration": ("resent=0.2",),
    "local-oscillator-intensity": ("kept=0.99",),
    "phase-covariant-cloning": ("disturbance=0.01", "disturbance=0.05", "disturbance=0.1"),
    "phase-remapping": ("step_deg=10",),
    "photon-number-splitting": ("gain=lost",),
    "polarisation": ("angle_deg=5",),
    "saturation": ("displacement=18.5",),
    "time-shift": ("ratio=1.2",),
    "transmittance-denial": ("kept=0.5",),
    "trojan-horse": ("back_photons=0.01",),
    "universal-cloning": ("disturbance=0.01", "disturbance=0.05", "disturbance=0.1"),
    # With unequal shares the two bases' gains differ, which a proof for an active choice finds impossible.
    "wavelength": ("share_x=0.997",),
}
"""Other strengths, as a user would write them; those of blinding and saturation leave a normal noise."""
PULSE_LINKS = (SINGLE_PHOTONS, DECOYS)
SYMBOL_LINKS = {
    "oscillator sent": SymbolModel(),
    "own oscillator": SymbolModel(reference_photons=500.0),
}
ROUNDING = 1e-9


@dataclass(frozen=True)
class AttackRow:
    """One attack on one link.

    Attributes
    ----------
    attack : str
        Its name.
    setting : str
        The attack as a user would write it, and what it is besides.
    link : str
    breaks : str
        The assumption that the attack breaks, or what the bound lacks; empty inside the assumptions.
    seen : tuple of (str, float)
        What the parties see, by name: gain and error rate, or transmittance and excess noise.
    certified : float
        Bits per kept bit that the bound says Eve lacks, before error correction; 0 where what is seen
        contradicts the devices declared, so that no key is made. Of a symbol: bits less what error
        correction discloses.
    left : float
        Likewise, what Eve really lacks; an upper bound.
    disclosed : float
        Bits that error correction discloses besides, at its limit.
    """

    attack: str
    setting: str
    link: str
    breaks: str
    seen: tuple[tuple[str, float], ...]
    certified: float
    left: float
    disclosed: float

    @property
    def inside(self) -> bool:
        """Whether the bound is a proof, and the attack inside its assumptions."""
        return not self.breaks

    @property
    def beaten(self) -> bool:
        """Whether the parties certify more than Eve leaves, and anything at all."""
        return self.certified > max(self.left, 0.0) + ROUNDING

    @property
    def accepted(self) -> bool:
        """Whether they would make a key of what they see."""
        return self.certified > self.disclosed

    @property
    def sound(self) -> bool:
        """Whether the bound is beaten only from outside."""
        return not (self.inside and self.beaten)


def attacks_table(names: Sequence[str] = (), *, progress: Progress = silent) -> list[AttackRow]:
    """Return attacks beside the bounds, several rows each: links and strengths.

    Parameters
    ----------
    names : sequence of str
        Attacks; all by default.
    progress : callable
        Called with the share of attacks done.

    Returns
    -------
    list of AttackRow

    Raises
    ------
    InvalidInput
        If an attack is not known.

    Notes
    -----
    Pulses: BB84 with single photons on a flawless link of 10 dB, and with decoy states on one with 1 % of
    errors, both bases keyed, certified by `noclone.proofs`. Symbols: the Holevo information that GG02's
    asymptotic rate charges. Rounds: certified proofs where the protocol declares one, else its own bound.
    What Eve knows is Shannon information of a measurement, never more than the Holevo quantity that a proof
    bounds.

    Examples
    --------
    >>> rows = attacks_table(["time-shift"])
    >>> [(row.setting, row.beaten) for row in rows if row.link == "single photons"]
    [('time-shift', True), ('time-shift:fraction=0.3', True), ('time-shift:ratio=1.2', True)]
    """
    chosen = list(names) or attacks.names()
    rows: list[AttackRow] = []
    for done, name in enumerate(chosen):
        rows += _rows(attacks.get(name))
        progress("attacks", (done + 1) / len(chosen))
    return rows


def telling(rows: Sequence[AttackRow]) -> list[AttackRow]:
    """Return one row per attack: of those that end in a key, if any, the one that leaves Eve least to learn.

    Where the bound is beaten from outside, it is among the rows that beat it.

    Examples
    --------
    >>> [row.setting for row in telling(attacks_table(["trojan-horse"]))]
    ['trojan-horse']
    """

    def rank(row: AttackRow) -> tuple[bool, bool, float]:
        return row.beaten and row.accepted, row.accepted, -row.left

    return [
        max((row for row in rows if row.attack == name), key=rank)
        for name in dict.fromkeys(row.attack for row in rows)
    ]


def _rows(kind: type[Attack]) -> Iterator[AttackRow]:
    name = kind.NAME
    settings = [name, *(f"{name}:{variant}" for variant in VARIANTS.get(name, ()))]
    if not issubclass(kind, SymbolAttack):
        settings[1:1] = [f"{name}:fraction={fraction:g}" for fraction in FRACTIONS]
    for setting in settings:
        attack = attacks.parse(setting)
        if isinstance(attack, PulseAttack):
            yield from _pulses(attack, setting)
        elif isinstance(attack, SymbolAttack):
            yield from _symbols(attack, setting)
        elif isinstance(attack, RoundAttack):
            yield from _rounds(attack, setting)
    if name == PhaseRemapping.NAME:
        setting = f"{name}, then the best collective attack"
        yield _row(name, setting, SINGLE_PHOTONS.name, kind.BREAKS, best_remapping(*REMAPPED))


def _pulses(attack: PulseAttack, setting: str) -> Iterator[AttackRow]:
    for link in PULSE_LINKS:
        try:
            attack.attacked_settings(link.settings())
        except InvalidInput:
            continue  # not every source offers what an attack needs
        yield _row(attack.NAME, setting, link.name, attack.BREAKS, pulses_left(attack, link))


def _rounds(attack: RoundAttack, setting: str) -> Iterator[AttackRow]:
    for name, link, protocol in round_links():
        if protocol.NAME in attack.PROTOCOLS:
            breaks = attack.BREAKS or (LEGACY if protocol.BROKEN else "")
            yield _row(attack.NAME, setting, name, breaks, rounds_left(attack, protocol, link))


def _row(name: str, setting: str, link: str, breaks: str, found: Left) -> AttackRow:
    seen = (("gain", found.gain), ("error rate", found.qber))
    disclosed = float(binary_entropy(found.qber))
    return AttackRow(name, setting, link, breaks, seen, found.certified, found.left, disclosed)


def _symbols(attack: SymbolAttack, setting: str) -> Iterator[AttackRow]:
    for link, model in SYMBOL_LINKS.items():
        try:
            expected = attack.attacked(model).expected()
        except InvalidInput:
            continue  # not every link offers what an attack needs
        estimates = model.estimates(expected)
        transmittance = float(estimates.transmittance)
        excess_noise = float(estimates.excess_noise_snu) / (model.efficiency * transmittance)
        seen = (("transmittance", transmittance), ("excess noise", excess_noise))
        correlation = expected.covariance**2 / (expected.variance * expected.sent_variance)
        shared = -0.5 * float(np.log2(1 - correlation))
        # No channel takes noise away: who finds less than none makes no key.
        certified = shared - float(attack.charged(model)) if excess_noise > -ROUNDING else 0.0
        left = shared - float(attack.information(model))
        yield AttackRow(attack.NAME, setting, link, attack.BREAKS, seen, certified, left, 0.0)
