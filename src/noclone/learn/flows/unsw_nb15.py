"""UNSW-NB15: flows of normal traffic and nine families of attacks made in a laboratory in 2015.

Moustafa and Slay, MilCIS (2015). The split is that of the two published files.
"""

from __future__ import annotations

from pathlib import Path

from noclone.learn.flows.flow_files import existing, read, require, source_file
from noclone.learn.flows.flow_table import Flows, FlowSplit

FILES = ("UNSW_NB15_training-set.csv", "UNSW_NB15_testing-set.csv")

PUBLISHED = (
    "bec7dd5ec88dc2a0ccc7a07879d338395ed7421750f675fd0339e07dfe0648fa",  # training set, 175,341 flows
    "734fe6642edf758f7c94d7d9149426b49d202fe8e7bf0bef47392489c3c0a559",  # testing set, 82,332 flows
)

COLUMNS = {
    "dur": "duration in seconds",
    "proto": "protocol, as tcp",
    "service": "service, as http; - where there is none",
    "state": "state of the protocol, as FIN",
    "spkts": "packets from source to destination",
    "dpkts": "packets from destination to source",
    "sbytes": "bytes from source to destination",
    "dbytes": "bytes from destination to source",
    "rate": "packets per second",
    "sttl": "time to live, source to destination",
    "dttl": "time to live, destination to source",
    "sload": "bits per second of the source",
    "dload": "bits per second of the destination",
    "sloss": "packets of the source sent again or lost",
    "dloss": "packets of the destination sent again or lost",
    "sinpkt": "time between packets of the source in ms",
    "dinpkt": "time between packets of the destination in ms",
    "sjit": "jitter of the source in ms",
    "djit": "jitter of the destination in ms",
    "swin": "TCP window of the source",
    "stcpb": "TCP base sequence number of the source",
    "dtcpb": "TCP base sequence number of the destination",
    "dwin": "TCP window of the destination",
    "tcprtt": "time to set up the connection in seconds",
    "synack": "part of it from SYN to SYN_ACK",
    "ackdat": "part of it from SYN_ACK to ACK",
    "smean": "mean size of the source's packets",
    "dmean": "mean size of the destination's packets",
    "trans_depth": "depth of the http request in its connection",
    "response_body_len": "bytes of what http gave back",
    "ct_srv_src": "of the last 100 flows, those of the same service and source",
    "ct_state_ttl": "class of state and times to live",
    "ct_dst_ltm": "of the last 100, those of the same destination",
    "ct_src_dport_ltm": "of the last 100, those of the same source and destination port",
    "ct_dst_sport_ltm": "of the last 100, those of the same destination and source port",
    "ct_dst_src_ltm": "of the last 100, those of the same source and destination",
    "is_ftp_login": "1 if a user with a password logged in by ftp",
    "ct_ftp_cmd": "number of ftp commands",
    "ct_flw_http_mthd": "number of http methods",
    "ct_src_ltm": "of the last 100, those of the same source",
    "ct_srv_dst": "of the last 100, those of the same service and destination",
    "is_sm_ips_ports": "1 if source and destination are the same",
    "attack_cat": "Normal, or the family of the attack",
}
"""Columns that are read, by the names in the files' first line; ``id`` and ``label`` are not."""
WORDS = ("proto", "service", "state")
NUMBERS = tuple(name for name in COLUMNS if name not in (*WORDS, "attack_cat"))


def load(folder: Path | str) -> FlowSplit:
    """Read UNSW-NB15 from a folder with its two files.

    The larger one is the training set, as published; there are copies with the two names swapped.

    Parameters
    ----------
    folder : path-like
        With ``UNSW_NB15_training-set.csv`` and ``UNSW_NB15_testing-set.csv``.

    Returns
    -------
    FlowSplit

    Raises
    ------
    InvalidInput
        If a file is missing, cut off, or lacks columns.
    """
    paths = [existing(folder, name) for name in FILES]
    larger_first = sorted(((_flows(path), path) for path in paths), key=lambda each: -len(each[0]))
    (train, _), (test, _) = larger_first
    return FlowSplit(train, test, tuple(source_file(path, PUBLISHED) for _, path in larger_first))


def _flows(path: Path) -> Flows:
    columns = require(path, tuple(COLUMNS))
    return read(path, columns, NUMBERS, WORDS, "attack_cat", normal=("normal",), first_line=1)
