"""CIC-IoT 2023: windows of packets of 105 devices, normal and under 33 attacks.

Neto et al., Sensors 23, 5941 (2023). The collection has no split of its own. Here the flows of its files, in
the order of the files' names, are split by position: the first three quarters are for training.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.learn.flows.flow_files import header, joined, read, require, source_file
from noclone.learn.flows.flow_table import Flows, FlowSplit

MOST_FLOWS = 200_000
"""Of all files together, the same number from the beginning of each; the whole collection has 46 million."""

COLUMNS = {
    "Header_Length": "mean length of the headers",
    "Protocol Type": "number of the protocol",
    "Rate": "packets per second",
    "fin_flag_number": "share of packets with the FIN flag",
    "syn_flag_number": "share with SYN",
    "rst_flag_number": "share with RST",
    "psh_flag_number": "share with PSH",
    "ack_flag_number": "share with ACK",
    "ece_flag_number": "share with ECE",
    "cwr_flag_number": "share with CWR",
    "ack_count": "number of packets with ACK",
    "syn_count": "number with SYN",
    "fin_count": "number with FIN",
    "rst_count": "number with RST",
    "HTTP": "share of HTTP",
    "HTTPS": "share of HTTPS",
    "DNS": "share of DNS",
    "Telnet": "share of Telnet",
    "SMTP": "share of SMTP",
    "SSH": "share of SSH",
    "IRC": "share of IRC",
    "TCP": "share of TCP",
    "UDP": "share of UDP",
    "DHCP": "share of DHCP",
    "ARP": "share of ARP",
    "ICMP": "share of ICMP",
    "IPv": "share of IP",
    "LLC": "share of LLC",
    "Tot sum": "sum of the packets' lengths",
    "Min": "least length",
    "Max": "greatest length",
    "AVG": "mean length",
    "Std": "standard deviation of the lengths",
    "Tot size": "length of the packet",
    "IAT": "time since the packet before",
    "Number": "number of packets",
    "Variance": "variance of the lengths, or ratio of those in and out",
}
"""Columns that both editions of the collection have, with 47 and with 40 columns; others are not read."""
LABELS = ("label", "Label")
"""Name of the last column in either edition."""


def load(folder: Path | str) -> FlowSplit:
    """Read CIC-IoT 2023 from its comma-separated files.

    Flows with a rate that is infinite or missing, of which the collection has some, are left out.

    Parameters
    ----------
    folder : path-like
        With ``part-….csv`` or ``Merged….csv`` files, or one such file.

    Returns
    -------
    FlowSplit
        No checksum of the files is known.

    Raises
    ------
    InvalidInput
        If there is no file, or one is cut off or lacks columns.
    """
    home = Path(folder)
    paths = [home] if home.is_file() else sorted(home.glob("*.csv"))
    if not paths:
        raise InvalidInput(str(folder), "must be a folder with comma-separated files, or one, but is neither")
    share = -(-MOST_FLOWS // len(paths))
    flows = joined([_flows(path, share) for path in paths])
    finite = np.isfinite(flows.numbers).all(axis=1)
    kept = flows.rows(finite)
    cut = 3 * len(kept) // 4
    return FlowSplit(
        kept.rows(slice(cut)),
        kept.rows(slice(cut, None)),
        tuple(source_file(path, ()) for path in paths),
        left_out=int(np.count_nonzero(~finite)),
    )


def _flows(path: Path, most_rows: int) -> Flows:
    label = next((name for name in LABELS if name in header(path)), LABELS[0])
    columns = require(path, (*COLUMNS, label))
    return read(
        path,
        columns,
        tuple(COLUMNS),
        (),
        label,
        normal=("BenignTraffic", "Benign"),
        first_line=1,
        gaps=("", "nan", "NaN"),
        most_rows=most_rows,
    )
