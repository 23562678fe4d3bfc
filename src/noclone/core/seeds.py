"""Reproducible simulation randomness: one seed, one Philox stream per (stage, block).

Secret randomness never comes from here; see `noclone.core.secrets`.
"""

from __future__ import annotations

import hashlib

import numpy as np


def _key(seed: int, stage: str, block: int) -> int:
    text = f"noclone:{seed}:{stage}:{block}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")


def stream(seed: int, stage: str, block: int = 0) -> np.random.Generator:
    """Return the generator of one block of one stage.

    Parameters
    ----------
    seed : int
        The run's seed.
    stage : str
        What the numbers are for, e.g. ``"clicks"``; stages are independent.
    block : int
        Index of the block within the stage; blocks are independent, so results do not
        depend on which worker draws them.

    Returns
    -------
    numpy.random.Generator
        A Philox generator keyed by (seed, stage, block).

    Examples
    --------
    >>> int(stream(7, "demo").integers(1000)) == int(stream(7, "demo").integers(1000))
    True
    """
    return np.random.Generator(np.random.Philox(key=_key(seed, stage, block)))


def kernel_seed(seed: int, stage: str, block: int = 0) -> np.uint64:
    """Return a 64-bit seed for a compiled kernel's own generator.

    Examples
    --------
    >>> bool(kernel_seed(7, "demo", 0) != kernel_seed(7, "demo", 1))
    True
    """
    return np.uint64(_key(seed, stage, block) & 0xFFFF_FFFF_FFFF_FFFF)
