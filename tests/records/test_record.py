import dataclasses
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.records import AliceRecord, BobRecord, Run, check_same_run


def refusal(call, *args, **kwargs):
    with pytest.raises(InvalidInput) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_columns_are_narrow_read_only_and_not_copied(run):
    index = np.array([3, 17, 999])
    column = np.array([0, 1, 1], np.uint8)
    record = BobRecord(run=run, pulse_index=index, basis=column, bit=[True, False, True])
    assert (record.pulse_index.dtype, record.basis.dtype, record.bit.dtype) == (np.int64, np.uint8, np.uint8)
    assert np.shares_memory(record.pulse_index, index)
    assert np.shares_memory(record.basis, column)
    assert len(record) == 3
    for name in record.columns:
        with pytest.raises(ValueError, match="read-only"):
            getattr(record, name)[0] = 0
    column[0] = 1  # the caller's own array stays his


def test_a_record_prints_no_key_bits(alice):
    assert repr(alice) == f"AliceRecord(run={alice.run!r})"


def test_no_detections_are_a_record(run):
    assert len(BobRecord(run=run, pulse_index=[], basis=[], bit=[])) == 0


def test_equality_is_by_party_and_value(alice, bob):
    assert alice == dataclasses.replace(alice)
    assert alice != dataclasses.replace(alice, bit=1 - alice.bit)
    assert alice != dataclasses.replace(alice, run=dataclasses.replace(alice.run, run_id="pass 2"))
    assert alice != bob
    assert bob != BobRecord(run=bob.run, **{name: getattr(bob, name)[1:] for name in bob.columns})


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        ("basis", [0, 1], "basis must have 3 rows like pulse_index, but has 2."),
        ("intensity", [0] * 4, "intensity must have 3 rows like pulse_index, but has 4."),
        ("basis", [0, 1, 2], "basis must lie between 0 and 1, but row 2 is 2."),
        ("bit", [0, -1, 1], "bit must lie between 0 and 1, but row 1 is -1."),
        ("intensity", [0, 256, 1], "intensity must lie between 0 and 255, but row 1 is 256."),
        ("bit", [0, 1.0, np.nan], "bit must hold integers, but holds float64 (row 2 is nan)."),
        ("bit", [0, 1, np.inf], "bit must hold integers, but holds float64 (row 2 is inf)."),
        ("bit", [0, 0.5, 1], "bit must hold integers, but holds float64 (row 1 is 0.5)."),
        ("basis", [0.0, 1.0, 1.0], "basis must hold integers, but holds float64 (row 0 is 0.0)."),
        ("basis", ["Z", "X", "Z"], "basis must hold integers, but holds <U1 (row 0 is Z)."),
        ("bit", [[0, 1, 1]], "bit must be one-dimensional, but has shape (1, 3)."),
        ("bit", 1, "bit must be one-dimensional, but has shape ()."),
        ("pulse_index", [3, 3, 7], "pulse_index must be strictly increasing, but row 1 is 3 after 3."),
        ("pulse_index", [3, 7, 5], "pulse_index must be strictly increasing, but row 2 is 5 after 7."),
        ("pulse_index", [3, 7, 1000], "pulse_index must lie between 0 and 999, but row 2 is 1000."),
        ("pulse_index", [-1, 7, 8], "pulse_index must lie between 0 and 999, but row 0 is -1."),
        (
            "pulse_index",
            np.array([3, 7, 2**64 - 1], np.uint64),
            "pulse_index must lie between 0 and 999, but row 2 is 18446744073709551615.",
        ),
        (
            "pulse_index",
            [False, True, True],
            "pulse_index must hold integers, but holds bool (row 0 is False).",
        ),
    ],
)
def test_bad_columns(run, column, values, sentence):
    columns = {"pulse_index": [3, 7, 8], "basis": [0, 1, 0], "bit": [1, 1, 0], "intensity": [0, 1, 2]}
    columns[column] = values
    assert refusal(AliceRecord, run=run, **columns) == sentence


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("run_id", "", "run_id must be printable text without spaces at its ends, but is ''."),
        ("run_id", " a", "run_id must be printable text without spaces at its ends, but is ' a'."),
        ("run_id", "a\nb", r"run_id must be printable text without spaces at its ends, but is 'a\nb'."),
        ("run_id", 7, "run_id must be printable text without spaces at its ends, but is 7."),
        ("protocol", None, "protocol must be printable text without spaces at its ends, but is None."),
        ("pulses", 0, "pulses must be a whole number from 1 to 2^63 - 1, but is 0."),
        ("pulses", 1.5, "pulses must be a whole number from 1 to 2^63 - 1, but is 1.5."),
        ("pulses", float("nan"), "pulses must be a whole number from 1 to 2^63 - 1, but is nan."),
        ("pulses", True, "pulses must be a whole number from 1 to 2^63 - 1, but is True."),
        ("pulses", "9", "pulses must be a whole number from 1 to 2^63 - 1, but is '9'."),
        ("pulses", 2**63, "pulses must be a whole number from 1 to 2^63 - 1, but is 9223372036854775808."),
        ("clock_rate_hz", 0, "clock_rate_hz must be a finite number above 0, but is 0."),
        ("clock_rate_hz", float("nan"), "clock_rate_hz must be a finite number above 0, but is nan."),
        ("clock_rate_hz", float("inf"), "clock_rate_hz must be a finite number above 0, but is inf."),
        ("clock_rate_hz", "1e9", "clock_rate_hz must be a finite number above 0, but is '1e9'."),
        ("simulated", 1, "simulated must be true or false, but is 1."),
        ("provenance", [1], "provenance must map names to JSON values, but is [1]."),
    ],
)
def test_bad_run(field, value, sentence):
    fields = {"run_id": "a", "protocol": "bb84", "pulses": 9, field: value}
    assert refusal(Run, **fields) == sentence


@pytest.mark.parametrize("value", [{"x": float("nan")}, {"x": b"bytes"}, {"x": {1, 2}}])
def test_provenance_must_fit_into_json(value):
    sentence = refusal(Run, run_id="a", protocol="bb84", pulses=9, provenance=value)
    assert sentence.startswith("provenance must hold JSON values only (")


def test_run_takes_whole_floats_and_numpy_numbers():
    run = Run(run_id="a", protocol="bb84", pulses=1e9, clock_rate_hz=np.int32(5))
    assert (run.pulses, type(run.pulses)) == (10**9, int)
    assert (run.clock_rate_hz, type(run.clock_rate_hz)) == (5.0, float)
    assert Run(run_id="a", protocol="bb84", pulses=np.uint64(9)).pulses == 9


def test_two_records_of_one_run(alice, bob):
    check_same_run(alice, bob)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (
            "run_id",
            "pass 2",
            "run_id must be the same in both records, but is 'pass 1' in Alice's and 'pass 2' in Bob's.",
        ),
        (
            "protocol",
            "bb84",
            "protocol must be the same in both records, but is 'decoy-bb84' in Alice's and 'bb84' in Bob's.",
        ),
        (
            "pulses",
            2000,
            "pulses must be the same in both records, but is 1000 in Alice's and 2000 in Bob's.",
        ),
        (
            "clock_rate_hz",
            1e9,
            "clock_rate_hz must be the same in both records,"
            " but is 100000000.0 in Alice's and 1000000000.0 in Bob's.",
        ),
        (
            "simulated",
            True,
            "simulated must be the same in both records, but is False in Alice's and True in Bob's.",
        ),
    ],
)
def test_records_of_two_runs(alice, bob, field, value, sentence):
    other = dataclasses.replace(bob, run=dataclasses.replace(bob.run, **{field: value}))
    assert refusal(check_same_run, alice, other) == sentence


def test_an_unknown_clock_rate_contradicts_nothing(alice, bob):
    check_same_run(alice, dataclasses.replace(bob, run=dataclasses.replace(bob.run, clock_rate_hz=None)))


def test_swapped_records(alice, bob):
    assert (
        refusal(check_same_run, bob, alice)
        == "alice must be Alice's record, but is Bob's record (are the two swapped?)."
    )
    assert (
        refusal(check_same_run, alice, alice)
        == "bob must be Bob's record, but is Alice's record (are the two swapped?)."
    )


def test_a_pulse_that_alice_did_not_record(run, alice):
    bob = BobRecord(run=run, pulse_index=[25, 60, 61], basis=[0, 0, 0], bit=[0, 0, 0])
    assert (
        refusal(check_same_run, alice, bob)
        == "pulse_index of Bob's record has pulse 60, which is not in Alice's record."
    )


@given(
    st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.integers(1, 7), st.sampled_from([0, 2**62])
)
def test_first_missing_pulse_against_sets(hers, his, block, offset):
    run = Run(run_id="a", protocol="bb84", pulses=2**63 - 1)

    def column(pulses):
        return np.array(sorted(pulses), np.int64) + offset

    zeros = np.zeros(61, np.uint8)
    h, b = len(hers), len(his)
    alice = AliceRecord(
        run=run, pulse_index=column(hers), basis=zeros[:h], bit=zeros[:h], intensity=zeros[:h]
    )
    bob = BobRecord(run=run, pulse_index=column(his), basis=zeros[:b], bit=zeros[:b])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("noclone.records.record._BLOCK", block)
        if his <= hers:
            check_same_run(alice, bob)
        else:
            assert f"has pulse {min(his - hers) + offset}," in refusal(check_same_run, alice, bob)


def test_validation_is_fast():
    # One second for 3e7 rows, asked of a tenth of them.
    rows = 3_000_000
    run = Run(run_id="a", protocol="bb84", pulses=rows)
    column = np.ones(rows, np.uint8)
    index = np.arange(rows)
    start = time.process_time()
    alice = AliceRecord(run=run, pulse_index=index, basis=column, bit=column, intensity=column)
    check_same_run(alice, BobRecord(run=run, pulse_index=index, basis=column, bit=column))
    assert time.process_time() - start < 0.1


def test_importing_records_does_not_import_pyarrow():
    code = "import sys, noclone.records; assert not {'pyarrow', 'pandas', 'numba'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
