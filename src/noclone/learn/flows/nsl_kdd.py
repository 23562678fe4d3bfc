"""NSL-KDD: connections of the KDD Cup 1999 without its duplicates, with a test of attacks not trained on.

Tavallaee, Bagheri, Lu, Ghorbani, IEEE CISDA (2009). One test connection in six is of a kind of
attack that no training connection shows, so that scores on a random split of either file say little about the
other.
"""

from __future__ import annotations

from pathlib import Path

from noclone.core.errors import InvalidInput
from noclone.learn.flows.flow_files import existing, header, read, source_file
from noclone.learn.flows.flow_table import Flows, FlowSplit

TRAIN = ("KDDTrain+.txt", "KDDTrain+_20Percent.txt")
"""Training files: the whole one if it is there, or the fifth that is published beside it."""
TEST = "KDDTest+.txt"

PUBLISHED = (
    "1b86d2f957b33082081bba410fe129b475efebcc13c9014c3f447c8271aadf95",  # KDDTrain+.txt
    "7ea86479faab5ca2190b7f18b4982fb058ce5bf2b46e0e1017d0d9ef90f9c16e",  # KDDTrain+_20Percent.txt
    "fa46b0935342616aa83b7c2578db355b6a7aaabbc492248172c7a1e8b7ab8f84",  # KDDTest+.txt
)

COLUMNS = {
    "duration": "length of the connection in seconds",
    "protocol_type": "tcp, udp or icmp",
    "service": "service at the destination, as http",
    "flag": "how the connection ended, as SF (as it should) or S0 (never answered)",
    "src_bytes": "bytes from source to destination",
    "dst_bytes": "bytes from destination to source",
    "land": "1 if source and destination are the same",
    "wrong_fragment": "number of wrong fragments",
    "urgent": "number of urgent packets",
    "hot": "number of indicators of access to what matters",
    "num_failed_logins": "number of failed log-ins",
    "logged_in": "1 if logged in",
    "num_compromised": "number of compromised conditions",
    "root_shell": "1 if a root shell was obtained",
    "su_attempted": "1 if su root was attempted",
    "num_root": "number of accesses as root",
    "num_file_creations": "number of files created",
    "num_shells": "number of shell prompts",
    "num_access_files": "number of operations on access control files",
    "num_outbound_cmds": "number of outbound commands in an ftp session",
    "is_host_login": "1 if the log-in is on the hot list",
    "is_guest_login": "1 if the log-in is a guest's",
    "count": "connections to the same host in the last two seconds",
    "srv_count": "connections to the same service in the last two seconds",
    "serror_rate": "share of the first that failed for want of an answer",
    "srv_serror_rate": "share of the second that failed so",
    "rerror_rate": "share of the first that were rejected",
    "srv_rerror_rate": "share of the second that were rejected",
    "same_srv_rate": "share of the first to the same service",
    "diff_srv_rate": "share of the first to other services",
    "srv_diff_host_rate": "share of the second to other hosts",
    "dst_host_count": "of the last 100 connections, those to the same host",
    "dst_host_srv_count": "of the last 100, those to the same service there",
    "dst_host_same_srv_rate": "share to the same service",
    "dst_host_diff_srv_rate": "share to other services",
    "dst_host_same_src_port_rate": "share from the same port",
    "dst_host_srv_diff_host_rate": "share of those to the service from other hosts",
    "dst_host_serror_rate": "share that failed for want of an answer",
    "dst_host_srv_serror_rate": "share of those to the service that failed so",
    "dst_host_rerror_rate": "share that were rejected",
    "dst_host_srv_rerror_rate": "share of those to the service that were rejected",
    "label": "normal, or the kind of attack",
    "difficulty": "how many of 21 learned machines got it right; not used",
}
"""Columns of the files, which have no line of names, and what they hold."""
WORDS = ("protocol_type", "service", "flag")
NUMBERS = tuple(name for name in COLUMNS if name not in (*WORDS, "label", "difficulty"))


def load(folder: Path | str) -> FlowSplit:
    """Read NSL-KDD from a folder with its text files.

    Parameters
    ----------
    folder : path-like
        With ``KDDTest+.txt`` and one of ``KDDTrain+.txt`` and ``KDDTrain+_20Percent.txt``.

    Returns
    -------
    FlowSplit
        Training file and test file, kept apart.

    Raises
    ------
    InvalidInput
        If a file is missing, cut off, or has other columns.
    """
    paths = existing(folder, *TRAIN), existing(folder, TEST)
    train, test = (_flows(path) for path in paths)
    return FlowSplit(train, test, tuple(source_file(path, PUBLISHED) for path in paths))


def _flows(path: Path) -> Flows:
    found = len(header(path))
    if found != len(COLUMNS):
        raise InvalidInput(str(path), f"must have {len(COLUMNS)} columns, but has {found}")
    return read(path, tuple(COLUMNS), NUMBERS, WORDS, "label", normal=("normal",), first_line=0)
