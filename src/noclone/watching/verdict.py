"""A verdict: what a watcher says of a run, on what evidence, with what rate of false alarms, and its cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from noclone.distillation.discard import DiscardRule


@dataclass(frozen=True)
class Deviation:
    """One feature of the run beside what is normal.

    Attributes
    ----------
    feature : str
    seen, normal : float
        Mean over the run's blocks, and over normal blocks.
    sigmas : float
        Their difference in standard deviations of the mean of so many normal blocks.
    """

    feature: str
    seen: float
    normal: float
    sigmas: float


@dataclass(frozen=True)
class Detectable:
    """How weak an attack may be to be seen.

    Attributes
    ----------
    attack : str
    fraction : float or None
        Least share of attacked pulses at which at least `power` of the blocks raise the alarm; None if not
        even all pulses suffice.
    power : float
    """

    attack: str
    fraction: float | None
    power: float


@dataclass(frozen=True)
class Verdict:
    """What a watcher says of a run.

    Attributes
    ----------
    watcher, family : str
    alarm : bool
        Whether the run as a whole raises the alarm.
    p_value : float
        Probability that a normal run looks at least as strange; never below what the number of normal blocks
        can tell.
    false_alarm_rate : float
        Of the run, at most.
    blocks : int
        Rows that were judged.
    alarming : tuple of int
        Those that raise the alarm by themselves at that rate.
    normal : str
        What normal was learned from.
    normal_blocks : int
    evidence : tuple of Deviation
        The features, the strangest first.
    likely : tuple of (str, float)
        What the alarming rows look most like to a watcher that learned from attacks, with their share among
        them, the largest first; several attacks at once are joined by ``+``. No proof of anything.
    detectable : tuple of Detectable
        The least attacks that would have been seen.
    rule : DiscardRule or None
        Fixed before the block, if the verdict decides about the key.
    stake_bits, retained_bits : int or None
        Secret bits that the run gives, and those that remain under the rule; None where no key is known.

    Notes
    -----
    A verdict can only lower a key. No key is longer, and no bound better, because a watcher was silent.
    Its evidence are statistics of all events, those of the key included: it is as secret as the records.
    """

    watcher: str
    family: str
    alarm: bool
    p_value: float
    false_alarm_rate: float
    blocks: int
    alarming: tuple[int, ...]
    normal: str
    normal_blocks: int
    evidence: tuple[Deviation, ...]
    likely: tuple[tuple[str, float], ...] = ()
    detectable: tuple[Detectable, ...] = ()
    rule: DiscardRule | None = None
    stake_bits: int | None = None
    retained_bits: int | None = None

    @property
    def given_up_bits(self) -> int | None:
        """Secret bits that the rule withholds."""
        if self.stake_bits is None or self.retained_bits is None:
            return None
        return self.stake_bits - self.retained_bits

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {**asdict(self), "given_up_bits": self.given_up_bits}

    def __str__(self) -> str:
        """Return the verdict as lines of text."""
        word = "ALARM" if self.alarm else "nothing unusual"
        lines = [
            f"{word}: {self.watcher} ({self.family}), {p_text(self)} at a false-alarm rate of "
            f"{self.false_alarm_rate:g}; {len(self.alarming)} of {self.blocks} blocks alarm",
            f"normal      {self.normal}, {self.normal_blocks:,} blocks",
        ]
        for deviation in self.evidence[:5]:
            lines.append(
                f"{deviation.feature:<18} {deviation.seen:>12.5g}, normal {deviation.normal:>12.5g}  "
                f"({deviation.sigmas:+.1f} sigma)"
            )
        for label, share in self.likely[:3]:
            lines.append(f"looks like  {label} in {share:.0%} of the blocks that alarm")
        for each in self.detectable:
            lines.append(detectable_text(each))
        if self.stake_bits is not None:
            lines.append(bits_text(self))
        return "\n".join(lines)


def p_text(verdict: Verdict) -> str:
    """Return the probability that a normal run looks as strange, as far as the normal blocks can tell."""
    if verdict.p_value < 1e-300:
        return "p < 1e-300"
    least = verdict.blocks == 1 and verdict.p_value <= 1 / (1 + verdict.normal_blocks // 2)
    return f"p {'<=' if least else '='} {verdict.p_value:.2g}"


def detectable_text(each: Detectable) -> str:
    """Return in words how weak an attack may be to be seen."""
    if each.fraction is None:
        return f"{each.attack}: not seen in {each.power:.0%} of blocks even on all pulses"
    return f"{each.attack}: seen in {each.power:.0%} of blocks from {each.fraction:.2g} of the pulses on"


def bits_text(verdict: Verdict) -> str:
    """Return in words what the verdict does to the key."""
    if verdict.stake_bits == 0:
        return "no secret bits were at stake"
    if verdict.rule is None:
        return f"{verdict.stake_bits:,} secret bits untouched: no rule was fixed before the block"
    if verdict.given_up_bits:
        return f"{verdict.given_up_bits:,} secret bits given up by the rule fixed before the block"
    return f"{verdict.retained_bits:,} secret bits kept under the rule fixed before the block"
