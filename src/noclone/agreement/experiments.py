"""Published experiments against the models: who measured what, and what the model says.

`experiments.csv` holds every experiment. One whose publication gives all that the model needs has a preset
besides and is held against the model; any other is held against the capacity of its channel, and the row
says what is left open.
"""

from __future__ import annotations

import csv
from importlib import resources
from typing import Any

import numpy as np

from noclone.protocols import protocols
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.rates.capacity import repeaterless_bound, single_repeater_bound
from noclone.setup import Setup, load, preset_names, rate

LOWEST_FIBRE_LOSS_DB_PER_KM = 0.157
"""Of any fibre link in the table (Liu et al., PRL 130, 210801, 2023): an optimistic capacity."""
FASTEST_CLOCK_HZ = 1e11
"""No experiment in the table was faster; where the clock is not known, a slower one must do."""
NOT_SECRET = "raw or sifted rate"
"""Status of a row whose rate is not one of secret bits."""


def entries() -> list[dict[str, str]]:
    """Return the rows of the table of experiments, as text.

    Examples
    --------
    >>> entries()[0]["protocol"]
    'weak-coherent-bb84'
    """
    with (resources.files("noclone.agreement") / "experiments.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def experiments() -> list[dict[str, Any]]:
    """Return one row per comparison of a measured figure with a model or a capacity.

    Returns
    -------
    list of dict
        ``experiment``, ``protocol``, ``quantity``, ``measured``, ``model``, ``capacity`` (each None where
        there is none), ``relation`` (what must hold), ``left_open`` (what the publication, as far as it was
        seen, does not say) and ``passed`` (None where there is nothing to compare).

    Examples
    --------
    >>> any(row["passed"] is False for row in experiments())
    False
    """
    rows = []
    for name in preset_names():
        rows += _preset_rows(name)
    for entry in entries():
        rows.append(_capacity_row(entry))
    return rows


def _preset_rows(name: str) -> list[dict[str, Any]]:
    setup = load(name)
    protocol = setup.protocol.NAME
    measured = {} if setup.publication is None else setup.publication.measured
    rows = []
    if isinstance(setup.protocol, DecoyBB84):
        rows += _counted(setup, measured)
    answer = rate(setup, asymptotic=True)
    if "rate_bps" in measured:
        seen, limit = float(measured["rate_bps"]), float(answer.rate_bps)
        most = float(answer.capacity * answer.clock_rate_hz)
        relation = "measured below model below capacity"
        rows.append(
            _row(name, protocol, "bits per second", seen, limit, most, relation, seen <= limit <= most)
        )
    else:
        limit, most = float(answer.rate_per_pulse), float(answer.capacity)
        relation = "model below capacity"
        rows.append(_row(name, protocol, "bits per pulse", None, limit, most, relation, limit <= most))
    return rows


def _counted(setup: Setup, measured: Any) -> list[dict[str, Any]]:
    """Return the rows of an experiment whose counts are published."""
    expected = setup.recorded.expected(setup.link, setup.pulses)
    name, protocol = setup.name, setup.protocol.NAME
    rows = []
    for figure in ("detections", "sifted_bits", "qber"):
        if figure not in measured:
            continue
        model, seen = float(getattr(expected, figure)), float(measured[figure])
        fitted = figure in setup.fitted.values()
        close = abs(model / seen - 1) < (1e-6 if fitted else 0.01)
        rows.append(
            _row(name, protocol, figure, seen, model, None, "fitted" if fitted else "within 1 %", close)
        )
    if "key_bits" in measured:
        seen = float(measured["key_bits"])
        limit = float(rate(setup, asymptotic=True).rate_per_pulse) * setup.pulses
        best = setup.replace({"protocol.f_ec": 1.0})
        most = float(rate(best, pulses=setup.pulses).rate_per_pulse) * setup.pulses
        for quantity, model in (("key_bits, finite, f = 1", most), ("key_bits, asymptotic", limit)):
            rows.append(
                _row(name, protocol, quantity, seen, model, None, "measured below model", seen <= model)
            )
    return rows


def loss_db(entry: dict[str, str]) -> float | None:
    """Return the loss of an experiment; that of the best fibre there is where only the length is known."""
    if entry["loss_db"]:
        return float(entry["loss_db"])
    return float(entry["distance_km"]) * LOWEST_FIBRE_LOSS_DB_PER_KM if entry["distance_km"] else None


def per_round(entry: dict[str, str]) -> float | None:
    """Return the measured secret bits per round, if the rate and the clock are known."""
    if entry["status"] == NOT_SECRET:
        return None
    if entry["rate_per_pulse"]:
        return float(entry["rate_per_pulse"])
    if entry["rate_bps"] and entry["clock_hz"]:
        return float(entry["rate_bps"]) / float(entry["clock_hz"])
    return None


def _capacity_row(entry: dict[str, str]) -> dict[str, Any]:
    kind = protocols()[entry["protocol"]]
    one = kind.CAPACITY == "single-repeater"
    name, bound = entry["experiment"], "one repeater" if one else "PLOB"
    if entry["distance_km"]:
        name += f", {float(entry['distance_km']):g} km"
    absent = {"loss_db": "loss", "clock_hz": "clock", "rate_bps": "secret key rate"}
    open_points = [text for field, text in absent.items() if not entry[field]]
    if entry["rate_per_pulse"]:
        open_points = [text for text in open_points if text == "loss"]
    if not entry["preset"]:
        known = f" (known: {entry['known']})" if entry["known"] else ""
        open_points.append(f"source and detector figures{known}")
    left_open, loss, seen = "; ".join(open_points), loss_db(entry), per_round(entry)
    if entry["preset"]:
        left_open = "; ".join(filter(None, (left_open, f"modelled as the preset {entry['preset']}")))
    if loss is None or not (seen or entry["rate_bps"]) or entry["status"] == NOT_SECRET:
        return _row(name, kind.NAME, "nothing to compare", None, None, None, "", None, left_open)
    way = np.asarray(10 ** (-loss / 10))
    capacity = float(single_repeater_bound(way) if one else repeaterless_bound(way))
    if seen is not None:
        relation = f"measured below {bound}"
        return _row(
            name, kind.NAME, "bits per round", seen, None, capacity, relation, seen <= capacity, left_open
        )
    slowest = float(entry["rate_bps"]) / capacity
    relation = f"slowest clock that {bound} allows"
    passed = slowest <= FASTEST_CLOCK_HZ
    return _row(name, kind.NAME, "clock in Hz", slowest, None, FASTEST_CLOCK_HZ, relation, passed, left_open)


def _row(
    experiment: str,
    protocol: str,
    quantity: str,
    measured: float | None,
    model: float | None,
    capacity: float | None,
    relation: str,
    passed: bool | None,
    left_open: str = "",
) -> dict[str, Any]:
    return {
        "experiment": experiment,
        "protocol": protocol,
        "quantity": quantity,
        "measured": measured,
        "model": model,
        "capacity": capacity,
        "relation": relation,
        "passed": None if passed is None else bool(passed),
        "left_open": left_open,
    }
