"""What each party's devices wrote down, in memory and in files."""

from noclone.records.files import read_alice, read_bob, write, write_csv
from noclone.records.record import AliceRecord, BobRecord, Record, Run, check_same_run

__all__ = [
    "AliceRecord",
    "BobRecord",
    "Record",
    "Run",
    "check_same_run",
    "read_alice",
    "read_bob",
    "write",
    "write_csv",
]
