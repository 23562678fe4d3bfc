"""Features of a block of a prepare-and-measure link: what the counts of one block say, as named columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.records.record import AliceRecord, BobRecord, check_same_run
from noclone.records.telemetry import Telemetry

Floats = NDArray[np.float64]


def pulse_columns(intensities: int) -> tuple[str, ...]:
    """Return the names of the features for a number of intensities, the brightest being 0.

    Examples
    --------
    >>> pulse_columns(1)
    ('clicks[0]', 'sifted[0]', 'qber[0]', 'qber_z', 'qber_x', 'asymmetry', 'basis_match')
    """
    each = [f"{name}[{k}]" for name in ("clicks", "sifted", "qber") for k in range(intensities)]
    return (*each, "qber_z", "qber_x", "asymmetry", "basis_match")


def pulse_features(counts: NDArray[np.integer]) -> Floats:
    """Return the features of blocks from their counts, in the order of `pulse_columns`.

    Parameters
    ----------
    counts : array of int, shape (blocks, K, 2, 2, 2, 2)
        Events by intensity, Alice's basis, her bit, Bob's basis and his bit.

    Returns
    -------
    array, shape (blocks, 3 K + 4)
        ``clicks[k]``: events of the intensity. ``sifted[k]``: those with equal bases. ``qber[k]``: the share
        of errors among them. ``qber_z``, ``qber_x``: of the brightest intensity by basis. ``asymmetry``:
        (n0 - n1) / (n0 + n1) of Bob's bits. ``basis_match``: share of events with equal bases. A share of
        nothing is 1/2, and the asymmetry of nothing 0.

    Examples
    --------
    >>> counts = np.zeros((1, 1, 2, 2, 2, 2), int)
    >>> counts[0, 0, 0, 0] = [[97, 3], [5, 5]]
    >>> pulse_features(counts).round(3).tolist()
    [[110.0, 100.0, 0.03, 0.03, 0.5, 0.855, 0.909]]
    """
    events = np.asarray(counts, float)
    matched = np.stack(
        [events[:, :, 0, :, 0], events[:, :, 1, :, 1]], axis=2
    )  # blocks, K, basis, sent, found
    wrong = matched[..., 0, 1] + matched[..., 1, 0]  # blocks, K, basis
    sifted = matched.sum(axis=(-1, -2))
    clicks = events.sum(axis=(2, 3, 4, 5))
    found = events.sum(axis=(1, 2, 3, 4))
    total = clicks.sum(axis=1)
    return np.column_stack(
        [
            clicks,
            sifted.sum(axis=2),
            _share(wrong.sum(axis=2), sifted.sum(axis=2), 0.5),
            _share(wrong[:, 0], sifted[:, 0], 0.5),
            _share(found[:, 0] - found[:, 1], total, 0.0),
            _share(sifted.sum(axis=(1, 2)), total, 0.5),
        ]
    )


def _share(part: Floats, whole: Floats, otherwise: float) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), otherwise), where=whole > 0))


def record_telemetry(
    alice: AliceRecord, bob: BobRecord, intensities: int, blocks: int = 1, size: float | None = None
) -> Telemetry:
    """Return the telemetry of two records of one run, cut into blocks of equally many pulses.

    Parameters
    ----------
    alice, bob : AliceRecord, BobRecord
        Their bases and bits are compared, those of the key too: the result is as secret as the records.
    intensities : int
        How many the protocol has.
    blocks : int
        Blocks to cut the run into; at most one per pulse.
    size : float, optional
        Pulses of a block; what the blocks leave over at the end is not looked at. All pulses by default.

    Returns
    -------
    Telemetry
        Without what records do not hold: double clicks, arrival times, monitors.

    Raises
    ------
    InvalidInput
        If the records are not of one run, or an intensity does not exist.

    Examples
    --------
    >>> import noclone as nc
    >>> setup = nc.load("lim-2014")
    >>> telemetry = record_telemetry(*nc.simulate(setup, pulses=1e7), intensities=3, blocks=4)
    >>> telemetry.values.shape
    (4, 13)
    """
    check_same_run(alice, bob)
    run = alice.run
    if not 1 <= blocks <= run.pulses:
        raise InvalidInput(
            "blocks", f"must be at least 1 and at most the {run.pulses} pulses, but is {blocks}"
        )
    highest = int(alice.intensity.max(initial=0))
    if highest >= intensities:
        raise InvalidInput("intensity", f"must lie between 0 and {intensities - 1}, but one is {highest}")
    hers = alice_rows(alice, bob)
    length = run.pulses / blocks if size is None else size
    edges = np.arange(blocks + 1, dtype=float) * length
    if size is None:
        edges[-1] = run.pulses
    inside = bob.pulse_index < edges[-1]
    block = np.searchsorted(edges[1:-1], bob.pulse_index[inside], side="right")
    shape = (blocks, intensities, 2, 2, 2, 2)
    columns = (alice.intensity[hers], alice.basis[hers], alice.bit[hers], bob.basis, bob.bit)
    cells = np.ravel_multi_index((block, *(column[inside] for column in columns)), shape)
    counts = np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)
    seconds = edges[:-1] / (run.clock_rate_hz or 1.0)
    return Telemetry(
        pulse_columns(intensities),
        pulse_features(counts),
        times_s=seconds,
        card={"run_id": run.run_id, "protocol": run.protocol, "pulses_per_block": length},
    )


def alice_rows(alice: AliceRecord, bob: BobRecord) -> NDArray[np.intp]:
    """Return the rows of Alice's record that hold the pulses of Bob's, shape (len(bob),)."""
    if len(alice) == len(bob):  # every pulse of hers is one of his, as `check_same_run` has seen to
        return np.arange(len(bob))
    return np.searchsorted(alice.pulse_index, bob.pulse_index)
