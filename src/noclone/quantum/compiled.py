"""The compiled backend: memory, threads and calls of the kernels for one circuit."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.quantum.adjoint import backward
from noclone.quantum.circuit import Circuit
from noclone.quantum.kernels import Work, forward
from noclone.quantum.observables import Observable
from noclone.quantum.plan import make_plan
from noclone.quantum.settings import Settings, prepare
from noclone.quantum.simd import lanes

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]
Complex = NDArray[np.complexfloating[Any, Any]]
Pullback = Callable[..., tuple[Floats, Floats | None]]

MAX_QUBITS = 16
"""Here each table takes megabytes and each thread 25 megabytes, for one vector of samples in float64."""

_ALIGNMENT = 64
_APART = 5
"""Rows between two states: at distances of 4096 bytes a processor takes a load for one of the last store."""

_BLOCKS = 32
"""Gradients are summed over blocks of samples that do not depend on the number of threads: at most these."""

_BLOCK_CHUNKS = 4
"""Chunks that a block has at least, if there are so many."""


def _aligned(shape: tuple[int, ...], dtype: DTypeLike) -> Any:
    """Return an array that starts where a line of the cache does."""
    kind = np.dtype(dtype)
    size = int(np.prod(shape)) * kind.itemsize
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    begin = -memory.ctypes.data % _ALIGNMENT
    return memory[begin : begin + size].view(kind).reshape(shape)


class Compiled:
    """One circuit with its observables on Numba kernels; the methods take float64 arrays.

    Parameters
    ----------
    circuit : Circuit
    observables : sequence of Observable
    precision : {"float64", "float32"}
        Of the amplitudes and of what is returned; angles are always reduced in float64.
    threads : int
        Samples are split over them; sums are taken block by block, whatever their number.

    Raises
    ------
    InvalidInput
        A noisy circuit, or more than `MAX_QUBITS` qubits.
    """

    def __init__(
        self, circuit: Circuit, observables: Sequence[Observable], precision: str, threads: int
    ) -> None:
        if circuit.qubits > MAX_QUBITS:
            raise InvalidInput("circuit", f"must have at most {MAX_QUBITS} qubits, but has {circuit.qubits}")
        self._dtype = np.dtype(precision)
        self._lanes = lanes(self._dtype)
        self._plan = make_plan(circuit, observables, self._dtype)
        self._weights = circuit.n_weights
        self._features = circuit.n_features
        self._observables = len(observables)
        self._threads = threads
        self._spare: list[Work] = []  # memory that no thread uses at the moment
        self._pool: tuple[int, ThreadPoolExecutor] | None = None

    def _settings(self, weights: Doubles) -> tuple[Doubles, Settings]:
        plan, size = self._plan, 1 << self._plan.qubits
        settings = Settings(
            slopes=np.empty(len(plan.sample.angle)),
            flips=np.empty(plan.stages, np.int64),
            scale=np.empty(plan.stages, self._dtype),
            gather=np.empty((plan.stages, size), np.int32),
            real=np.empty((plan.stages, size), self._dtype),
            imag=np.empty((plan.stages, size), self._dtype),
            tangents=np.empty(len(plan.turn_bits) * self._lanes, self._dtype),
            start=np.empty((plan.qubits, 2), self._dtype),
            angles=np.empty(plan.n_shared),
            cosines=np.empty(max(size, 8)),
            sines=np.empty(max(size, 8)),
            flipped=np.empty(size, np.int8),
        )
        padded = np.append(weights[: self._weights], 1.0)
        prepare(plan, padded, settings)
        return padded, settings

    def _work(self) -> Work:
        plan, width, dtype = self._plan, self._lanes, self._dtype
        size = 1 << plan.qubits
        own = size if len(plan.sample_signs) else 0
        return Work(
            states=_aligned((3, (2 * size + _APART) * width), dtype),
            real=_aligned((own, width), dtype),
            imag=_aligned((own, width), dtype),
            row_slopes=_aligned((own, width), dtype),
            data=_aligned((self._features + 1, width), float),
            turned=_aligned((plan.n_sample, width), float),
            angles=_aligned((plan.n_sample, width), dtype),
            cosines=_aligned((plan.n_sample * width,), dtype),
            sines=_aligned((plan.n_sample * width,), dtype),
            sample_slopes=_aligned((plan.n_sample, width), dtype),
            start=_aligned((plan.qubits * 2 * width,), dtype),
            turn_slopes=_aligned(((len(plan.turn_bits) + plan.qubits) * width,), dtype),
            phase_slopes=np.empty((plan.stages, size)),
            before_flips=np.empty(size),
            cotangent=_aligned((max(self._observables, 1), width), dtype),
        )

    def _chunks(self, samples: int) -> int:
        return -(-samples // self._lanes)

    def _helpers(self) -> ThreadPoolExecutor:
        """Return threads that wait for work; a forked process, which inherits none, makes its own."""
        if self._pool is None or self._pool[0] != os.getpid():
            self._pool = os.getpid(), ThreadPoolExecutor(self._threads - 1)
        return self._pool[1]

    def _shared_out(self, count: int, run: Callable[[tuple[int, int], Work], None]) -> None:
        """Call ``run((first, end), work)`` for parts of ``range(count)``, one per thread."""
        threads = min(self._threads, count)

        def share(thread: int) -> None:
            work = self._spare.pop() if self._spare else self._work()
            run((count * thread // threads, count * (thread + 1) // threads), work)
            self._spare.append(work)

        others = [self._helpers().submit(share, thread) for thread in range(1, threads)]
        if threads:
            share(0)
        for other in others:
            other.result()

    def _forward(self, features: Doubles, settings: Settings, stages: int, states: Floats | None) -> Floats:
        values = np.zeros((len(features), self._observables), self._dtype)

        def run(chunks: tuple[int, int], work: Work) -> None:
            kept = work.states[2:] if states is None else states
            forward(self._plan, settings, features, chunks, stages, work, kept, values)

        self._shared_out(self._chunks(len(features)), run)
        return values

    def expectations(self, features: Doubles, weights: Doubles) -> Floats:
        """Return expectation values, shape (B, observables)."""
        _, settings = self._settings(weights)
        return self._forward(features, settings, self._plan.measured, None)

    def states(self, features: Doubles, weights: Doubles) -> Complex:
        """Return the final states, shape (B, 2**qubits)."""
        _, settings = self._settings(weights)
        chunks, size = self._chunks(len(features)), 1 << self._plan.qubits
        states = _aligned((chunks, 2 * size * self._lanes), self._dtype)
        self._forward(features, settings, self._plan.stages, states)
        parts = states.reshape(chunks, 2, size, self._lanes)
        out = np.empty((chunks, self._lanes, size), np.result_type(self._dtype, np.complex64))
        out.real, out.imag = parts[:, 0].swapaxes(1, 2), parts[:, 1].swapaxes(1, 2)
        return out.reshape(-1, size)[: len(features)]

    def vjp(self, features: Doubles, weights: Doubles) -> tuple[Floats, Pullback]:
        """Return expectation values and the function that pulls cotangents back; see `Engine.vjp`."""
        padded, settings = self._settings(weights)
        plan, samples = self._plan, len(features)
        states = _aligned((self._chunks(samples), 2 * self._lanes << plan.qubits), self._dtype)
        values = self._forward(features, settings, plan.measured, states)

        def pullback(cotangent: Doubles, inputs: bool = False) -> tuple[Floats, Floats | None]:
            by_feature = np.zeros(features.shape if inputs else (0, features.shape[1]))
            blocks = min(-(-len(states) // _BLOCK_CHUNKS), _BLOCKS)
            shared = np.zeros((blocks, plan.n_shared))
            through_data = np.zeros((blocks, len(padded)))

            def run(part: tuple[int, int], work: Work) -> None:
                backward(
                    plan,
                    padded,
                    settings,
                    features,
                    part,
                    states,
                    cotangent,
                    work,
                    shared,
                    through_data,
                    by_feature,
                )

            self._shared_out(blocks, run)
            by_weight = through_data.sum(axis=0)  # the same order whatever the threads
            terms = plan.shared
            slopes = terms.coefficient * shared.sum(axis=0)[terms.angle]
            for place in (0, 1):
                change = slopes * padded[terms.weights[:, 1 - place]]
                by_weight += np.bincount(terms.weights[:, place], change, len(padded))
            found = np.zeros(len(weights), self._dtype)
            found[: self._weights] = by_weight[:-1]
            return found, by_feature.astype(self._dtype) if inputs else None

        return values, pullback
