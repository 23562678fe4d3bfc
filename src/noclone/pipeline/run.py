"""The main job: predict, simulate, distil, and put everything side by side."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.kinds import check_kind
from noclone.core.progress import Progress, silent
from noclone.distillation.discard import DiscardRule
from noclone.distillation.distil import check_methods, distil_pair
from noclone.distillation.estimation import estimate
from noclone.distillation.result import Abort, SecretKey
from noclone.protocols.attack import Attack
from noclone.protocols.decoy_bb84 import Expected
from noclone.protocols.key_rate import KeyRate
from noclone.records.pulse_features import record_telemetry
from noclone.records.tally import tally
from noclone.setup import Setup, rate
from noclone.simulation import Simulated, with_truth
from noclone.watching import Verdict, normal_of
from noclone.watching.watch import WATCHER, Watched, watch_telemetry


@dataclass(frozen=True, eq=False)
class RunResult:
    """Everything that one run gives, for a table, a report or a program.

    Attributes
    ----------
    setup : Setup
        What was run.
    pulses, seed : int
        Size and seed of the simulation.
    attack : Attack or None
        Eve.
    bound : str
        Bound that decided the key's length; one for finite blocks.
    predicted, predicted_rigorous : KeyRate
        What the model expects without Eve: with that bound, and with the rigorous one.
    expected : Expected
        Events that the model expects without Eve.
    simulated : Simulated
        The two records and the ground truth.
    detections, errors : NDArray[int64]
        Basis-matched events (2, K) and errors among them, as an all-knowing observer counts them.
    alice, bob : SecretKey or Abort
        What each party ended with.
    rigorous_bits : int or None
        Length that the rigorous bound would have allowed for the same run; None after an abort.
    watched : Watched
        What the watcher, calibrated before the run, says of it, and on what.
    seconds : mapping
        Wall time of each stage.
    """

    setup: Setup
    pulses: int
    seed: int
    attack: Attack | None
    bound: str
    predicted: KeyRate
    predicted_rigorous: KeyRate
    expected: Expected
    simulated: Simulated
    detections: NDArray[np.int64]
    errors: NDArray[np.int64]
    alice: SecretKey | Abort
    bob: SecretKey | Abort
    rigorous_bits: int | None
    watched: Watched
    seconds: Mapping[str, float]

    @property
    def sifted_bits(self) -> int:
        """Keyed events."""
        return int(self.detections[self.setup.recorded.keyed].sum())

    @property
    def qber(self) -> float:
        """Error rate of the keyed events."""
        return float(self.errors[self.setup.recorded.keyed].sum() / max(1, self.sifted_bits))

    @property
    def verdict(self) -> Verdict:
        """What the watcher says."""
        return self.watched.verdict

    @property
    def keys_equal(self) -> bool:
        """Whether both parties hold the same key."""
        if isinstance(self.alice, Abort) or isinstance(self.bob, Abort):
            return False
        return self.alice.key_bits > 0 and np.array_equal(self.alice.packed, self.bob.packed)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values under the stable keys of ``noclone run --json``."""
        key, aborted = self.alice, isinstance(self.alice, Abort)
        ledger = key.ledger
        return {
            "setup": self.setup.name,
            "protocol": self.setup.protocol.NAME,
            "bound": self.bound,
            "pulses": self.pulses,
            "detections": len(self.simulated.bob),
            "sifted_bits": self.sifted_bits,
            "qber": self.qber,
            "rate_per_pulse": 0.0 if isinstance(key, Abort) else key.key_bits / self.pulses,
            "key_bits": 0 if isinstance(key, Abort) else key.key_bits,
            "net_key_bits": 0 if isinstance(key, Abort) else key.net_key_bits,
            "key_bits_rigorous": self.rigorous_bits,
            "key_sha256": None if isinstance(key, Abort) else key.sha256(),
            "keys_equal": self.keys_equal,
            "eps_sec": self.setup.recorded.eps_sec,
            "eps_cor": self.setup.recorded.eps_cor,
            "sent_bits": ledger.sent_bits,
            "charged_bits": ledger.charged_bits,
            "f_ec": None if isinstance(key, Abort) else key.f_ec,
            "aborted": aborted,
            "abort_reason": key.reason if isinstance(key, Abort) else None,
            "verdict": self.verdict.as_dict(),
            "seconds": sum(self.seconds.values()),
        }


def run(
    setup: Setup,
    *,
    pulses: float | None = None,
    bound: str | None = None,
    attack: Attack | None = None,
    rule: DiscardRule | None = None,
    seed: int = 1,
    workers: int = 1,
    progress: Progress = silent,
) -> RunResult:
    """Predict a setup's key, simulate it, watch it, distil the real key, and return it all.

    Parameters
    ----------
    setup : Setup
        Link and protocol.
    pulses : float, optional
        Size of the block; the setup's own by default.
    bound : str, optional
        Instead of the protocol's own. An asymptotic one serves the prediction; the key's length
        then comes from the rigorous default.
    attack : Attack, optional
        Eve on the channel.
    rule : DiscardRule, optional
        Withhold the key if the watcher named in it raises the alarm; without a rule, the verdict is only
        told.
    seed : int
        Everything follows from it: the key of a simulation is no secret.
    workers : int
        Threads of the simulation.
    progress : callable
        Called with stage and share done.

    Raises
    ------
    InvalidInput
        If the setup cannot be run so, or the rule is no `DiscardRule`.

    Examples
    --------
    >>> import noclone as nc
    >>> result = nc.run(nc.load("lim-2014"), pulses=1e9)
    >>> result.keys_equal
    True
    """
    if rule is not None:
        check_kind("rule", rule, DiscardRule)
    setup.protocol.check_link(setup.link)
    check_methods(setup)
    wanted = bound or setup.recorded.bound
    bound = setup.recorded.finite_bound(wanted)
    seconds = {}
    start = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal start
        now = time.perf_counter()
        seconds[stage], start = now - start, now

    size = setup.pulses if pulses is None else int(pulses)
    predicted = rate(setup, pulses=size, bound=bound)
    rigorous = rate(setup, pulses=size, bound=setup.recorded.RIGOROUS)
    expected = setup.recorded.expected(setup.link, size)
    lap("prediction")
    # Who decides, and from which score on, is fixed before anything is seen of the block.
    calibrated, normal = normal_of(
        setup,
        size,
        watcher=WATCHER if rule is None else rule.watcher,
        false_alarm_rate=0.01 if rule is None else rule.false_alarm_rate,
        seed=seed,
    )
    lap("calibration")
    simulated = with_truth(setup, pulses, attack=attack, seed=seed, workers=workers, progress=progress)
    lap("simulation")
    alice, bob = distil_pair(simulated.alice, simulated.bob, setup, bound=bound, seed=seed, progress=progress)
    lap("distillation")
    telemetry = record_telemetry(simulated.alice, simulated.bob, len(setup.recorded.intensity_probs))
    verdict = watch_telemetry(
        calibrated, telemetry, setup, normal, attack=attack, seed=seed, progress=progress
    )
    stake = 0 if isinstance(alice, Abort) else alice.key_bits
    if rule is not None:
        evidence = {"watcher": rule.watcher, "p_value": verdict.p_value}
        alice, bob = (rule.applied(key, verdict.alarm, evidence) for key in (alice, bob))
    retained = 0 if isinstance(alice, Abort) else alice.key_bits
    verdict = replace(verdict, rule=rule, stake_bits=stake, retained_bits=retained)
    lap("watch")
    detections, errors = tally(simulated.alice, simulated.bob, len(setup.recorded.intensity_probs))
    rigorous_bits = None
    if isinstance(alice, SecretKey):
        counts = alice.estimate.counts
        found = estimate(
            setup,
            counts.detections.astype(np.int64),
            counts.errors.astype(np.int64),
            alice.leak_bits,
            setup.recorded.RIGOROUS,
            size,
        )
        rigorous_bits = sum(found.lengths)
    lap("counting")
    return RunResult(
        setup=setup,
        pulses=size,
        seed=seed,
        attack=attack,
        bound=bound,
        predicted=predicted,
        predicted_rigorous=rigorous,
        expected=expected,
        simulated=simulated,
        detections=detections,
        errors=errors,
        alice=alice,
        bob=bob,
        rigorous_bits=rigorous_bits,
        watched=Watched(verdict, calibrated, telemetry),
        seconds=seconds,
    )
