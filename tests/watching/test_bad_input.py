"""Arguments of another kind get one sentence instead of a traceback."""

import numpy as np
import pytest

import noclone as nc
from noclone import attacks
from noclone.core.errors import InvalidInput
from noclone.distillation.discard import DiscardRule
from noclone.records.telemetry import Telemetry, joined
from noclone.simulation.pulse_telemetry import pulse_telemetry
from noclone.simulation.symbol_telemetry import symbol_telemetry
from noclone.watchers import get
from noclone.watching import Stream, calibrate
from noclone.watching.watch import calibrated_for

SETUP = nc.load("lim-2014")
CV = nc.load("gg02")
NORMAL = Telemetry(("a",), np.random.default_rng(1).normal(size=(400, 1)))
STREAM = Stream(calibrate(get("chi-square"), NORMAL))


def half_constant(first, second):
    return Telemetry(("a",), np.concatenate([first, second])[:, None])


@pytest.fixture(scope="module")
def pair():
    return nc.simulate(SETUP, pulses=1e6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"setup": "lim-2014"}, "setup must be of the type Setup, but is of the type str"),
        ({"watcher": get("chi-square")}, "watcher must be of the type str"),
        ({"watcher": []}, "watcher must be of the type str"),
        ({"normal": NORMAL}, "normal must be a sequence of pairs"),
        ({"normal": [1]}, "normal must be a sequence of pairs"),
        ({"drift": "field"}, "drift must be of the type Drift"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"attack": "intercept-resend"}, "attack must be of the type Attack"),
        ({"attack": attacks.InterceptResend}, "attack must be of the type Attack"),
        (
            {"attack": attacks.parse("saturation")},
            "attack must act on pulses, but saturation acts on symbols",
        ),
        ({"alice": None}, "alice must be of the type AliceRecord"),
    ],
)
def test_watch_refuses_what_it_cannot_use(pair, changes, message):
    given = {"alice": pair[0], "bob": pair[1], "setup": SETUP, **changes}
    with pytest.raises(InvalidInput, match=message):
        nc.watch(**given)


def test_one_pair_is_not_a_sequence_of_pairs(pair):
    with pytest.raises(InvalidInput, match="normal must be a sequence of pairs"):
        nc.watch(*pair, SETUP, normal=pair)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: attacks.parse(None), "attack must be of the type str"),
        (lambda: Telemetry(("a",), [["x"]]), "values must be rows of numbers"),
        (lambda: Telemetry(("a", "b"), [[1.0, 2.0], [1.0]]), "values must be rows of numbers"),
        (lambda: Telemetry("a", [[1.0]]), "columns must be a sequence of names"),
        (lambda: NORMAL.windows(0), "length must be at least 1"),
        (lambda: NORMAL.windows(1.5), "length must be a whole number"),
        (lambda: joined([]), "telemetry must be at least one"),
        (lambda: joined([None]), "telemetry must be of the type Telemetry"),
        (lambda: calibrate("chi-square", NORMAL), "watcher must be of the type Watcher"),
        (lambda: calibrate(get("chi-square"), NORMAL.values), "normal must be of the type Telemetry"),
        (lambda: calibrate(get("chi-square"), NORMAL, window=0), "window must be at least 1"),
        (lambda: calibrated_for(NORMAL, []), "watcher must be of the type str"),
        (lambda: Stream(None), "calibrated must be of the type Calibrated"),
        (lambda: STREAM.push(None), "block 0 must be of the type Mapping"),
        (lambda: STREAM.push({"a": "x"}), "block 0 must hold a number for a, but holds 'x'"),
        (lambda: pulse_telemetry("lim-2014", 2, 1e6), "setup must be of the type Setup"),
        (lambda: pulse_telemetry(SETUP, 2, 1e6, drift="field"), "drift must be of the type Drift"),
        (lambda: pulse_telemetry(SETUP, 2, 1e6, attack="x"), "attack must be of the type Attack"),
        (lambda: pulse_telemetry(SETUP, 2, 1e6, seed=None), "seed must be a whole number"),
        (lambda: pulse_telemetry(SETUP, 2, 1e6, interval_s=float("nan")), "interval_s must be a number"),
        (lambda: symbol_telemetry("gg02", 2), "link must be a SymbolModel or a Setup"),
        (lambda: symbol_telemetry(CV, 2, drift=None), "drift must be of the type Drift"),
        (lambda: symbol_telemetry(CV, 2, attack="x"), "attack must be of the type Attack"),
        (lambda: symbol_telemetry(CV, 2, seed=1.5), "seed must be a whole number"),
        (lambda: symbol_telemetry(CV, 2, interval_s=-60.0), "interval_s must be a number"),
        (lambda: nc.run(SETUP, rule=0.01), f"rule must be of the type {DiscardRule.__name__}"),
    ],
)
def test_other_parts_refuse_what_they_cannot_use(make, message):
    with pytest.raises(InvalidInput, match=message):
        make()


@pytest.mark.parametrize(("varies", "message"), [(0, "that is held back"), (1, "that fits the watcher")])
def test_a_half_that_is_constant_is_refused(varies, message):
    halves = [np.zeros(300), np.zeros(300)]
    halves[varies] = np.random.default_rng(1).normal(size=300)
    with pytest.raises(InvalidInput, match=message):
        calibrate(get("chi-square"), half_constant(*halves))


def test_a_threshold_that_nothing_exceeds_is_refused():
    rng = np.random.default_rng(1)
    normal = half_constant(rng.normal(size=300), 1e200 * rng.normal(size=300))
    with pytest.raises(InvalidInput, match="cannot score so many of the normal blocks"):
        calibrate(get("chi-square"), normal)
