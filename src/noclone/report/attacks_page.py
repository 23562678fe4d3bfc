"""The page of the attacks: what Eve does, what shows of it, and what the parties' bound makes of it."""

from __future__ import annotations

from collections.abc import Sequence

from noclone import attacks
from noclone.agreement.attacks import AttackRow, telling
from noclone.report.notation import percent, significant

_HEAD = """# Attacks beside the bounds

Written by `make docs`. Each attack is a file in `noclone.attacks`; here it runs on links of its kind, in an endless block with the expected statistics. What the parties then see goes into the bound that they would use, and what Eve knows comes from the attack itself.

![certified and real ignorance of Eve, by attack](images/attacks.svg)

Green attacks stay inside the assumptions of the bound, which is never beaten: what it certifies is at most what Eve leaves. Vermilion attacks break an assumption (or meet a rate that is no proof), and the parties certify, and would make into a key, more than there is.

"""  # noqa: E501
_RULES = """
Of each attack the row shows, among its settings that would end in a key, the one that leaves least; {inside} settings inside and {outside} outside were looked at.

- Pulses: BB84 with single photons over a flawless link of 10 dB, detectors of 60 %, and with decoy states (0.5, 0.15 and 2e-4 photons, errors of 1 %); both bases are equally likely and give key, and Bob draws his bit where both detectors click. The bound is the certified one of [proofs](proofs.md), against collective attacks, from the gains and error rates of each intensity and basis. What is left is 1 less Eve's information on the sifted bits of attacked pulses, times their share.
- Rounds: B92 is certified by the same proofs, for single photons with their loss; with a strong reference by Koashi's bound. Coherent one-way has a rate, but no proof.
- Symbols: the Holevo information that the asymptotic rate of GG02 charges at the transmittance and the excess noise that the parties find, trusted receiver, 30 km. Bits are those that both share less what Eve is charged or knows; below 0 she knows more than Bob and Alice share, and where less noise is found than none there is no key.
- Eve's information is that of a measurement (of the cloners of continuous variables: the Holevo quantity), so that what is left is at most what is shown. An attack inside may lie far from the bound, because an individual attack learns less than a collective one.
- Phase remapping as it is published, intercept and resend, causes at least 15.5 % of errors, where no one-way key is left to be broken, and on fewer pulses it tells Eve less than the bound allows her for the errors: it does not beat the bound. The row shows the collective attack that is optimal for the remapped states (the solver's feasible point) where the parties see the errors given.
- The wavelength attack with the published shares makes the gains of the two bases unequal, which contradicts the receiver that the proof describes: no key. The row has equal shares.

"""  # noqa: E501


def attacks_page(rows: Sequence[AttackRow]) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    rows : sequence of AttackRow
        As `noclone.agreement.attacks.attacks_table` returns them.
    """
    chosen = telling(rows)
    ordered = sorted(chosen, key=lambda row: (not row.inside, row.attack))
    inside = sum(row.inside for row in rows)
    text = _HEAD + _table([cells(row) for row in ordered])
    text += _RULES.format(inside=inside, outside=len(rows) - inside)
    return text + "## What Eve does\n\n" + _table([_deed(row.attack) for row in chosen])


def cells(row: AttackRow) -> dict[str, str]:
    """Return a row as the cells of a table."""
    (first, size), (second, noise) = row.seen
    seen = f"{first} {significant(size)}, {second} "
    rate = percent(round(noise, 6), 2) if second == "error rate" else significant(round(noise, 6))
    return {
        "attack": row.attack,
        "setting": f"`{row.setting}`" if " " not in row.setting else row.setting,
        "link": row.link,
        "the parties see": seen + rate,
        "certified": f"{row.certified:.3f}".replace("-", "−"),
        "left": f"{row.left + 0.0:.3f}".replace("-0.000", "0.000").replace("-", "−"),
        "bound": "holds" if not row.beaten else "**beaten**",
        "breaks": row.breaks or "nothing",
    }


def _deed(name: str) -> dict[str, str]:
    kind = attacks.get(name)
    return {
        "attack": name,
        "acts on": kind.ACTS_ON,
        "does": kind.DOES,
        "resends": kind.RESENDS,
        "learns": kind.LEARNS,
        "telemetry": kind.CHANGES,
        "source": kind.SOURCE,
    }


def _table(rows: list[dict[str, str]]) -> str:
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
