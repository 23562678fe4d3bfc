import contextlib
import os
import re
import resource
import stat
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.records import AliceRecord, BobRecord, Run, read_alice, read_bob, write, write_csv
from noclone.records.table import Table, columns_of

GIVEN = {"run_id": "monday", "protocol": "decoy-bb84", "pulses": 100}


def refusal(path, call, *args, **kwargs):
    """Return the sentence, without the path that it must begin with."""
    with pytest.raises(InvalidInput) as caught:
        call(*args, **kwargs)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    return sentence[len(str(path)) :]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
printable = st.text(min_size=1, max_size=20).map(str.strip).filter(lambda text: text and text.isprintable())


@st.composite
def runs(draw):
    return Run(
        run_id=draw(printable),
        protocol=draw(printable),
        pulses=draw(st.sampled_from([1, 50, 1000, 2**40, 2**63 - 1])),
        clock_rate_hz=draw(st.none() | st.floats(0, exclude_min=True, allow_infinity=False)),
        simulated=draw(st.booleans()),
        provenance=draw(st.dictionaries(st.text(), json_values, max_size=3)),
    )


@st.composite
def records(draw):
    run = draw(runs())
    index = sorted(draw(st.sets(st.integers(0, run.pulses - 1), max_size=50)))
    size = len(index)
    columns = {
        "pulse_index": index,
        "basis": draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)),
        "bit": draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)),
    }
    if draw(st.booleans()):
        return BobRecord(run=run, **columns)
    intensity = draw(st.lists(st.integers(0, 255), min_size=size, max_size=size))
    return AliceRecord(run=run, **columns, intensity=intensity)


def read(record, path):
    return read_alice(path) if record.party == "alice" else read_bob(path)


@given(records(), st.integers(1, 20))
def test_round_trip(record, batch_rows):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for module in ("parquet", "comma_separated"):
            patch.setattr(f"noclone.records.{module}.BATCH_ROWS", batch_rows)
        write(record, f"{folder}/record.parquet")
        write_csv(record, f"{folder}/record.csv")
        for name in ("record.parquet", "record.csv"):
            back = read(record, f"{folder}/{name}")
            assert back == record
            assert [getattr(back, name).dtype for name in back.columns] == [
                getattr(record, name).dtype for name in back.columns
            ]


def test_the_parquet_schema_is_the_documented_one(tmp_path, alice, bob):
    write(alice, tmp_path / "alice.parquet")
    write(bob, tmp_path / "bob.parquet")
    schema = pq.read_schema(tmp_path / "alice.parquet")
    assert schema.names == ["pulse_index", "basis", "bit", "intensity"]
    assert schema.types == [pa.int64(), pa.bool_(), pa.bool_(), pa.uint8()]
    assert pq.read_schema(tmp_path / "bob.parquet").names == ["pulse_index", "basis", "bit"]
    assert schema.metadata[b"noclone"] == (
        b'{"schema": 1, "party": "alice", "run_id": "pass 1", "protocol": "decoy-bb84", "pulses": 1000,'
        b' "clock_rate_hz": 100000000.0, "simulated": false, "provenance": {}}'
    )
    group = pq.read_metadata(tmp_path / "alice.parquet").row_group(0)
    encodings = ("DELTA_BINARY_PACKED", "RLE", "RLE", "RLE_DICTIONARY")
    for place, encoding in enumerate(encodings):
        assert encoding in group.column(place).encodings
        assert group.column(place).compression == "ZSTD"
    table = pq.read_table(tmp_path / "alice.parquet")
    assert table["pulse_index"].to_pylist() == alice.pulse_index.tolist()
    assert table["basis"].to_pylist() == alice.basis.astype(bool).tolist()


def test_a_record_file_is_small(tmp_path):
    # Gaps of mean 100 carry log2(100) + 1.44 = 8.1 bits, basis and bit one each, and the
    # intensity 1.35; nothing can be smaller than 11.4 bits a row.
    generator = np.random.default_rng(1)
    rows = 200_000
    index = np.cumsum(generator.geometric(0.01, rows))
    coins = generator.integers(0, 2, (2, rows))
    intensity = generator.choice(3, rows, p=(0.6, 0.25, 0.15))
    run = Run(run_id="a", protocol="decoy-bb84", pulses=int(index[-1]) + 1)
    write(
        AliceRecord(run=run, pulse_index=index, basis=coins[0], bit=coins[1], intensity=intensity),
        tmp_path / "alice.parquet",
    )
    assert 11.4 < (tmp_path / "alice.parquet").stat().st_size * 8 / rows < 13


def test_reading_streams(tmp_path):
    rows = 3_000_000
    run = Run(run_id="a", protocol="decoy-bb84", pulses=7 * rows)
    index, column = np.arange(0, 7 * rows, 7), np.arange(rows) % 2
    alice = AliceRecord(run=run, pulse_index=index, basis=column, bit=column, intensity=column)
    write(alice, tmp_path / "alice.parquet")
    # The worst case: another writer's single row group, plain-encoded and not compressed.
    lab = {"pulse_index": index, "basis": column, "bit": column, "intensity": column}
    pq.write_table(pa.table(lab), tmp_path / "lab.parquet", row_group_size=rows, compression="none")
    write_csv(alice, tmp_path / "alice.csv")
    usual = pa.default_memory_pool()
    for name in ("alice.parquet", "lab.parquet", "alice.csv"):
        pool = pa.proxy_memory_pool(usual)  # counts from zero
        pa.set_memory_pool(pool)
        tracemalloc.start()
        try:
            record = read_alice(tmp_path / name, run_id="a", protocol="decoy-bb84", pulses=7 * rows)
            numpy_peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            pa.set_memory_pool(usual)
        assert record == alice
        assert numpy_peak < 11 * rows + 12e6  # the record itself has 11 bytes a row
        assert pool.max_memory() < 40e6


def test_files_are_private_and_replace_older_ones(tmp_path, alice, bob):
    for name, save in (("a.parquet", write), ("a.csv", write_csv)):
        path = tmp_path / name
        save(bob, path)
        save(alice, path)
        assert read_alice(path) == alice
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "a.parquet"]


# A lab's own files


def test_a_labs_parquet(tmp_path):
    path = tmp_path / "lab.parquet"
    table = pa.table(
        {
            "timestamp": pa.array([0.5, 1.5, 2.5]),
            "intensity": pa.array([0, 2, 1], pa.int16()),
            "bit": pa.array([1, 0, 1], pa.int8()),
            "pulse_index": pa.array([3, 17, 99], pa.uint32()),
            "basis": pa.array([False, True, True]),
            "note": pa.array(["a", None, "c"]),
        }
    )
    pq.write_table(table, path)
    record = read_alice(path, **GIVEN, clock_rate_hz=1e9)
    assert record == AliceRecord(
        run=Run(**GIVEN, clock_rate_hz=1e9),
        pulse_index=[3, 17, 99],
        basis=[0, 1, 1],
        bit=[1, 0, 1],
        intensity=[0, 2, 1],
    )
    assert not record.run.simulated


@pytest.mark.parametrize("kind", [pa.int8(), pa.int16(), pa.int32(), pa.int64()])
@pytest.mark.parametrize("signed", [True, False])
def test_integers_of_any_width(tmp_path, kind, signed):
    kind = kind if signed else getattr(pa, f"u{kind}")()
    table = pa.table({name: pa.array([0, 1], kind) for name in ("pulse_index", "basis", "bit", "intensity")})
    pq.write_table(table, tmp_path / "lab.parquet")
    record = read_alice(tmp_path / "lab.parquet", **GIVEN)
    assert record.pulse_index.tolist() == record.intensity.tolist() == [0, 1]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_bases_by_name(tmp_path, kind):
    bases = pa.array(["Z", "X", "1", "0"], kind)
    table = pa.table({"pulse_index": [1, 2, 3, 4], "basis": bases, "bit": [0] * 4})
    pq.write_table(table, tmp_path / "lab.parquet")
    assert read_bob(tmp_path / "lab.parquet", **GIVEN).basis.tolist() == [0, 1, 1, 0]


def test_metadata_that_a_lab_writes(tmp_path):
    path = tmp_path / "bob.parquet"
    table = pa.table({"pulse_index": [3], "basis": [0], "bit": [1]})
    metadata = '{"run_id": "x", "pulses": 1e3, "who": 1}'
    pq.write_table(table.replace_schema_metadata({"noclone": metadata}), path)
    assert read_bob(path, protocol="decoy-bb84").run == Run(run_id="x", protocol="decoy-bb84", pulses=1000)
    assert read_bob(path, protocol="decoy-bb84", pulses=1000).run.pulses == 1000
    assert refusal(path, read_bob, path) == (
        ": protocol must be known, but the file does not state it and it was not given."
    )
    assert refusal(path, read_bob, path, pulses=2000) == ": pulses is 1000.0 in the file, but 2000 was given."


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_labs_csv(tmp_path, line_end, start):
    path = tmp_path / "lab.csv"
    lines = [
        "# measured on a Monday",
        "# pulses: 1e2",
        "#run_id:monday",
        "# operator: J",
        ' bit , "basis",t,pulse_index',
    ]
    lines += ["1, Z ,0.5, 3", "0,X,,17", "", "1,1,text,99", ""]
    path.write_bytes((start + line_end.join(lines)).encode())
    record = read_bob(path, protocol="decoy-bb84")
    assert record == BobRecord(run=Run(**GIVEN), pulse_index=[3, 17, 99], basis=[0, 1, 1], bit=[1, 0, 1])


def test_a_csv_without_rows_or_last_line_end(tmp_path):
    path = tmp_path / "lab.csv"
    for text, rows in (("pulse_index,basis,bit", 0), ("pulse_index,basis,bit\n3,0,1", 1)):
        path.write_text(text)
        assert len(read_bob(path, **GIVEN)) == rows


def test_the_documented_example(tmp_path, monkeypatch):
    document = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    example = re.findall(r"```python\n(.*?)```", document, re.DOTALL)[0]
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(example, names)
    assert names["alice"].intensity.tolist() == [0, 0, 2]
    assert names["alice"].run == Run(run_id="monday-3", protocol="decoy-bb84", pulses=10**9)


# Refusals

PARQUET_FAULTS = {
    "bit": [
        ([0, 1, 2], "bit must lie between 0 and 1, but row 2 is 2."),
        ([0, -1, 1], "bit must lie between 0 and 1, but row 1 is -1."),
        ([0, None, 1], "bit must have a value in every row, but row 1 has none."),
        ([0.0, 1.0, 1.0], "bit must be a column of integers, but is one of double."),
        (["0", "1", "1"], "bit must be a column of integers, but is one of string."),
    ],
    "basis": [
        (["Z", "X", "D"], "basis must be 0, 1, Z or X, but row 2 is 'D'."),
        (["Z", None, "X"], "basis must be 0, 1, Z or X, but row 1 is None."),
        ([True, None, False], "basis must have a value in every row, but row 1 has none."),
    ],
    "intensity": [([0, 1, 256], "intensity must lie between 0 and 255, but row 2 is 256.")],
    "pulse_index": [
        ([3, 17, 100], "pulse_index must lie between 0 and 99, but row 2 is 100."),
        ([3, 17, 17], "pulse_index must be strictly increasing, but row 2 is 17 after 17."),
        ([False, True, True], "pulse_index must be a column of integers, but is one of bool."),
        (
            pa.array([3, 17, 2**64 - 1], pa.uint64()),
            "pulse_index must lie between 0 and 99, but row 2 is 18446744073709551615.",
        ),
    ],
}


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [(column, *fault) for column, faults in PARQUET_FAULTS.items() for fault in faults],
)
def test_bad_values_in_parquet(tmp_path, column, values, sentence):
    path = tmp_path / "lab.parquet"
    columns = {"pulse_index": [3, 17, 20], "basis": [0, 1, 0], "bit": [1, 1, 0], "intensity": [0, 1, 2]}
    pq.write_table(pa.table(columns | {column: values}), path)
    assert refusal(path, read_alice, path, **GIVEN) == f": {sentence}"


def test_the_row_of_a_fault_counts_through_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("noclone.records.parquet.BATCH_ROWS", 4)
    path = tmp_path / "lab.parquet"
    bits = [0] * 9 + [2]
    pq.write_table(pa.table({"pulse_index": range(10), "basis": ["Z"] * 10, "bit": bits}), path)
    assert refusal(path, read_bob, path, **GIVEN) == ": bit must lie between 0 and 1, but row 9 is 2."
    bits[9] = 0
    pq.write_table(pa.table({"pulse_index": range(10), "basis": ["Z"] * 9 + ["z"], "bit": bits}), path)
    assert refusal(path, read_bob, path, **GIVEN) == ": basis must be 0, 1, Z or X, but row 9 is 'z'."


@pytest.mark.parametrize("save", [write, write_csv])
def test_swapped_files(tmp_path, alice, bob, save):
    save(alice, tmp_path / "alice")
    save(bob, tmp_path / "bob")
    assert refusal(tmp_path / "bob", read_alice, tmp_path / "bob") == (
        ": the file is Bob's record, but Alice's is needed (are the two swapped?)."
    )
    assert refusal(tmp_path / "alice", read_bob, tmp_path / "alice") == (
        ": the file is Alice's record, but Bob's is needed (are the two swapped?)."
    )


def test_swapped_files_without_metadata(tmp_path):
    path = tmp_path / "lab.csv"
    path.write_text("pulse_index,basis,bit\n3,0,1\n")
    assert refusal(path, read_alice, path, **GIVEN) == (
        ": column intensity is missing, which Alice's record must have (is this Bob's file?)."
    )
    path.write_text("pulse_index,basis,bit,intensity\n3,0,1,0\n")
    assert refusal(path, read_bob, path, **GIVEN) == (
        ": the file is Alice's record, but Bob's is needed (are the two swapped?)."
    )


@pytest.mark.parametrize(
    ("metadata", "sentence"),
    [
        ("[1]", "metadata noclone must be a JSON object, but is not."),
        ("{", "metadata noclone must be a JSON object, but is not."),
        (b"\xff", "metadata noclone must be a JSON object, but is not."),
        ('{"schema": 2}', "schema must be 1 for this version of noclone, but is 2."),
        ('{"party": "eve"}', "party must be alice or bob, but is 'eve'."),
        ('{"pulses": "many"}', "pulses must be a whole number from 1 to 2^63 - 1, but is 'many'."),
        ('{"clock_rate_hz": NaN}', "clock_rate_hz must be a finite number above 0, but is nan."),
    ],
)
def test_bad_metadata(tmp_path, metadata, sentence):
    path = tmp_path / "lab.parquet"
    table = pa.table({"pulse_index": [3], "basis": [0], "bit": [1]})
    pq.write_table(table.replace_schema_metadata({"noclone": metadata}), path)
    known = {key: value for key, value in GIVEN.items() if key not in str(metadata)}
    assert refusal(path, read_bob, path, **known) == f": {sentence}"


def test_missing_and_doubled_columns(tmp_path):
    path = tmp_path / "lab.parquet"
    pq.write_table(pa.table({"pulse_index": [3], "Basis": [0], "bit": [1]}), path)
    assert refusal(path, read_bob, path, **GIVEN) == (
        ": column basis is missing; the columns are: pulse_index, Basis, bit."
    )
    pq.write_table(pa.table([[3], [0], [1], [0]], ["pulse_index", "basis", "bit", "bit"]), path)
    assert refusal(path, read_bob, path, **GIVEN) == (
        ": column bit is there more than once; the columns are: pulse_index, basis, bit, bit."
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file is empty."),
        ("# pulses: 9\n", "the file has no header: line 2 should name the columns."),
        ("\n3,0,1\n", "the file has no header: line 1 should name the columns."),
        ("3,0,1\n", "column pulse_index is missing; the columns are: 3, 0, 1."),
        (
            "pulse_index;basis;bit\n",
            "column pulse_index is missing; the columns are: pulse_index;basis;bit.",
        ),
        ("# pulses: ten\n", "line 1 must give pulses a JSON value, but has 'ten'."),
        ("pulse_index,basis,bit\r3,0,1\r", "the file must end its lines with a line feed, but does not."),
        (
            "# a\n\n",
            "the file has no header: line 2 should name the columns.",
        ),
        (
            "# a\npulse_index,basis,bit\n3,0,1\n\n4,0\n",
            "line 5 must have 3 values like the header, but has 2.",
        ),
        ("pulse_index,basis,bit\n3,0,1,1\n", "line 2 must have 3 values like the header, but has 4."),
        ("pulse_index,basis,bit\n3,0,one\n", "line 2 must have an integer as its bit, but has 'one'."),
        ("pulse_index,basis,bit\n3,0,1.0\n", "line 2 must have an integer as its bit, but has '1.0'."),
        ("pulse_index,basis,bit\n3,0,nan\n", "line 2 must have an integer as its bit, but has 'nan'."),
        ("pulse_index,basis,bit\n3,0,\n", "line 2 must have an integer as its bit, but has ''."),
        (
            "pulse_index,basis,bit\n1e30,0,1\n",
            "line 2 must have an integer as its pulse_index, but has '1e30'.",
        ),
        (
            f"pulse_index,basis,bit\n{2**63},0,1\n",
            f"line 2 must have an integer as its pulse_index, but has '{2**63}'.",
        ),
        ("pulse_index,basis,bit\n3,0,-1\n", "bit must lie between 0 and 1, but row 0 is -1."),
        ("pulse_index,basis,bit\n3,0,1\n4,Y,1\n", "basis must be 0, 1, Z or X, but row 1 is 'Y'."),
        (
            "pulse_index,basis,bit\n3,0,1\n2,0,1\n",
            "pulse_index must be strictly increasing, but row 1 is 2 after 3.",
        ),
    ],
)
def test_bad_csv(tmp_path, text, sentence):
    path = tmp_path / "lab.csv"
    path.write_bytes(text.encode())
    assert refusal(path, read_bob, path, **GIVEN) == f": {sentence}"


def test_a_bad_line_far_down(tmp_path):
    path = tmp_path / "lab.csv"
    rows = "".join(f"{index},0,1\n" for index in range(100_000))
    path.write_text("pulse_index,basis,bit\n" + rows + "100000,0,?\n")
    assert refusal(path, read_bob, path, **GIVEN | {"pulses": 10**6}) == (
        ": line 100002 must have an integer as its bit, but has '?'."
    )
    path.write_bytes(b"pulse_index,basis,bit\n" + rows.encode() + b"100000,\xff,1\n")
    assert refusal(path, read_bob, path, **GIVEN | {"pulses": 10**6}) == (
        ": line 100002 must have 0, 1, Z or X as its basis, but has '\ufffd'."
    )


def test_a_line_that_is_too_long(tmp_path):
    path = tmp_path / "lab.csv"
    path.write_text(f"pulse_index,basis,bit,note\n3,0,1,{'x' * 600_000}\n")
    assert refusal(path, read_bob, path, **GIVEN) == (
        ": line 2 cannot be read (field larger than field limit (131072))."
    )


def test_more_rows_than_memory_holds():
    table = Table({}, ("pulse_index", "basis", "bit"), 2**59, lambda names: iter(()))
    assert refusal("the file", columns_of, table, table.names, Run(**GIVEN)) == (
        f" needs more memory than there is for its {2**59} rows."
    )


def test_extra_columns_may_share_a_name(tmp_path):
    path = tmp_path / "lab.csv"
    path.write_text("x,pulse_index,basis,x,bit,\na,3,0,b,1,c\n")
    assert read_bob(path, **GIVEN).pulse_index.tolist() == [3]


def test_what_is_no_record_file(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"")
    assert refusal(path, read_bob, path) == ": the file is empty."
    path.write_bytes(b"pulse_index,basis,bit\n3,0,1\n")
    assert refusal(path, read_bob, path) == ": the file is not a Parquet file, whatever its name says."
    path = tmp_path / "x.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert refusal(path, read_bob, path) == ": the file is neither Parquet nor CSV text."
    assert refusal(tmp_path, read_bob, tmp_path) == " is a folder, not a file."
    assert refusal(tmp_path / "none", read_bob, tmp_path / "none") == (
        " cannot be read (No such file or directory)."
    )
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe", read_bob, tmp_path / "pipe") == " is not a file."


def test_truncated_parquet(tmp_path, alice):
    path = tmp_path / "alice.parquet"
    write(alice, path)
    whole = path.read_bytes()
    for size in range(4, len(whole), 7):
        path.write_bytes(whole[:size])
        assert (
            refusal(path, read_alice, path) == ": the file is a truncated Parquet file: its end is missing."
        )
    path.write_bytes(whole[:200] + whole[-400:])
    assert ": the file cannot be decoded as Parquet (" in refusal(path, read_alice, path)


def test_no_flipped_bit_changes_a_column(tmp_path, alice):
    path = tmp_path / "alice.parquet"
    write(alice, path)
    whole = path.read_bytes()
    refused = 0
    for place in range(4, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        try:
            record = read_alice(path)
        except InvalidInput:
            refused += 1
        else:
            assert all(np.array_equal(getattr(record, name), getattr(alice, name)) for name in alice.columns)
    assert refused > len(whole) / 2


def test_a_footer_that_promises_other_rows(tmp_path, monkeypatch, bob):
    path = tmp_path / "bob.parquet"
    write(bob, path)
    real = pq.ParquetFile.iter_batches

    def less(self, *args, **kwargs):
        return (batch.slice(1) for batch in real(self, *args, **kwargs))

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", less)
    assert refusal(path, read_bob, path) == (
        ": the file is damaged: its end promises 14 rows, which are not there."
    )


# Where nothing can be written or read


@contextlib.contextmanager
def bound_by_permissions():
    """Act as another user where the tests run as root, whom no permission binds."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("save", [write, write_csv])
def test_missing_folder(tmp_path, bob, save):
    path = tmp_path / "none" / "bob"
    assert refusal(path, save, bob, path) == " cannot be written (No such file or directory)."


def test_forbidden_folder_and_file(tmp_path, bob):
    path = tmp_path / "bob.parquet"
    write(bob, path)
    path.chmod(0o000)
    tmp_path.chmod(0o555)
    with bound_by_permissions():
        assert refusal(path, read_bob, path) == " cannot be read (Permission denied)."
        assert refusal(path, write, bob, path) == " cannot be written (Permission denied)."
    tmp_path.chmod(0o755)
    assert os.listdir(tmp_path) == ["bob.parquet"]


@pytest.mark.parametrize("save", [write, write_csv])
def test_full_disk(tmp_path, bob, save, monkeypatch):
    path = tmp_path / "bob"
    save(bob, path)
    index = np.flatnonzero(np.random.default_rng(1).random(1_000_000) < 0.5)
    bits = (index % 2).astype(np.uint8)
    large = BobRecord(
        run=Run(run_id="a", protocol="bb84", pulses=10**6), pulse_index=index, basis=bits, bit=bits
    )
    # First the kernel stops the file half-way, then it takes nothing at all.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        assert refusal(path, save, large, path) == " cannot be written (File too large)."
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    real = tempfile.mkstemp

    def full(*args, **kwargs):
        descriptor, name = real(*args, **kwargs)
        os.close(descriptor)
        return os.open("/dev/full", os.O_WRONLY), name

    monkeypatch.setattr("noclone.core.files.tempfile.mkstemp", full)
    assert refusal(path, save, large, path) == " cannot be written (No space left on device)."
    assert os.listdir(tmp_path) == ["bob"]
    assert read_bob(path) == bob
