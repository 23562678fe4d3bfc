"""Published experiments against the models: who measured what, and what the model says.

Presets hold the experiments whose parameters are complete; `experiments.csv` holds those of which
only rate, distance or loss, and clock are known: they are held against the capacity of the link.
"""

from __future__ import annotations

import csv
from importlib import resources
from typing import Any

import numpy as np

from noclone.rates.capacity import repeaterless_bound
from noclone.setup import load, preset_names, rate

LOWEST_FIBRE_LOSS_DB_PER_KM = 0.157
"""Of any fibre link in the table (Liu et al., PRL 130, 210801, 2023): an optimistic capacity."""


def experiments() -> list[dict[str, Any]]:
    """Return one row per measured figure.

    Returns
    -------
    list of dict
        ``experiment``, ``quantity``, ``measured``, ``model``, ``relation`` (what must hold) and
        ``passed``.

    Examples
    --------
    >>> all(row["passed"] for row in experiments())
    True
    """
    rows = []
    for name in preset_names():
        rows += _preset_rows(name)
    with (resources.files("noclone.agree") / "experiments.csv").open(encoding="utf-8") as file:
        for entry in csv.DictReader(file):
            rows.append(_capacity_row(entry))
    return rows


def _preset_rows(name: str) -> list[dict[str, Any]]:
    setup = load(name)
    measured = {} if setup.publication is None else setup.publication.measured
    expected = setup.protocol.expected(setup.link, setup.pulses)
    rows = []
    for figure in ("detections", "sifted_bits", "qber"):
        if figure not in measured:
            continue
        model, seen = float(getattr(expected, figure)), float(measured[figure])
        fitted = figure in setup.fitted.values()
        close = abs(model / seen - 1) < (1e-6 if fitted else 0.01)
        rows.append(_row(name, figure, seen, model, "fitted" if fitted else "within 1 %", close))
    if "key_bits" in measured:
        seen = float(measured["key_bits"])
        limit = float(rate(setup, asymptotic=True).rate_per_pulse) * setup.pulses
        best = setup.replace({"protocol.f_ec": 1.0})
        most = float(rate(best, pulses=setup.pulses).rate_per_pulse) * setup.pulses
        rows.append(_row(name, "key_bits, finite, f = 1", seen, most, "measured below model", seen <= most))
        rows.append(_row(name, "key_bits, asymptotic", seen, limit, "measured below model", seen <= limit))
    return rows


def _capacity_row(entry: dict[str, str]) -> dict[str, Any]:
    loss_db = float(entry["loss_db"] or 0) or float(entry["distance_km"]) * LOWEST_FIBRE_LOSS_DB_PER_KM
    per_pulse = float(entry["rate_bps"]) / float(entry["clock_hz"])
    capacity = float(repeaterless_bound(np.asarray(10 ** (-loss_db / 10))))
    return _row(
        f"{entry['experiment']}, {entry['distance_km']} km",
        "bits per pulse",
        per_pulse,
        capacity,
        "measured below PLOB",
        per_pulse <= capacity,
    )


def _row(
    experiment: str, quantity: str, measured: float, model: float, relation: str, passed: bool
) -> dict[str, Any]:
    return {
        "experiment": experiment,
        "quantity": quantity,
        "measured": measured,
        "model": model,
        "relation": relation,
        "passed": bool(passed),
    }
