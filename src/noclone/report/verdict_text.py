"""A verdict in words: what was seen, what would have been seen, and what it does to the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noclone.report.notation import percent, sigmas, significant, whole

if TYPE_CHECKING:
    from noclone.watching import Verdict

_STRANGE_SIGMAS, _MOST = 4.0, 3
"""Deviations beyond which features are named as evidence, and how many at most."""


def watch_text(verdict: Verdict) -> str:
    """Return a verdict as sentences.

    Examples
    --------
    >>> import noclone as nc
    >>> watch_text(nc.run(nc.load("lim-2014"), pulses=1e9).verdict).split(".")[0]
    'Nothing unusual at a false-alarm rate of 1 % (chi-square, p = 0'
    """
    rate = percent(verdict.false_alarm_rate, 2).replace(".0 %", " %")
    word = "Alarm" if verdict.alarm else "Nothing unusual"
    sign = "≤" if verdict.p_value <= 1 / (1 + verdict.normal_blocks / 2) else "="
    chance = f"p {sign} {significant(verdict.p_value, 2)}"
    text = f"{word} at a false-alarm rate of {rate} ({verdict.watcher}, {chance})."
    if verdict.alarm:
        strange = [each for each in verdict.evidence if abs(each.sigmas) > _STRANGE_SIGMAS][:_MOST] or (
            verdict.evidence[:1]
        )
        text += " " + "; ".join(
            f"{each.feature} is {significant(each.seen)} where {significant(each.normal)} is normal "
            f"({sigmas(each.sigmas)})"
            for each in strange
        )
        text += "."
    seen = [
        f"{each.attack} from {percent(each.fraction, 2)} of the pulses on"
        for each in verdict.detectable
        if each.fraction is not None
    ]
    blind = [each.attack for each in verdict.detectable if each.fraction is None]
    if seen:
        text += f" It sees {' and '.join(seen)}, in nine of ten such blocks."
    if blind:
        text += f" It does not see {' or '.join(blind)}."
    return text + f" {_bits(verdict)}"


def _bits(verdict: Verdict) -> str:
    if verdict.stake_bits is None:
        return "No key was at stake."
    if verdict.stake_bits == 0:
        return "There was no key that it could have lowered."
    if verdict.rule is None:
        return f"It was only asked: all {whole(verdict.stake_bits)} secret bits are kept."
    if verdict.given_up_bits:
        return f"The rule fixed before the block gives up {whole(verdict.given_up_bits)} secret bits."
    return f"The rule fixed before the block keeps all {whole(verdict.stake_bits)} secret bits."
