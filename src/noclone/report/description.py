"""What was run, in words: the link, the command that repeats it, what the key is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from noclone.distillation.result import Abort, SecretKey
from noclone.link import Fibre, FixedLoss, Link, WeakCoherentSource
from noclone.report.notation import significant, with_prefix
from noclone.setup import Setup, load, preset_names
from noclone.setup.toml import to_tables

if TYPE_CHECKING:
    from noclone.pipeline import RunResult

ATTACK_CLASSES = {
    "coherent": "coherent attacks, the most general ones",
    "collective": "collective attacks, on each pulse alike and by itself",
    "individual": "individual attacks, on each pulse by itself, measured at once",
    "none": "no attack: nothing is proven",
}


def source_text(link: Link) -> str:
    """Return Alice's source as a phrase."""
    source = link.alice
    rate = with_prefix(source.clock_rate_hz, "Hz")
    if isinstance(source, WeakCoherentSource):
        *most, last = (significant(value) for value in source.intensities)
        listed = f"{', '.join(most)} or {last}" if most else last
        return f"laser pulses of {listed} photons on average, {rate}"
    return f"single photons, {rate}"


def channel_text(link: Link) -> str:
    """Return the channel as a phrase.

    Examples
    --------
    >>> import noclone as nc
    >>> channel_text(nc.load("lim-2014").link)
    '50 km of fibre (10 dB)'
    """
    shares, transmittances = link.channel.segments()
    loss_db = -10 * np.log10(float(shares @ transmittances) or np.nan)
    if isinstance(link.channel, Fibre):
        return f"{significant(link.channel.length_km)} km of fibre ({significant(loss_db)} dB)"
    if isinstance(link.channel, FixedLoss):
        return f"a channel of {significant(loss_db, 4)} dB loss"
    return f"a measured channel of {len(shares)} intervals ({significant(loss_db)} dB on average)"


def detectors_text(link: Link) -> str:
    """Return Bob's receiver as a phrase."""
    efficiency, dark = significant(100 * link.bob.efficiency), significant(link.bob.dark_count_prob)
    return f"threshold detectors of {efficiency} % efficiency, {dark} dark counts a gate"


def intensities_of(setup: Setup) -> tuple[float, ...]:
    """Return the mean photon numbers that Alice's source switches between."""
    return setup.recorded.intensities(setup.link)


def abort_of(result: RunResult) -> Abort | None:
    """Return the abort of the party that had one, Alice's before Bob's."""
    for end in (result.alice, result.bob):
        if isinstance(end, Abort):
            return end
    return None


def key_of(result: RunResult) -> SecretKey | None:
    """Return Alice's key if both parties ended with one."""
    ended = abort_of(result) is None
    return result.alice if ended and isinstance(result.alice, SecretKey) else None


def worth(result: RunResult) -> str:
    """Return in one sentence what the key is worth."""
    security = result.predicted.security
    key = key_of(result)
    if key is None:
        return "There is no key, so there is nothing to protect."
    if security.attacks == "none":
        return "No security is claimed: the bound proves nothing."
    return (
        f"With real randomness the key would hold against {ATTACK_CLASSES[security.attacks]}, for "
        f"this {security.regime} block and under the assumptions of {result.bound}: equal at both ends and "
        f"unknown to Eve, but for a total failure probability of {significant(key.ledger.eps_total)}."
    )


def preset_of(setup: Setup) -> Setup | None:
    """Return the preset that a setup is named after, or None."""
    return load(setup.name) if setup.name in preset_names() else None


def changes(setup: Setup) -> dict[str, Any]:
    """Return the fields, by dotted name, in which a setup differs from the preset it is named after.

    Examples
    --------
    >>> import noclone as nc
    >>> changes(nc.load("lim-2014").replace({"channel.length_km": 20}))
    {'channel.length_km': 20.0}
    """
    preset = preset_of(setup)
    if preset is None:
        return {}
    mine, theirs = to_tables(setup), to_tables(preset)
    return {
        f"{table}.{name}": value
        for table, values in mine.items()
        if table != "publication"
        for name, value in values.items()
        if value != theirs.get(table, {}).get(name)
    }


def command(result: RunResult) -> str:
    """Return the command line that gives this run again."""
    setup = result.setup
    words = ["noclone run", setup.name if preset_of(setup) is not None else f"{setup.name}.toml"]
    words += [f"--set {name}={_written(value)}" for name, value in changes(setup).items()]
    if result.pulses != setup.pulses:
        words.append(f"--pulses {result.pulses}")
    protocol = setup.recorded
    if result.bound != protocol.finite_bound(protocol.bound):
        words.append(f"--bound {result.bound}")
    if result.attack is not None:
        words.append(f"--attack {result.attack.text()}")
    if result.verdict.rule is not None:
        words.append(f"--discard {result.verdict.rule.false_alarm_rate:g}")
    return " ".join([*words, f"--seed {result.seed}"])


def _written(value: Any) -> str:
    text = str(value)
    return f"'{text}'" if " " in text else text
