"""Loaders of intrusion data on files in the published formats, synthetic flows, and tasks on either."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.learn import all_tasks
from noclone.learn.flows import cic_iot, nsl_kdd, unsw_nb15
from noclone.learn.flows.flow_table import NORMAL, Flows, one_hot
from noclone.learn.flows.intrusion import INTRUSION_TASKS, intrusion_task
from noclone.learn.flows.synthetic import KNOWN, UNSEEN, USUAL, synthetic_flows

UNSW_HEADER = (
    "id,dur,proto,service,state,spkts,dpkts,sbytes,dbytes,rate,sttl,dttl,sload,dload,sloss,dloss,sinpkt,dinpkt,"
    "sjit,djit,swin,stcpb,dtcpb,dwin,tcprtt,synack,ackdat,smean,dmean,trans_depth,response_body_len,ct_srv_src,"
    "ct_state_ttl,ct_dst_ltm,ct_src_dport_ltm,ct_dst_sport_ltm,ct_dst_src_ltm,is_ftp_login,ct_ftp_cmd,"
    "ct_flw_http_mthd,ct_src_ltm,ct_srv_dst,is_sm_ips_ports,attack_cat,label"
)
"""First line of the published files."""
CIC_2023 = (
    "flow_duration,Header_Length,Protocol Type,Duration,Rate,Srate,Drate,fin_flag_number,"
    "syn_flag_number,rst_flag_number,psh_flag_number,ack_flag_number,ece_flag_number,cwr_flag_number,"
    "ack_count,syn_count,fin_count,urg_count,rst_count,HTTP,HTTPS,DNS,Telnet,SMTP,SSH,IRC,TCP,UDP,DHCP,"
    "ARP,ICMP,IPv,LLC,Tot sum,Min,Max,AVG,Std,Tot size,IAT,Number,Magnitue,Radius,Covariance,Variance,"
    "Weight,label"
)
CIC_MERGED = (
    "Header_Length,Protocol Type,Time_To_Live,Rate,fin_flag_number,syn_flag_number,rst_flag_number,"
    "psh_flag_number,ack_flag_number,ece_flag_number,cwr_flag_number,ack_count,syn_count,fin_count,"
    "rst_count,HTTP,HTTPS,DNS,Telnet,SMTP,SSH,IRC,TCP,UDP,DHCP,ARP,ICMP,IGMP,IPv,LLC,Tot sum,Min,Max,"
    "AVG,Std,Tot size,IAT,Number,Variance,Label"
)
"""First lines of the two editions."""
# The first lines of the published training and test files.
NSL_TRAIN = (
    "0,tcp,ftp_data,SF,491,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,2,0.00,0.00,0.00,0.00,1.00,0.00,0.00,150,25,0.17,"
    "0.03,0.17,0.00,0.00,0.00,0.05,0.00,normal,20"
)
NSL_TEST = (
    "0,tcp,private,REJ,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,229,10,0.00,0.00,1.00,1.00,0.04,0.06,0.00,255,10,0.04,"
    "0.06,0.00,0.00,0.00,0.00,1.00,1.00,neptune,21"
)
UNSW_LINE = (
    "1,0.000011,udp,-,INT,2,0,496,0,90909.0902,254,0,180363632,0,0,0,0.011,0,0,0,0,0,0,0,0,0,0,248,0,0,0,2,2,1,1,1,"
    "2,0,0,0,1,2,0,Normal,0"
)


def nsl_lines(flows: Flows) -> str:
    """Return flows as a file of NSL-KDD, with its line ends on Windows."""
    lines = []
    for numbers, words, label in zip(flows.numbers, flows.words, flows.labels, strict=True):
        values = dict(zip(nsl_kdd.NUMBERS, numbers, strict=True)) | dict(
            zip(nsl_kdd.WORDS, words, strict=True)
        )
        columns = [values[name] for name in nsl_kdd.COLUMNS if name in values]
        lines.append(",".join(map(str, [*columns, label, 21])))
    return "\r\n".join(lines)


@pytest.fixture(scope="module")
def flows():
    return synthetic_flows(3)


@pytest.fixture
def nsl_folder(tmp_path, flows):
    table, runs = flows
    (tmp_path / "KDDTrain+_20Percent.txt").write_text(nsl_lines(table.rows(runs < 50)))
    (tmp_path / "KDDTest+.txt").write_text(nsl_lines(table.rows(runs >= 50)))
    return tmp_path


def unsw_file(path, rows, rng):
    """Write flows of UNSW-NB15 and return how many are attacks."""
    lines = [UNSW_HEADER]
    kinds = rng.choice(["Normal", " Fuzzers", "DoS"], rows)
    for row, kind in enumerate(kinds):
        values = dict.fromkeys(UNSW_HEADER.split(","), f"{rng.random():.4f}")
        values |= {"id": row, "proto": rng.choice(["tcp", "udp"]), "service": rng.choice(["-", "http"])}
        values |= {"state": "FIN", "attack_cat": kind, "label": int(kind != "Normal")}
        lines.append(",".join(map(str, values.values())))
    path.write_text("\ufeff" + "\n".join(lines) + "\n")
    return int(np.count_nonzero(kinds != "Normal"))


def cic_file(path, header, rows, rng, broken=0):
    """Write flows of CIC-IoT, the first few with an infinite or a missing rate."""
    lines = [header]
    normal = "BenignTraffic" if header == CIC_2023 else "BENIGN"
    for row in range(rows):
        values = dict.fromkeys(header.split(","), f"{rng.random():.4f}")
        if row < broken:
            values["Rate"] = ("inf", "")[row % 2]
        *_, label = values
        values[label] = normal if row % 3 else "DDoS-SYN_Flood"
        lines.append(",".join(values.values()))
    path.write_text("\n".join(lines) + "\n")


def test_nsl_kdd_comes_back_as_written(nsl_folder, flows):
    table, runs = flows
    split = nsl_kdd.load(nsl_folder)
    for found, wanted in ((split.train, table.rows(runs < 50)), (split.test, table.rows(runs >= 50))):
        np.testing.assert_array_equal(found.numbers, wanted.numbers)
        np.testing.assert_array_equal(found.words, wanted.words)
        np.testing.assert_array_equal(found.labels, wanted.labels)
    assert not any(file.published for file in split.files)
    digest = hashlib.sha256((nsl_folder / "KDDTest+.txt").read_bytes()).hexdigest()
    assert str(split.files[1]) == f"KDDTest+.txt (sha256 {digest}, no published file with it is known)"


def test_lines_of_the_published_files_of_nsl_kdd(tmp_path):
    (tmp_path / "KDDTrain+.txt").write_text(NSL_TRAIN + "\n")
    (tmp_path / "KDDTrain+_20Percent.txt").write_text("not read where the whole file is there")
    (tmp_path / "KDDTest+.txt").write_text(NSL_TEST + "\n")
    split = nsl_kdd.load(tmp_path)
    assert [split.train.labels.item(), split.test.labels.item()] == [NORMAL, "neptune"]
    assert split.train.words.tolist() == [["tcp", "ftp_data", "SF"]]
    row = dict(zip(split.test.number_names, split.test.numbers[0].tolist(), strict=True))
    assert (row["count"], row["srv_count"], row["rerror_rate"], row["dst_host_count"]) == (229, 10, 1.0, 255)


def test_a_published_file_is_known_by_its_checksum(tmp_path, monkeypatch, nsl_folder):
    digest = hashlib.sha256((nsl_folder / "KDDTest+.txt").read_bytes()).hexdigest()
    monkeypatch.setattr(nsl_kdd, "PUBLISHED", (digest,))
    assert [file.published for file in nsl_kdd.load(nsl_folder).files] == [False, True]


def test_unsw_takes_the_larger_file_for_training_whatever_its_name(tmp_path):
    rng = np.random.default_rng(1)
    small = unsw_file(tmp_path / "UNSW_NB15_training-set.csv", 30, rng)
    large = unsw_file(tmp_path / "UNSW_NB15_testing-set.csv", 80, rng)
    split = unsw_nb15.load(tmp_path)
    assert (len(split.train), len(split.test)) == (80, 30)
    assert (split.train.attacks.sum(), split.test.attacks.sum()) == (large, small)
    assert set(split.train.labels) <= {NORMAL, "Fuzzers", "DoS"}
    assert [file.name for file in split.files] == ["UNSW_NB15_testing-set.csv", "UNSW_NB15_training-set.csv"]


def test_line_of_a_published_file_of_unsw(tmp_path):
    for name in unsw_nb15.FILES:
        (tmp_path / name).write_text(f"{UNSW_HEADER}\r\n{UNSW_LINE}\r\n")
    train = unsw_nb15.load(tmp_path).train
    row = dict(zip(train.number_names, train.numbers[0].tolist(), strict=True))
    assert (row["dur"], row["sload"], row["smean"], row["ct_srv_dst"]) == (1.1e-5, 180363632, 248, 2)
    assert (train.words.tolist(), train.labels.tolist()) == ([["udp", "-", "INT"]], [NORMAL])


@pytest.mark.parametrize("header", [CIC_2023, CIC_MERGED], ids=["47 columns", "40 columns"])
def test_cic_iot_of_either_edition(tmp_path, header):
    rng = np.random.default_rng(1)
    cic_file(tmp_path / "Merged01.csv", header, 30, rng, broken=4)
    cic_file(tmp_path / "Merged02.csv", header, 30, rng)
    split = cic_iot.load(tmp_path)
    assert (len(split.train), len(split.test), split.left_out) == (42, 14, 4)
    assert set(split.train.labels) == {NORMAL, "DDoS-SYN_Flood"}
    assert split.train.number_names == tuple(cic_iot.COLUMNS)
    alone = cic_iot.load(tmp_path / "Merged02.csv")
    assert (len(alone.train), len(alone.test)) == (22, 8)


def test_cic_iot_reads_the_same_number_from_each_file(tmp_path, monkeypatch):
    monkeypatch.setattr(cic_iot, "MOST_FLOWS", 21)
    for name in ("a.csv", "b.csv"):
        cic_file(tmp_path / name, CIC_MERGED, 30, np.random.default_rng(2))
    split = cic_iot.load(tmp_path)
    assert len(split.train) + len(split.test) == 22


def sentence(call, *parts):
    with pytest.raises(InvalidInput) as caught:
        call()
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    for part in parts:
        assert part in text


def test_missing_files_are_named(tmp_path, nsl_folder):
    sentence(lambda: nsl_kdd.load(tmp_path / "none"), "none must be a folder")
    (nsl_folder / "KDDTest+.txt").unlink()
    sentence(lambda: nsl_kdd.load(nsl_folder), "must hold the file KDDTest+.txt")
    sentence(lambda: unsw_nb15.load(nsl_folder), "must hold the file UNSW_NB15_training-set.csv")
    empty = tmp_path / "empty"
    empty.mkdir()
    sentence(lambda: cic_iot.load(empty), "must be a folder with comma-separated files")


def test_wrong_columns_are_named(tmp_path, nsl_folder):
    (nsl_folder / "KDDTest+.txt").write_text("1,2,3\n")
    sentence(lambda: nsl_kdd.load(nsl_folder), "must have 43 columns, but has 3")
    for name in unsw_nb15.FILES:
        (tmp_path / name).write_text(UNSW_HEADER.replace("sttl,", "").replace("attack_cat,", "") + "\n")
    sentence(lambda: unsw_nb15.load(tmp_path), "must have the columns sttl, attack_cat, but does not")
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n")
    sentence(lambda: cic_iot.load(file), "x.csv must have the columns Header_Length")


def test_files_that_are_cut_off_or_hold_something_else(tmp_path, nsl_folder):
    path = nsl_folder / "KDDTest+.txt"
    whole = path.read_text()
    path.write_text(whole[: whole.rindex("21") - 30])
    sentence(lambda: nsl_kdd.load(nsl_folder), "must hold whole lines of 43 columns")
    path.write_text(NSL_TEST.replace("229", "many") + "\n")
    sentence(lambda: nsl_kdd.load(nsl_folder), "must hold whole lines of 43 columns", "many")
    path.write_text(NSL_TEST.replace("229", "nan") + "\n")
    sentence(lambda: nsl_kdd.load(nsl_folder), "must hold finite numbers, but flow 1 has count nan")
    path.write_text("")
    sentence(lambda: nsl_kdd.load(nsl_folder), "must have 43 columns")
    path.write_bytes(b"\xff\xfe\x00PK")
    sentence(lambda: nsl_kdd.load(nsl_folder), "must be a comma-separated text file")
    for name in unsw_nb15.FILES:
        (tmp_path / name).write_text(UNSW_HEADER + "\n")
    sentence(lambda: unsw_nb15.load(tmp_path), "empty")


def test_words_are_encoded_by_training_flows_alone(nsl_folder):
    split = nsl_kdd.load(nsl_folder)
    names, train, test = one_hot(split.train, split.test)
    assert train.shape[1] == test.shape[1] == len(names)
    for place, column in enumerate(nsl_kdd.WORDS):
        chosen = [name.startswith(f"{column}=") for name in names]
        known = np.isin(split.test.words[:, place], split.train.words[:, place])
        np.testing.assert_array_equal(train[:, chosen].sum(axis=1), 1)
        np.testing.assert_array_equal(test[:, chosen].sum(axis=1), known)


def test_tasks_on_a_folder_keep_the_official_split(nsl_folder, flows):
    table, runs = flows
    for name in ("nsl-kdd", "nsl-kdd-one-class"):
        task = intrusion_task(name, nsl_folder)
        assert "no published file with it is known" in task.source
        data, again = task.draw(1), task.draw(1)
        np.testing.assert_array_equal(data.X, again.X)
        assert not np.array_equal(data.X, task.draw(2).X)
        assert data.held_out.sum() == np.count_nonzero(runs >= 50)
        assert np.count_nonzero(~data.held_out) == 534
        attack = -1 if task.kind == "one-class" else 1
        share = np.mean(data.y[~data.held_out] == attack)
        assert share == pytest.approx(table.rows(runs < 50).attacks.mean(), abs=1 / 534)
    assert set(INTRUSION_TASKS) == {
        *("nsl-kdd", "unsw-nb15", "cic-iot"),
        *("nsl-kdd-one-class", "unsw-nb15-one-class", "cic-iot-one-class"),
    }
    sentence(lambda: intrusion_task("nsl-kd", nsl_folder), "did you mean nsl-kdd")


def test_unseen_attacks_come_in_the_second_half_only(flows):
    table, runs = flows
    early, late = set(table.labels[runs < 50]), set(table.labels[runs >= 50])
    assert early == {NORMAL, *(kind.label for kind in KNOWN)}
    assert late - early == {kind.label for kind in UNSEEN}
    firsts = [runs[table.labels == kind.label].min() for kind in UNSEEN]
    assert all(10 * step <= first - 50 < 10 * (step + 1) for step, first in enumerate(firsts))
    for run in range(100):
        attacks = table.labels[(runs == run) & table.attacks]
        assert len(attacks) == 4
        assert len(set(attacks)) == 1


def test_synthetic_flows_look_like_their_kind(flows):
    table, _ = flows
    usual = {kind.service: kind for kind in USUAL}
    services = table.words[:, nsl_kdd.WORDS.index("service")]
    column = dict(zip(table.number_names, table.numbers.T, strict=True))
    for service, kind in usual.items():
        mine = (services == service) & ~table.attacks
        assert np.median(column["src_bytes"][mine]) == pytest.approx(kind.sent, rel=0.35)
        assert column["same_srv_rate"][mine].mean() == pytest.approx(kind.same_service, abs=0.05)
    flood = table.labels == "syn-flood"
    assert column["serror_rate"][flood].mean() == pytest.approx(0.95, abs=0.02)
    shares = [name for name in table.number_names if name.endswith("_rate")]
    assert all((column[name] >= 0).all() and (column[name] <= 1).all() for name in shares)


@pytest.mark.parametrize("name", ["synthetic-flows", "synthetic-flows-unknown"])
def test_synthetic_task_is_split_by_runs_in_time(name):
    task = all_tasks()[name]
    data = task.draw(1)
    assert len(data.y) == 1200
    assert np.isfinite(data.X).all()
    assert data.times is not None
    assert (np.diff(data.times) >= 0).all()
    np.testing.assert_array_equal(data.X, task.draw(1).X)
    assert not np.array_equal(data.X, task.draw(2).X)
    assert task.ceiling is None
    assert task.ceiling_text.startswith("not known")
