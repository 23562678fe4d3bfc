import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.records.time_tags import TimeTags, read_tags, write_tags

SOME = {"time_ps": [5, 5, 80, 2**40], "channel": [1, 0, 1, 255]}


def same(one, other):
    return (
        np.array_equal(one.time_ps, other.time_ps)
        and np.array_equal(one.channel, other.channel)
        and one.simulated == other.simulated
    )


@pytest.mark.parametrize("simulated", [False, True])
@pytest.mark.parametrize("ending", ["parquet", "npz", "csv"])
def test_what_is_written_is_read(ending, simulated, tmp_path):
    tags = TimeTags(**SOME, simulated=simulated)
    path = tmp_path / f"tags.{ending}"
    write_tags(tags, path)
    assert same(read_tags(path), tags)
    assert path.stat().st_mode & 0o777 == 0o600


@given(
    st.lists(st.tuples(st.integers(0, 2**62 - 1), st.integers(0, 255)), min_size=1, unique=True),
    st.sampled_from(["parquet", "npz", "csv"]),
)
def test_any_tags_survive_any_format(tmp_path_factory, rows, ending):
    rows.sort()
    tags = TimeTags(time_ps=[row[0] for row in rows], channel=[row[1] for row in rows])
    path = tmp_path_factory.mktemp("any") / f"tags.{ending}"
    write_tags(tags, path)
    assert same(read_tags(path), tags)


def test_the_format_goes_by_content_and_further_columns_are_ignored(tmp_path):
    table = pa.table({"channel": pa.array([1, 2], pa.int16()), "time_ps": [3, 4], "note": ["a", "b"]})
    pq.write_table(table, tmp_path / "lab.dat")
    (tmp_path / "lab.txt").write_text("# tagger: one\nnote, time_ps ,channel\na,3,1\nb,4,2\n")
    np.savez(tmp_path / "lab.npz", time_ps=np.array([3, 4]), channel=np.array([1, 2]), note=np.array(["a"]))
    expected = TimeTags(time_ps=[3, 4], channel=[1, 2])
    for name in ("lab.dat", "lab.txt", "lab.npz"):
        assert same(read_tags(tmp_path / name), expected)


def test_columns_are_read_only():
    tags = TimeTags(time_ps=np.array([1, 2]), channel=np.array([0, 1]))
    with pytest.raises(ValueError, match="read-only"):
        tags.time_ps[0] = 0


@pytest.mark.parametrize("ending", ["parquet", "npz", "csv"])
@pytest.mark.parametrize(
    ("time_ps", "channel", "sentence"),
    [
        ([5, 4], [0, 1], "time_ps must never decrease, but row 1 is 4 after 5"),
        ([5, 5, 5], [3, 1, 3], "channel 3 must click once at a time, but clicks twice at 5 ps (row 2)"),
        ([5, 6], [0, -1], "channel must lie between 0 and 255, but row 1 is -1"),
        ([5, 6], [256, 0], "channel must lie between 0 and 255, but row 0 is 256"),
        ([-5, 6], [1, 0], f"time_ps must lie between 0 and {2**62 - 1}, but row 0 is -5"),
        ([], [], "time_ps must hold at least one tag, but is empty"),
    ],
)
def test_faulty_values_are_one_sentence_with_the_file(time_ps, channel, sentence, ending, tmp_path):
    path = tmp_path / f"tags.{ending}"
    columns = {"time_ps": np.array(time_ps, np.int64), "channel": np.array(channel, np.int64)}
    if ending == "npz":
        np.savez(path, **columns)
    elif ending == "parquet":
        pq.write_table(pa.table(columns), path)
    else:
        rows = zip(time_ps, channel, strict=True)
        path.write_text("time_ps,channel\n" + "".join(f"{time},{number}\n" for time, number in rows))
    with pytest.raises(InvalidInput) as refused:
        read_tags(path)
    assert str(refused.value) == f"{path}: {sentence}."


def damaged_parquet(path):
    pq.write_table(pa.table({"time_ps": [1, 2], "channel": [0, 1]}), path)
    path.write_bytes(path.read_bytes()[:-9])


def gap_in_parquet(path):
    pq.write_table(pa.table({"time_ps": pa.array([1, None], pa.int64()), "channel": [0, 1]}), path)


def truncated_npz(path):
    with path.open("wb") as file:
        np.savez(file, time_ps=np.arange(1000), channel=np.zeros(1000, np.uint8))
    path.write_bytes(path.read_bytes()[:4000])


def saved(**arrays):
    def write(path):
        with path.open("wb") as file:
            np.savez(file, **arrays)

    return write


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.write_bytes(bytes(range(128, 192))), "the file is neither Parquet nor CSV text"),
        (lambda path: path.mkdir(), "is a folder, not a file"),
        (lambda path: None, "cannot be read (No such file or directory)"),
        (lambda path: path.write_text("time_ps,chan\n1,2\n"), "column channel is missing; the columns are: "),
        (
            lambda path: path.write_text("time_ps,channel,channel\n1,2,3\n"),
            "column channel is there more than",
        ),
        (
            lambda path: path.write_text("time_ps,channel\n1,2\n7,x\n"),
            "line 3 must have an integer as its ch",
        ),
        (
            lambda path: path.write_text("time_ps,channel\n1.5,2\n"),
            "line 2 must have an integer as its time_",
        ),
        (lambda path: path.write_text("# simulated: 3\ntime_ps,channel\n1,2\n"), "simulated must be true or"),
        (damaged_parquet, "the file is a truncated Parquet file"),
        (gap_in_parquet, "time_ps must hold an integer in every row, but has 1 gaps"),
        (truncated_npz, "the file cannot be decoded as .npz"),
        (saved(time_ps=np.array([1])), "array channel is missing; the arrays are: time_ps"),
        (saved(time_ps=np.array([1.5]), channel=np.array([1])), "time_ps must be one column of integers"),
        (saved(time_ps=np.array([[1]]), channel=np.array([1])), "time_ps must be one column of integers"),
        (saved(time_ps=np.array([1, 2]), channel=np.array([1])), "channel must have 2 rows like time_ps"),
        (
            saved(time_ps=np.array([1]), channel=np.array([1]), simulated=np.array([1])),
            "simulated must be true",
        ),
        (saved(time_ps=np.array([None]), channel=np.array([1])), "the file cannot be decoded as .npz"),
    ],
)
def test_a_file_that_is_no_tag_file_is_one_sentence(make, sentence, tmp_path):
    path = tmp_path / "tags.dat"
    make(path)
    with pytest.raises(InvalidInput) as refused:
        read_tags(path)
    assert str(refused.value).replace(f"{path}: ", "").replace(f"{path} ", "").startswith(sentence)
    assert str(path) in str(refused.value)


def test_another_ending_cannot_be_written(tmp_path):
    with pytest.raises(InvalidInput, match=r"must end in \.parquet, \.npz or \.csv"):
        write_tags(TimeTags(**SOME), tmp_path / "tags.txt")
