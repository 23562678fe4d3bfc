"""Telemetry as a table: what it refuses, windows, files, and features of hand-made counts."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from noclone.core.errors import InvalidInput
from noclone.records import AliceRecord, BobRecord, Run
from noclone.records.pulse_features import pulse_columns, pulse_features, record_telemetry
from noclone.records.telemetry import Telemetry, joined
from noclone.records.telemetry_files import read_telemetry, write_telemetry


def some(blocks=6, label="normal"):
    values = np.arange(2.0 * blocks).reshape(blocks, 2)
    return Telemetry(("a", "b"), values, np.full(blocks, label), np.arange(blocks) // 3)


def test_windows_stay_within_a_run():
    rows = some().windows(2)
    assert rows.columns == ("a@0", "b@0", "a@1", "b@1")
    assert rows.values.tolist() == [[0, 1, 2, 3], [6, 7, 8, 9]]
    assert rows.runs.tolist() == [0, 1]


def test_windows_stay_within_a_label():
    mixed = Telemetry(("a",), np.arange(4.0)[:, None], np.array(["normal", "x", "x", "x"]))
    rows = mixed.windows(3)
    assert rows.values.tolist() == [[1, 2, 3]]
    assert rows.labels.tolist() == ["x"]


def test_joining_keeps_runs_apart():
    both = joined([some(), some(label="x")])
    assert both.runs.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert set(both.labels) == {"normal", "x"}
    with pytest.raises(InvalidInput, match="telemetry must have the columns b, but has only a"):
        joined([some(), Telemetry(("a",), [[1.0]])])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Telemetry((), np.empty((0, 0))), "columns must be different names, at least one"),
        (lambda: Telemetry(("a", "a"), [[1, 2]]), "columns must be different names"),
        (lambda: Telemetry(("a",), [[1, 2]]), r"values must have the shape \(blocks, 1\)"),
        (lambda: Telemetry(("a",), [[1], [np.nan]]), "a must be finite, but is nan in block 1"),
        (lambda: Telemetry(("a",), [[1]], labels=["x", "y"]), r"labels must have the shape \(1,\)"),
        (lambda: some().only(("a", "c")), "telemetry must have the columns c, but has only a, b"),
    ],
)
def test_what_is_no_telemetry_is_refused(make, message):
    with pytest.raises(InvalidInput, match=message):
        make()


def test_a_file_gives_back_what_was_written(tmp_path):
    telemetry = Telemetry(("a", "b"), [[1.5, 2], [3, 4]], ["normal", "x"], [0, 1], [0.0, 9.5], {"seed": 7})
    beside = write_telemetry(telemetry, tmp_path / "t.parquet")
    back = read_telemetry(tmp_path / "t.parquet")
    assert back.columns == telemetry.columns
    for name in ("values", "labels", "runs", "times_s"):
        np.testing.assert_array_equal(getattr(back, name), getattr(telemetry, name))
    assert back.card == {"seed": 7}
    described = json.loads(beside.read_text())
    assert described["labels"] == {"normal": 1, "x": 1}
    assert described["columns"]["a"] == {"mean": 2.25, "std": 0.75, "min": 1.5, "max": 3.0}
    assert described["origin"] == {"seed": 7}


def test_a_foreign_parquet_file_is_telemetry_too(tmp_path):
    pq.write_table(pa.table({"qber[0]": [0.02, 0.03], "clicks[0]": [10, 12]}), tmp_path / "lab.parquet")
    assert read_telemetry(tmp_path / "lab.parquet").column("clicks[0]").tolist() == [10, 12]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": ["x", "y"]}, "must hold numbers in the column a, but holds string"),
        ({"a": [1.0, None]}, "holds no telemetry: a must be finite, but is nan in block 1"),
        ({"label": ["x"]}, "holds no telemetry: columns must be different names, at least one"),
    ],
)
def test_a_file_without_telemetry_is_refused(tmp_path, content, message):
    pq.write_table(pa.table(content), tmp_path / "bad.parquet")
    with pytest.raises(InvalidInput, match=message):
        read_telemetry(tmp_path / "bad.parquet")


def test_broken_files_are_refused(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(InvalidInput, match="is not a file"):
        read_telemetry(path)
    write_telemetry(some(), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InvalidInput, match="is no readable Parquet file"):
        read_telemetry(path)
    pq.write_table(
        pa.table({"a": [1.0]}).replace_schema_metadata({b"noclone.telemetry": b'{"schema": 9, "card": {}}'}),
        path,
    )
    with pytest.raises(InvalidInput, match="must have the telemetry schema 1, but has 9"):
        read_telemetry(path)


def test_features_of_counts_made_by_hand():
    counts = np.zeros((1, 2, 2, 2, 2, 2), int)
    counts[0, 0, 0, 0, 0] = [90, 10]  # Z sent and measured, bit 0: 10 errors
    counts[0, 0, 1, 1, 1] = [20, 80]  # X, bit 1: 20 errors
    counts[0, 0, 0, 1, 1] = [30, 20]  # bases differ
    counts[0, 1, 1, 0, 1] = [5, 5]
    row = dict(zip(pulse_columns(2), pulse_features(counts)[0], strict=True))
    assert row == pytest.approx(
        {
            "clicks[0]": 250,
            "clicks[1]": 10,
            "sifted[0]": 200,
            "sifted[1]": 10,
            "qber[0]": 0.15,
            "qber[1]": 0.5,
            "qber_z": 0.1,
            "qber_x": 0.2,
            "asymmetry": (145 - 115) / 260,
            "basis_match": 210 / 260,
        }
    )


def test_records_give_the_features_of_their_blocks():
    run = Run(run_id="r", protocol="decoy-bb84", pulses=100)
    alice = AliceRecord(
        run=run, pulse_index=[1, 40, 60, 99], basis=[0, 0, 1, 1], bit=[0, 1, 1, 0], intensity=[0, 0, 1, 0]
    )
    bob = BobRecord(run=run, pulse_index=[1, 60, 99], basis=[0, 1, 1], bit=[1, 1, 0])
    telemetry = record_telemetry(alice, bob, intensities=2, blocks=2)
    assert telemetry.column("clicks[0]").tolist() == [1, 1]
    assert telemetry.column("clicks[1]").tolist() == [0, 1]
    assert telemetry.column("qber[0]").tolist() == [1.0, 0.0]
    assert telemetry.times_s.tolist() == [0.0, 50.0]
    with pytest.raises(InvalidInput, match="blocks must be at least 1 and at most the 100 pulses, but is 0"):
        record_telemetry(alice, bob, intensities=2, blocks=0)
    with pytest.raises(InvalidInput, match="intensity must lie between 0 and 0, but one is 1"):
        record_telemetry(alice, bob, intensities=1)
