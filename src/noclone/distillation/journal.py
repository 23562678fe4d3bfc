"""The journal of one party: which key of a run is prepared, which is released, across crashes.

A key is *prepared* (durable, but not to be used) before its authentication, and *released* by one
atomic write of the journal, the decision; the file moves to its place after that. A party that
starts again finds either nothing decided or a decision that it can finish.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from noclone.core.bits import Bits, pack, unpack
from noclone.core.errors import InvalidInput
from noclone.core.files import write_bytes

Phase = Literal["nothing", "prepared", "released"]


@dataclass(frozen=True)
class Entry:
    """What the journal says of a run.

    Attributes
    ----------
    run_id : str
        The run.
    attempt : str
        Random name of the attempt at distilling it, chosen by Alice.
    phase : str
        ``nothing``, ``prepared`` or ``released``.
    key_bits : int
        Length of the key, without what refills the authentication key.
    disclosed_bits : int
        Bits about the raw key that this party may have sent in all attempts, counted before sending.
    """

    run_id: str
    attempt: str = ""
    phase: Phase = "nothing"
    key_bits: int = 0
    disclosed_bits: int = 0


class Journal:
    r"""The journal of one party in a folder, and the files that it governs.

    ``PARTY.journal``; ``PARTY.prepared``, later ``PARTY.key``; ``PARTY.refill``, the bits of the key
    that are to become authentication key, until they have.

    Parameters
    ----------
    folder : path
        Where the files lie; must exist.
    party : str
        ``alice`` or ``bob``.
    run_id : str
        The run to distil.

    Raises
    ------
    InvalidInput
        If the journal is damaged, or the folder holds the released key of another run.

    Examples
    --------
    >>> import tempfile
    >>> journal = Journal(Path(tempfile.mkdtemp()), "alice", "monday")
    >>> journal.prepare("first", np.array([1, 1, 0, 1], np.uint8), refill_bits=1)
    >>> journal.release()
    >>> journal.entry.phase, journal.key_path.read_bytes(), journal.refill_path.read_bytes()
    ('released', b'\x03', b'\x01')
    """

    def __init__(self, folder: Path, party: str, run_id: str) -> None:
        self._path = folder / f"{party}.journal"
        self._prepared = folder / f"{party}.prepared"
        self.key_path = folder / f"{party}.key"
        self.refill_path = folder / f"{party}.refill"
        self.entry = self._read(run_id)
        if self.entry.phase == "released":
            self._move()

    def _read(self, run_id: str) -> Entry:
        try:
            found = Entry(**json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Entry(run_id)
        except (OSError, ValueError, TypeError) as error:
            raise InvalidInput(str(self._path), f"is not a journal of noclone ({error})") from error
        if found.run_id == run_id:
            return found
        if found.phase == "released":
            raise InvalidInput(
                str(self.key_path), f"holds the key of run {found.run_id}; give another folder with --out"
            )
        return Entry(run_id)

    def _write(self, entry: Entry) -> None:
        write_bytes(self._path, json.dumps(asdict(entry)).encode(), mode=0o600)
        self._sync_folder()
        self.entry = entry

    def _sync_folder(self) -> None:
        """Make renames durable, too."""
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def prepare(self, attempt: str, key: Bits, refill_bits: int = 0) -> None:
        """Make a key durable without releasing it; an earlier prepared one is forgotten.

        Parameters
        ----------
        attempt : str
            Name of the attempt.
        key : Bits
            The key.
        refill_bits : int
            Bits at its end that are kept apart to become authentication key.
        """
        if self.entry.phase == "released":
            raise InvalidInput(str(self.key_path), "is released already; a run gives one key only")
        kept = key.size - refill_bits
        for path, bits in ((self._prepared, key[:kept]), (self.refill_path, key[kept:])):
            write_bytes(path, pack(bits).tobytes(), mode=0o600)
        self._write(replace(self.entry, attempt=attempt, phase="prepared", key_bits=kept))

    def allow(self, bits: int) -> None:
        """Note durably that this many more bits about the raw key may be sent."""
        self._write(replace(self.entry, disclosed_bits=self.entry.disclosed_bits + bits))

    def release(self) -> None:
        """Decide that the prepared key is the key of the run, and put it in its place."""
        self._write(replace(self.entry, phase="released"))
        self._move()

    def _move(self) -> None:
        if self._prepared.exists():
            os.replace(self._prepared, self.key_path)
            self._sync_folder()

    def take_refill(self, bits: int, use: Callable[[str, Bits], object]) -> None:
        """Hand the refill bits of a released key to `use`, if there are any, and forget them.

        A crash in between repeats the call, so `use` must not mind a second one for one attempt.
        """
        if self.entry.phase == "released" and self.refill_path.exists():
            if bits:
                packed = np.frombuffer(self.refill_path.read_bytes(), np.uint8)
                use(self.entry.attempt, unpack(packed, bits))
            self.refill_path.unlink()
