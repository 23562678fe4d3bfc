"""Train Eve on six games over error rates, with and without noise of the channel, and draw the curves.

Every point is an entry of results/learned_attack.json: what a trained circuit learns, between intercept and
resend and the most that there is, individually and collectively. Points that are there are kept.

    python evidence/learned_attack.py

An individual attack's optimum is no security threshold, and what training finds is no proof.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from noclone.core.files import write_bytes
from noclone.learn.eavesdropping import CAVEAT, games, leaderboard_rows, learned_attack
from noclone.report.learned_attack_figure import learned_attack_figure

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "learned_attack.json"
PICTURE = HERE.parent / "docs" / "images" / "learned-attack.svg"
DISTURBANCES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.09, 0.11, 0.13, 0.1464, 0.17, 0.2, 0.23, 0.25, 0.28, 0.3)
NOISES: tuple[dict[str, Any], ...] = ({}, {"depolarising": 0.05}, {"dephasing": 0.1})


def point(name: str, disturbance: float, noise: dict[str, Any]) -> dict[str, Any]:
    """Return one trained attack as what JSON can hold."""
    clock = time.process_time()
    found = learned_attack(name, disturbance, **noise)
    return {
        "protocol": name,
        "asked": disturbance,
        "noise": noise,
        "disturbance": round(found.disturbance, 9),
        "information": round(found.information, 9),
        "kept": round(found.kept, 9),
        "upper_bound": round(found.upper_bound, 9),
        "upper_bound_source": found.upper_bound_source,
        "collective_bound": round(found.collective_bound, 9),
        "intercept_resend": None
        if found.intercept_resend != found.intercept_resend
        else round(found.intercept_resend, 9),
        "restarts": [None if each != each else round(each, 6) for each in found.restarts],
        "cpu_s": round(time.process_time() - clock, 2),
    }


def main() -> None:
    """Add the points that are missing, then the rows of the leaderboard, and draw."""
    content: dict[str, Any] = {"caveat": CAVEAT, "points": [], "leaderboard": []}
    if RESULTS.exists():
        content = json.loads(RESULTS.read_text(encoding="utf-8"))
    done = {(each["protocol"], each["asked"], json.dumps(each["noise"])) for each in content["points"]}

    def save() -> None:
        write_bytes(RESULTS, (json.dumps(content, indent=1) + "\n").encode())

    for name in games():
        for noise in NOISES:
            for disturbance in DISTURBANCES:
                if (name, disturbance, json.dumps(noise)) in done or (noise and disturbance < 0.07):
                    continue  # the channel's own errors
                content["points"].append(point(name, disturbance, noise))
                save()
                print(name, noise, disturbance, content["points"][-1]["information"], file=sys.stderr)
    if not content["leaderboard"]:
        content["leaderboard"] = list(leaderboard_rows())
        save()
    learned_attack_figure(content["points"], PICTURE)
    for row in content["leaderboard"]:
        print(f"{row['model']:40} {row['score']:.6f} ± {row['half_width']:.6f} of {row['ceiling']:.6f}")
    print(CAVEAT)


if __name__ == "__main__":
    main()
