"""Measure Eves that adapt: one that learns to lie low at checkpoints, one that plays against the watcher.

    python evidence/adaptive.py            all rows that are missing, then the tables
    python evidence/adaptive.py report     the tables of what is there

Checkpoints: three tabular learners, fixed and random intervals, channel noise of 1, 3 and 5 %, five seeds,
10,000 episodes each; every policy is then played for 10,000 fresh sessions. Policies learned against fixed
intervals are also played against random ones. Beside them a channel without Eve, Eves that intercept a share
of the rounds at random, and the optimum by value iteration.

Game: lim-2014, three declarations of Eve's hardware, four guards, five seeds; see
noclone.learn.adaptive.game.
Results are rows of evidence/results/adaptive.json; a run continues where the last one stopped. Intervals are
of the mean over seeds, 95 % by Student's t.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from noclone.core.files import write_atomically
from noclone.learn.adaptive import checkpoints as cp
from noclone.learn.adaptive import game, tabular
from noclone.learn.adaptive.foresight import best_policy
from noclone.learn.adaptive.hardware import HARDWARE
from noclone.learn.adaptive.summary import means
from noclone.setup import load

RESULTS = Path(__file__).parent / "results" / "adaptive.json"
SEEDS = range(1, 6)
NOISES = (0.01, 0.03, 0.05)
FRACTIONS = (0.0, 0.1, 0.25, 1.0)
RATES = (0.012, 0.001)
PLAYED, HONEST, LAW = "trained by play", "chi-square", "chi-square by its law"
LAW_RATE = 1e-6
"""Of the chi-square law: no calibration set that can be measured reaches it."""
FIT, CALIBRATION, EACH, QUERIES, TEST, HONEST_TEST, ROUNDS = 2000, 8000, 300, 300, 1000, 8000, 5

Row = dict[str, Any]
Key = tuple[Any, ...]


def jobs() -> Iterator[tuple[Row, Callable[[], Row]]]:
    """Yield what names a row, and what measures the rest of it."""
    for intervals in (cp.FIXED, cp.RANDOM):
        for noise in NOISES:
            plan = cp.Checkpoints(intervals=intervals, noise=noise)
            at = {"part": "checkpoints", "intervals": intervals, "noise": noise}
            yield {**at, "policy": "optimum", "seed": 0}, lambda plan=plan: asdict(best_policy(plan))
            for seed in SEEDS:
                for fraction in FRACTIONS:
                    name = {**at, "policy": f"random {fraction:g}", "seed": seed}
                    yield (
                        name,
                        lambda p=plan, f=fraction, s=seed: asdict(
                            tabular.play(p, tabular.always(p, f), seed=s)
                        ),
                    )
                for method in tabular.METHODS:
                    name = {**at, "policy": method, "seed": seed}
                    yield name, lambda p=plan, m=method, s=seed: learned(p, p, m, s)
                    if intervals == cp.RANDOM:
                        name = {**at, "policy": f"{method}, learned at fixed", "seed": seed}
                        yield (
                            name,
                            lambda p=plan, n=noise, m=method, s=seed: learned(
                                p, cp.Checkpoints(noise=n), m, s
                            ),
                        )
    for hardware in HARDWARE:
        for seed in SEEDS:
            ground = game.Ground(load("lim-2014"), HARDWARE[hardware], seed)
            for guard in ("trained on strong attacks", HONEST, PLAYED, LAW):
                for rate in (LAW_RATE,) if guard == LAW else RATES:
                    name = {"part": "game", "hardware": hardware, "guard": guard, "rate": rate, "seed": seed}
                    yield name, lambda g=ground, k=guard, r=rate: played(g, k, r)


def random(plan: cp.Checkpoints, fraction: float, seed: int) -> Row:
    """Play an Eve who does not learn."""
    return asdict(tabular.play(plan, tabular.always(plan, fraction), seed=seed))


def learned(plan: cp.Checkpoints, school: cp.Checkpoints, method: str, seed: int) -> Row:
    """Learn at one school of checkpoints and play at a plan."""
    return asdict(tabular.play(plan, tabular.learn(school, method, seed=seed), seed=seed))


def played(ground: game.Ground, kind: str, rate: float) -> Row:
    """Train a guard, let Eve answer it, and count."""
    guard = game.Guard.of_law(ground, FIT, rate) if kind == LAW else calibrated(ground, kind, rate)
    honest = guard.alarms(ground.windows(None, "test", HONEST_TEST)).mean()
    found = game.best_responses(ground, guard, QUERIES)
    result = game.outcome(ground, guard, found[0] if found else None, TEST)
    return {"honest_discarded": float(honest), **asdict(result), "secure": result.secure}


def calibrated(ground: game.Ground, kind: str, rate: float) -> game.Guard:
    """Train a guard whose threshold comes from held-out windows."""
    if kind == PLAYED:
        models = game.trained_by_play(
            ground, ROUNDS, rate, honest=FIT, calibration=CALIBRATION, each=EACH, queries=QUERIES
        )
    elif kind == HONEST:
        models = [game.one_class(ground, FIT)]
    else:
        models = [game.trained_against(ground, game.strongest(ground.hardware), FIT, EACH)]
    return game.Guard.calibrated(models, ground.windows(None, "calibration", CALIBRATION), rate)


def rows() -> list[Row]:
    """Return the rows measured so far."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else []


def measure() -> None:
    """Make all rows that are missing."""
    done = rows()
    known = [{name: row[name] for name in row if name in NAMES} for row in done]
    for name, work in jobs():
        if name in known:
            continue
        start = time.process_time()
        done.append({**name, **work(), "cpu_s": round(time.process_time() - start, 2)})
        text = json.dumps(done, indent=0) + "\n"
        write_atomically(RESULTS, lambda file, text=text: file.write(text.encode()))


NAMES = ("part", "intervals", "noise", "policy", "seed", "hardware", "guard", "rate")


def report() -> None:
    """Print both tables."""
    for title, names, columns in (
        ("checkpoints", ("intervals", "noise", "policy"), ("detection", "bits", "charged_bits", "earnings")),
        (
            "game",
            ("hardware", "guard", "rate"),
            ("secure", "claimed", "taken", "discarded", "honest_discarded"),
        ),
    ):
        part = [row for row in rows() if row["part"] == title]
        print(" | ".join((*names, *columns)))
        for group, found in means(part, names, columns).items():
            shown = (f"{each.mean:.4f} ± {each.half_width:.4f}" if each else "" for each in found.values())
            print(" | ".join((*map(str, group), *shown)))
    print(f"CPU seconds: {sum(row['cpu_s'] for row in rows()):.0f}")


if __name__ == "__main__":
    if sys.argv[1:] != ["report"]:
        measure()
    report()
