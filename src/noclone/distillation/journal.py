"""The journal of one party: which keys of a run are prepared, which is released, across crashes.

A key is *prepared* (durable, but not to be used) before its authentication, and *released* by one
atomic write of the journal, the decision; the file moves to its place after that. A party that
starts again finds either nothing decided or a decision that it can finish. Prepared keys of
attempts that died are kept until the run is decided: the other party may have released one.

The journal lies beside the authentication key and knows all runs distilled with it, so that no
run gives two keys and nothing that was disclosed of a raw key is forgotten.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from noclone.core.bits import Bits, pack, unpack
from noclone.core.errors import InvalidInput
from noclone.core.files import write_bytes


@dataclass(frozen=True)
class Entry:
    """What the journal says of a run.

    Attributes
    ----------
    folder : str
        Where its key lies, or will lie.
    released : str
        Name of the attempt whose key is released; empty while none is.
    prepared : mapping
        Name of each attempt with a prepared key to the length of that key, without what refills the
        authentication key.
    disclosed_bits : int
        Bits about the raw key that this party may have sent in all attempts, counted before sending.
    """

    folder: str
    released: str = ""
    prepared: Mapping[str, int] = field(default_factory=dict)
    disclosed_bits: int = 0

    @property
    def key_bits(self) -> int:
        """Length of the released key."""
        return self.prepared.get(self.released, 0)


class Journal:
    r"""The journal of one party, and the files in a folder that it governs for one run.

    ``PARTY.NAME.prepared``, one of which becomes ``PARTY.key``; ``PARTY.NAME.refill``, the bits of that
    key that are to become authentication key, until they have.

    Parameters
    ----------
    path : path
        The journal's file.
    folder : path
        Where the keys of the run lie; must exist.
    party : str
        ``alice`` or ``bob``.
    run_id : str
        The run to distil.

    Raises
    ------
    InvalidInput
        If the journal is damaged, the run was begun in another folder, or the folder holds another run.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> journal = Journal(folder / "alice.auth.journal", folder, "alice", "monday")
    >>> journal.prepare("first", np.array([1, 1, 0, 1], np.uint8), refill_bits=1)
    >>> journal.release("first")
    >>> journal.entry.key_bits, journal.key_path.read_bytes()
    (3, b'\x03')
    """

    def __init__(self, path: Path, folder: Path, party: str, run_id: str) -> None:
        self._path, self._folder, self._party, self._run_id = path, folder, party, run_id
        self.key_path = folder / f"{party}.key"
        self._runs = self._read()
        here = str(folder.resolve())
        self.entry = self._runs.get(run_id, Entry(here))
        if self.entry.folder != here:
            raise InvalidInput(
                "--out", f"must be {self.entry.folder}, where this run was begun, but is {here}"
            )
        for other, entry in self._runs.items():
            if other != run_id and entry.folder == here and entry.prepared:
                raise InvalidInput("--out", f"must be another folder: {here} holds the key of run {other}")
        if self.entry.released:
            self._move()

    def _read(self) -> dict[str, Entry]:
        try:
            runs = json.loads(self._path.read_text(encoding="utf-8"))["runs"]
            return {run_id: Entry(**entry) for run_id, entry in runs.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidInput(str(self._path), f"is not a journal of noclone ({error})") from error

    def _write(self, entry: Entry) -> None:
        runs = {**self._runs, self._run_id: entry}
        text = json.dumps({"runs": {run_id: asdict(each) for run_id, each in runs.items()}}, indent=1)
        write_bytes(self._path, text.encode(), mode=0o600)
        _sync(self._path.parent)
        self._runs, self.entry = runs, entry

    def _file(self, attempt: str, kind: str) -> Path:
        return self._folder / f"{self._party}.{attempt[:16]}.{kind}"

    def prepare(self, attempt: str, key: Bits, refill_bits: int = 0) -> None:
        """Make a key durable without releasing it.

        Parameters
        ----------
        attempt : str
            Name of the attempt; both parties' nonces are in it, so it never repeats.
        key : Bits
            The key.
        refill_bits : int
            Bits at its end that are kept apart to become authentication key.
        """
        if self.entry.released or attempt in self.entry.prepared:
            raise InvalidInput(str(self.key_path), "is decided already; a run gives one key only")
        kept = key.size - refill_bits
        for kind, bits in (("prepared", key[:kept]), ("refill", key[kept:])):
            write_bytes(self._file(attempt, kind), pack(bits).tobytes(), mode=0o600)
        _sync(self._folder)
        self._write(replace(self.entry, prepared={**self.entry.prepared, attempt: kept}))

    def allow(self, bits: int) -> None:
        """Note durably that this many more bits about the raw key may be sent."""
        self._write(replace(self.entry, disclosed_bits=self.entry.disclosed_bits + bits))

    def release(self, attempt: str) -> None:
        """Decide that a prepared key is the key of the run, and put it in its place."""
        self._write(replace(self.entry, released=attempt))
        self._move()

    def _move(self) -> None:
        chosen = self._file(self.entry.released, "prepared")
        if chosen.exists():
            os.replace(chosen, self.key_path)
        for attempt in self.entry.prepared:
            if attempt != self.entry.released:
                for kind in ("prepared", "refill"):
                    self._file(attempt, kind).unlink(missing_ok=True)
        _sync(self._folder)

    def take_refill(self, bits: int, use: Callable[[str, Bits], object]) -> None:
        """Hand the refill bits of a released key to `use`, if there are any, and forget them.

        A crash in between repeats the call (attempt, bits), so `use` must not mind a second one.
        """
        path = self._file(self.entry.released, "refill")
        if self.entry.released and path.exists():
            if bits:
                use(self.entry.released, unpack(np.frombuffer(path.read_bytes(), np.uint8), bits))
            path.unlink()


def _sync(folder: Path) -> None:
    """Make renames in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
