"""The links that watchers are tried on: what they show, weak attacks, and what Eve can move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from noclone.protocols.attack import Attack
from noclone.protocols.pulse_attack import PulseAttack
from noclone.protocols.symbol_attack import SymbolAttack, combined
from noclone.records.telemetry import Telemetry, joined
from noclone.simulation.drift import Drift

WINDOW = 8
"""Blocks that are judged together, so that watchers of sequences are among those compared."""
INTERVAL_S = 60.0
"""From block to block."""

_Blocks = Callable[[Attack | None, Drift, int, int], Telemetry]


@dataclass(frozen=True, eq=False)
class WatchedLink:
    """A link and what may happen to it.

    Attributes
    ----------
    name : str
    blocks : callable
        From attack or None, drift, seed and run to the telemetry of a run of `WINDOW` blocks.
    attacks : tuple of Attack
        Each so weak that some watcher misses it, or none does: the table shows which.
    pairs : tuple of Attack
        Two attacks at once.
    movable : tuple of str
        Columns that Eve can move without giving up her attack, by the loss, delay or light that she adds:
        not error rates and excess noise, which are what the attack does, and not Alice's and Bob's monitors.
    """

    name: str
    blocks: _Blocks
    attacks: tuple[Attack, ...]
    pairs: tuple[Attack, ...]
    movable: tuple[str, ...]

    def telemetry(self, attack: Attack | None, runs: int, drift: Drift, seed: int, first: int) -> Telemetry:
        """Return runs of `WINDOW` blocks, numbered from `first`; no two share their drift."""
        return joined([self.blocks(attack, drift, seed, first + run) for run in range(runs)])


def pulse_link() -> WatchedLink:
    """Return decoy-state BB84 with blocks of 1e6 pulses."""
    import noclone as nc
    from noclone.protocols.pulse_combination import PulseCombination
    from noclone.simulation.pulse_telemetry import pulse_telemetry

    setup = nc.load("lim-2014")

    def blocks(attack: Attack | None, drift: Drift, seed: int, run: int) -> Telemetry:
        return pulse_telemetry(
            setup, WINDOW, 1e6, attack=attack, drift=drift, interval_s=INTERVAL_S, seed=seed, run=run
        )

    texts = (
        "intercept-resend:fraction=.03",
        "photon-number-splitting:fraction=.3",
        "phase-covariant-cloning:fraction=.06",
        "time-shift:fraction=.003",
        "dead-time:fraction=.2",
    )
    attacks = tuple(nc.attacks.parse(text) for text in texts)
    known = {attack.NAME: attack for attack in attacks if isinstance(attack, PulseAttack)}
    pairs = (
        ("intercept-resend", "photon-number-splitting"),
        ("intercept-resend", "time-shift"),
        ("photon-number-splitting", "dead-time"),
    )
    intensities = range(len(setup.recorded.intensity_probs))
    return WatchedLink(
        "pulses",
        blocks,
        attacks,
        tuple(PulseCombination(parts=tuple(known[name] for name in pair)) for pair in pairs),
        (
            *(f"{kind}[{k}]" for kind in ("clicks", "sifted") for k in intensities),
            *("asymmetry", "basis_match", "arrival_mean_ps", "arrival_std_ps"),
        ),
    )


def symbol_link() -> WatchedLink:
    """Return the continuous-variable link of Mao et al., NJP 22, 083073 (2020), with 2000 symbols a block."""
    import noclone as nc
    from noclone.sampling.symbols import SymbolModel
    from noclone.simulation.symbol_telemetry import symbol_telemetry

    model = SymbolModel()

    def blocks(attack: Attack | None, drift: Drift, seed: int, run: int) -> Telemetry:
        return symbol_telemetry(
            model, WINDOW, 2000, attack=attack, drift=drift, interval_s=INTERVAL_S, seed=seed, run=run
        )

    texts = (
        "local-oscillator-intensity:kept=.97",
        "local-oscillator-calibration:resent=.3",
        "entangling-cloner:excess_noise_snu=.3",
        "polarisation:angle_deg=18",
        "saturation",
    )
    attacks = tuple(nc.attacks.parse(text) for text in texts)
    known = {attack.NAME: attack for attack in attacks if isinstance(attack, SymbolAttack)}
    pairs = (
        ("local-oscillator-intensity", "local-oscillator-calibration"),
        ("local-oscillator-intensity", "polarisation"),
        ("local-oscillator-calibration", "entangling-cloner"),
    )
    both = (combined([known[name] for name in pair]) for pair in pairs)
    return WatchedLink(
        "symbols",
        blocks,
        attacks,
        tuple(each for each in both if each is not None),
        ("mean", "variance", "lo_power", "transmittance"),
    )


LINKS: dict[str, Callable[[], WatchedLink]] = {"pulses": pulse_link, "symbols": symbol_link}
"""The links by name."""
