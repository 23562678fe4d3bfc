"""Measure how soon policies learn: quantum, without entanglement, perceptron, and tabular Q-learning.

    python evidence/policies.py            all runs that are missing, then the tables
    python evidence/policies.py report     the tables of what is there

Corridor: four rooms, where value iteration knows the best action in each. A run counts the episodes after
which the greedy policy is optimal and stays so to the end of 400 episodes; policies learn from 4 episodes per
update. CartPole-v1: a run counts the episodes until the mean return of the last 100 is at least 475, the
threshold that gymnasium registers, or gives up after 1200; 20 episodes per update. Policies have the same
number of weights as nearly as their shape allows, the same trainer, and the same learning rates to choose
from; every rate is shown. Five seeds; intervals are of the mean, 95 % by Student's t. Runs that give up count
with their limit, which makes the mean too small; their number is shown. Results are rows of
evidence/results/policies.csv; a run continues where the last one stopped. CPU time is that of one core.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import t
from sklearn.base import clone

from noclone.learn.environments.switched_corridor import SwitchedCorridor
from noclone.learn.environments.value_iteration import value_iteration
from noclone.models.policy_gradient import PerceptronPolicy, PolicyGradient
from noclone.models.quantum_policy import QuantumPolicy

RESULTS = Path(__file__).parent / "results" / "policies.csv"
SEEDS = range(5)
COLUMNS = (
    "task",
    "method",
    "learning_rate",
    "seed",
    "weights",
    "episodes",
    "reached",
    "greedy_return",
    "cpu_s",
)
CORRIDOR_EPISODES, POLE_EPISODES, THRESHOLD = 400, 1200, 475.0
Run = tuple[int, int, bool, float]
"""Weights, episodes, whether the aim was reached, and the greedy policy's return at the end."""


def settled(optimal: list[bool], each: int) -> tuple[int, bool]:
    """Return the episodes after which all later policies are optimal, and whether there are any."""
    wrong = [number for number, good in enumerate(optimal) if not good]
    after = wrong[-1] + 2 if wrong else 1
    return min(after, len(optimal)) * each, after <= len(optimal)


def corridor(policy: PolicyGradient) -> Run:
    """Train a policy in the corridor."""
    environment = SwitchedCorridor()
    best = value_iteration(*environment.model()).argmax(axis=1)
    policy.set_params(episodes=4, discount=1.0)
    optimal = []
    for _ in range(CORRIDOR_EPISODES // 4):
        policy.partial_fit(environment)
        optimal.append(bool(np.array_equal(policy.act(np.arange(4)), best)))
    return len(policy.weights_), *settled(optimal, 4), policy.score(environment)


def q_learning(rate: float, seed: int) -> Run:
    """Train a table of action values in the corridor, with 10 % of the actions at random."""
    environment, random = SwitchedCorridor(), np.random.default_rng(seed)
    best = value_iteration(*environment.model()).argmax(axis=1)
    table, optimal = np.zeros((4, 2)), []
    for _ in range(CORRIDOR_EPISODES):
        room, _ = environment.reset()
        over = False
        while not over:
            favourites = np.flatnonzero(table[room] == table[room].max())
            action = random.integers(2) if random.uniform() < 0.1 else random.choice(favourites)
            after, reward, left, cut, _ = environment.step(action)
            ahead = 0.0 if left else table[after].max()
            table[room, action] += rate * (reward + ahead - table[room, action])
            room, over = after, left or cut
        optimal.append(bool(np.array_equal(table.argmax(axis=1), best)))
    room, total, over = environment.reset()[0], 0.0, False
    while not over:
        room, reward, left, cut, _ = environment.step(table[room].argmax())
        total, over = total + reward, left or cut
    return table.size, *settled(optimal, 1), total


def pole(policy: PolicyGradient) -> Run:
    """Train a policy to balance a pole."""
    policy.set_params(episodes=20)
    reached = False
    while not reached and getattr(policy, "n_iter_", 0) < POLE_EPISODES // 20:
        policy.partial_fit("CartPole-v1")
        reached = policy.n_iter_ >= 5 and policy.return_curve_[-5:].mean() >= THRESHOLD
    return len(policy.weights_), 20 * policy.n_iter_, reached, policy.score("CartPole-v1")


def runs() -> dict[tuple[str, str, float], Callable[[int], Run]]:
    """Return what makes a run from its seed, by task, method and learning rate."""
    found: dict[tuple[str, str, float], Callable[[int], Run]] = {}
    for task, train, hidden, rates in (
        ("corridor", corridor, 8, (0.02, 0.05, 0.1, 0.2, 0.4)),
        ("CartPole-v1", pole, 13, (0.02, 0.05, 0.1, 0.2)),
    ):
        policies = {
            "quantum": QuantumPolicy(),
            "quantum, unentangled": QuantumPolicy(entangled=False),
            "perceptron": PerceptronPolicy(hidden=hidden),
        }
        for method, policy in policies.items():
            for rate in rates:

                def run(seed: int, policy=policy, rate=rate, train=train) -> Run:
                    return train(clone(policy).set_params(learning_rate=rate, random_state=seed))

                found[task, method, rate] = run
    for rate in (0.1, 0.5, 1.0):
        found["corridor", "tabular Q-learning", rate] = lambda seed, rate=rate: q_learning(rate, seed)
    return found


def measure() -> None:
    """Make all runs that are missing."""
    done = {tuple(row[name] for name in COLUMNS[:4]) for row in rows()}
    fresh = not RESULTS.exists()
    with RESULTS.open("a", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        if fresh:
            table.writerow(COLUMNS)
        for (task, method, rate), run in runs().items():
            for seed in SEEDS:
                if (task, method, str(rate), str(seed)) in done:
                    continue
                start = time.process_time()
                weights, episodes, reached, final = run(seed)
                spent = f"{time.process_time() - start:.2f}"
                table.writerow((task, method, rate, seed, weights, episodes, reached, final, spent))
                file.flush()


def rows() -> list[dict[str, str]]:
    """Return the rows measured so far."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as file:
        return list(csv.DictReader(file))


def report() -> None:
    """Print episodes to the aim by task, method and learning rate, means over seeds."""
    groups: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in rows():
        groups.setdefault((row["task"], row["method"], row["learning_rate"]), []).append(row)
    print(f"{'task':12}{'method':24}{'rate':>6}{'weights':>9}{'episodes':>18}{'reached':>9}{'CPU s':>8}")
    for (task, method, rate), group in groups.items():
        episodes = [float(row["episodes"]) for row in group]
        half = t.ppf(0.975, len(group) - 1) * np.std(episodes, ddof=1) / np.sqrt(len(group))
        reached = sum(row["reached"] == "True" for row in group)
        spent = np.mean([float(row["cpu_s"]) for row in group])
        counted = f"{np.mean(episodes):.0f} ± {half:.0f}"
        print(
            f"{task:12}{method:24}{rate:>6}{group[0]['weights']:>9}{counted:>18}"
            f"{reached:>6} of {len(group)}{spent:>7.1f}"
        )


if __name__ == "__main__":
    if sys.argv[1:] != ["report"]:
        measure()
    report()
