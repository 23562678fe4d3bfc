"""Training Eve: the most information at an error rate that the parties are willing to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.numbers import finite, whole
from noclone.core.registry import pick
from noclone.core.seeds import stream
from noclone.learn.eavesdropping.circuits import trainable
from noclone.learn.eavesdropping.interception import (
    EveCircuit,
    Floats,
    Intercepted,
    Interception,
    announcements,
)
from noclone.learn.eavesdropping.protocol_games import Game, collective_bound, games, intercept_resend
from noclone.proofs.library.channels import QUBIT_CHANNELS, Channel, composed

CAVEAT = (
    "An individual attack's optimum is no security threshold: coherent attacks end BB84's key at an error "
    "rate of 11.0 %, not 14.6 %. What a trained circuit finds is a lower bound on Eve's power, never a proof."
)
RESTARTS = 8
ROUNDING = 1e-12
FEASIBLE = 1e-6
"""By how much an attack may exceed the allowed error rate, or miss the rate of kept rounds relatively."""


@dataclass(frozen=True, eq=False)
class LearnedAttack:
    """The best attack that training found, between what it must beat and what it cannot beat.

    Attributes
    ----------
    protocol : str
    disturbance : float
        Error rate of the kept bits, the channel's own errors included; the largest where the parties count
        them in several pools.
    information : float
        Eve's Shannon information on a kept bit of Alice's, in bits, from the measurement that was trained
        with the interaction.
    kept : float
        Probability that a round is kept.
    circuit : EveCircuit
    weights : ndarray, shape (circuit.n_weights,)
    upper_bound : float
        The most that an individual attack with this disturbance tells Eve.
    upper_bound_source : str
    collective_bound : float
        The most that a collective attack tells her that shows the same rates of kept and of wrong bits,
        certified.
    intercept_resend : float
        What measuring and resending tells her at this disturbance; NaN where it cannot cause as much.
    restarts : tuple of float
        What each restart reached, in bits; NaN where it kept to no limit.
    """

    protocol: str
    disturbance: float
    information: float
    kept: float
    circuit: EveCircuit
    weights: Floats
    upper_bound: float
    upper_bound_source: str
    collective_bound: float
    intercept_resend: float
    restarts: tuple[float, ...]

    def __str__(self) -> str:
        """Return the numbers, and what they are worth."""
        ancillas = self.circuit.interaction.qubits - 1
        rows = (
            ("intercept and resend", self.intercept_resend, ""),
            ("learned", self.information, f"{ancillas} ancilla{'s' * (ancillas > 1)}"),
            ("upper bound", self.upper_bound, self.upper_bound_source),
            ("any collective attack", self.collective_bound, "certified"),
        )
        lines = [f"{self.protocol} at an error rate of {self.disturbance:.4%}, bits per kept bit:"]
        lines += [f"  {name:<22} {bits:.6f}  {words}".rstrip() for name, bits, words in rows]
        return "\n".join([*lines, f"  {CAVEAT}"])


def learned_attack(
    protocol: str | Game,
    disturbance: float,
    *,
    restarts: int = RESTARTS,
    seed: int = 1,
    ancillas: int | None = None,
    entangled: bool = True,
    **noise: float,
) -> LearnedAttack:
    """Train Eve's circuit to learn as much as she can at an error rate.

    Interaction and measurements are trained together, by sequential quadratic programming with exact
    gradients, from random starts: the most information, with no pool of errors above the disturbance and, in
    B92, as many rounds kept as a depolarising channel with that error rate keeps. Her information is that of
    the trained projective measurement of her ancillas, one for each of Alice's announcements.

    Parameters
    ----------
    protocol : str or Game
        A name of `games`.
    disturbance : float
        Error rate that the parties see, in [0, 1/2]; what their channel causes is part of it.
    restarts : int
    seed : int
    ancillas : int, optional
        1 or 2; by default what the best known attack needs.
    entangled : bool
        False for the twin without gates between the qubit and the ancillas, which learns nothing.
    **noise
        ``dephasing``, ``depolarising`` and the like, as for `noclone.proofs.prove`: the channel between Eve
        and Bob, which she cannot replace.

    Raises
    ------
    InvalidInput
        If a name or number is wrong, the channel alone causes more errors, or no restart kept to the limits.

    Notes
    -----
    The task: Decker et al., arXiv:2410.01904.

    Examples
    --------
    >>> found = learned_attack("bb84", 0.11, restarts=4)
    >>> round(found.information, 4), round(found.upper_bound, 4), round(found.intercept_resend, 4)
    (0.3046, 0.3046, 0.22)
    """
    game = pick("protocol", protocol, dict(games())) if isinstance(protocol, str) else protocol
    if not 0 <= finite("disturbance", disturbance) <= 0.5:
        raise InvalidInput("disturbance", f"must lie between 0 and 0.5, but is {disturbance}")
    whole("restarts", restarts, 1)
    count = game.ancillas if ancillas is None else whole("ancillas", ancillas, 1)
    channel = _channel(noise)
    own = np.reshape(list(game.declared.joint(channel).values()), (len(game.declared.signals), -1, 1))
    circuit = trainable(count, len(announcements(game.declared)), entangled=entangled)
    interception = Interception(game.declared, circuit, channel, game.pools)
    floor = float(interception.of_table(own).disturbances.max())
    if floor > disturbance + ROUNDING:
        raise InvalidInput(
            "disturbance", f"must be at least the channel's own, {floor:.6g}, but is {disturbance}"
        )
    kept = game.expected_kept(disturbance, channel)
    found = [
        _descend(interception, disturbance, kept, stream(seed, "learned-attack", restart))
        for restart in range(restarts)
    ]
    reached = tuple(
        seen.information if _within(seen, disturbance, kept) else float("nan") for _, seen in found
    )
    if np.isnan(reached).all():
        raise InvalidInput("restarts", f"must be more than {restarts}: none of them kept to the limits")
    weights, seen = found[int(np.nanargmax(reached))]
    error = float(seen.disturbances.max())
    collective = collective_bound(game.declared, interception.table(weights))
    return LearnedAttack(
        protocol=game.name,
        disturbance=error,
        information=seen.information,
        kept=seen.kept,
        circuit=circuit,
        weights=weights,
        upper_bound=collective if game.optimum is None else float(np.asarray(game.optimum(error))),
        upper_bound_source=game.source,
        collective_bound=collective,
        intercept_resend=intercept_resend(game, error, channel),
        restarts=reached,
    )


def learned_curve(
    protocol: str | Game, disturbances: Sequence[float], **settings: Any
) -> tuple[LearnedAttack, ...]:
    """Return `learned_attack` at each of several error rates.

    Examples
    --------
    >>> [round(each.information, 3) for each in learned_curve("bb84", (0.02, 0.1), restarts=4)]
    [0.057, 0.278]
    """
    return tuple(learned_attack(protocol, each, **settings) for each in disturbances)


def _channel(noise: dict[str, float]) -> Channel:
    for name in noise:
        pick("noise", name, dict(QUBIT_CHANNELS))
    return composed(*(make(noise[name]) for name, make in QUBIT_CHANNELS.items() if name in noise))


def _within(seen: Intercepted, disturbance: float, kept: float | None) -> bool:
    if float(seen.disturbances.max()) > disturbance + FEASIBLE:
        return False
    return kept is None or abs(seen.kept / kept - 1) < FEASIBLE


def _descend(
    interception: Interception, disturbance: float, kept: float | None, rng: np.random.Generator
) -> tuple[Floats, Intercepted]:
    """Return the weights that one start leads to, and what they give."""
    from scipy.optimize import minimize

    latest: list[Any] = [None, None]

    def at(weights: Floats) -> tuple[Intercepted, Floats]:
        # The optimiser asks for information and limits of the same weights one after the other.
        if latest[0] is None or not np.array_equal(latest[0], weights):
            latest[:] = [weights.copy(), interception.slopes(weights)]
        found: tuple[Intercepted, Floats] = latest[1]
        return found

    limits = [
        {
            "type": "ineq",
            "fun": lambda weights: disturbance - at(weights)[0].disturbances,
            "jac": lambda weights: -at(weights)[1][2:],
        }
    ]
    if kept is not None:
        limits.append(
            {
                "type": "eq",
                "fun": lambda weights: at(weights)[0].kept / kept - 1,
                "jac": lambda weights: at(weights)[1][0] / kept,
            }
        )
    result = minimize(
        lambda weights: -at(weights)[0].information,
        rng.uniform(-np.pi, np.pi, interception.circuit.n_weights),
        jac=lambda weights: -at(weights)[1][1],
        constraints=limits,
        method="SLSQP",
        options={"maxiter": 400, "ftol": 1e-9},
    )
    return np.asarray(result.x, float), interception.intercepted(result.x)
