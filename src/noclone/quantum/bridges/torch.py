"""Circuits as torch functions and layers: by the engine on a CPU, by torch's own operations elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.extras import need
from noclone.quantum.angle import Angle
from noclone.quantum.binding import substituted
from noclone.quantum.circuit import Circuit
from noclone.quantum.engine import Engine
from noclone.quantum.lowering import lower
from noclone.quantum.observables import Observable

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

Expectations = Callable[["Tensor", "Tensor"], "Tensor"]


def engine_function(engine: Engine) -> Expectations:
    """Return an engine's expectation values as a torch function with gradients, on the CPU.

    Parameters
    ----------
    engine : Engine

    Returns
    -------
    callable
        Takes features, shape (B, F), and weights, shape (W,); returns a tensor of shape (B, observables) in
        the type of the weights. It can be differentiated once, by both.

    Examples
    --------
    >>> import torch
    >>> from noclone.quantum import gate, x, z
    >>> circuit = Circuit(1, (gate("ry", 0, angle=x[0]),))
    >>> features = torch.tensor([[0.3]], dtype=torch.float64, requires_grad=True)
    >>> engine_function(Engine(circuit, [z(0, 1)]))(features, torch.zeros(0)).sum().backward()
    >>> bool(np.isclose(features.grad.item(), -np.sin(0.3)))
    True
    """
    kind = _engine_function()
    return lambda features, weights: kind.apply(features, weights, engine)


@cache
def _engine_function() -> Any:
    torch = need("torch")

    class EngineFunction(torch.autograd.Function):  # type: ignore[name-defined]
        @staticmethod
        def forward(ctx: Any, features: Tensor, weights: Tensor, engine: Engine) -> Tensor:
            values, ctx.pullback = engine.vjp(features.detach().numpy(), weights.detach().numpy())
            ctx.types = features.dtype, weights.dtype
            found: Tensor = torch.from_numpy(values).to(weights.dtype)
            return found

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, Tensor, None]:
            by_weight, by_feature = ctx.pullback(cotangent.numpy(), inputs=ctx.needs_input_grad[0])
            feature_type, weight_type = ctx.types
            if by_feature is not None:
                by_feature = torch.from_numpy(by_feature).to(feature_type)
            return by_feature, torch.from_numpy(by_weight).to(weight_type), None

    return EngineFunction


def torch_function(circuit: Circuit, observables: Sequence[Observable]) -> Expectations:
    """Return a circuit's expectation values by torch operations alone, on the device of the weights.

    Parameters
    ----------
    circuit : Circuit
        Without noise channels.
    observables : sequence of Observable

    Returns
    -------
    callable
        As `engine_function` returns, but on any device and differentiable any number of times.

    Raises
    ------
    InvalidInput
        If the circuit holds a noise channel.

    Notes
    -----
    Runs the same lowered circuit as the engine: tables and turns (`noclone.quantum.lowering`).
    """
    torch = need("torch")
    program = lower(circuit)
    size = 2**circuit.qubits
    words = _words(observables, size)

    @cache
    def constants(kind: Any, device: Any) -> tuple[list[tuple[Tensor, Tensor]], list[tuple[Tensor, Tensor]]]:
        """Return each table's source and signs, and each group of words' partners and factors."""

        def tensor(array: NDArray, kind: Any = torch.int64) -> Tensor:
            return torch.as_tensor(array).to(device, kind)  # type: ignore[no-any-return]

        tables = [(tensor(stage.table.source), tensor(stage.table.signs, kind)) for stage in program.stages]
        partners = [
            (tensor(np.arange(size) ^ flip), tensor(factors, kind.to_complex())) for flip, factors in words
        ]
        return tables, partners

    def expectations(features: Tensor, weights: Tensor) -> Tensor:
        kind, device, samples = weights.dtype, weights.device, len(features)
        tables, partners = constants(kind, device)

        def values_of(angle: Angle) -> Tensor:
            value = substituted(angle, lambda i: features[:, i], lambda k: weights[k])
            return torch.as_tensor(value, dtype=kind, device=device).expand(samples)  # type: ignore[no-any-return]

        states = torch.zeros((samples, size), dtype=kind.to_complex(), device=device)
        states[:, 0] = 1
        for stage, (source, signs) in zip(program.stages, tables, strict=True):
            states = states[:, source]
            if stage.table.angles:
                angles = torch.stack([values_of(angle) for angle in stage.table.angles], dim=1)
                phases = -0.5 * angles @ signs
                states = states * torch.polar(torch.ones_like(phases), phases)
            for turn in stage.turns:
                half = 0.5 * values_of(turn.angle)[:, None, None]
                low, high = states.reshape(samples, 2**turn.wire, 2, -1).unbind(2)
                cosine, sine = torch.cos(half), torch.sin(half)
                turned = torch.stack([cosine * low - sine * high, sine * low + cosine * high], dim=2)
                states = turned.reshape(samples, size)
        found: Tensor = torch.zeros((samples, len(observables)), dtype=kind, device=device)
        for partner, factors in partners:
            found = found + ((states.conj() * states[:, partner]) @ factors).real
        return found

    return expectations


def _words(observables: Sequence[Observable], size: int) -> list[tuple[int, NDArray[np.complex128]]]:
    """Return Pauli words by the bits they flip: what <k| word |k ^ flip> is, shape (size, observables)."""
    index = np.arange(size)
    found: dict[int, NDArray[np.complex128]] = {}
    for column, observable in enumerate(observables):
        for coefficient, word in observable.words:
            flip, factor = 0, np.full(size, coefficient, complex)
            for place, letter in enumerate(reversed(word)):
                flip |= (letter in "XY") << place
                sign = 1 - 2 * (index >> place & 1)
                factor = factor * {"I": 1, "X": 1, "Y": -1j * sign, "Z": sign}[letter]
            found.setdefault(flip, np.zeros((size, len(observables)), complex))[:, column] += factor
    return list(found.items())


def circuit_layer(
    circuit: Circuit, observables: Sequence[Observable], weights: ArrayLike | None = None
) -> Module:
    """Return a torch module that maps features (B, F) to expectation values (B, observables).

    On a CPU it runs `noclone.quantum.Engine` in the precision of its weights; moved to another device, it
    runs the same circuit by torch operations there.

    Parameters
    ----------
    circuit : Circuit
        Without noise channels.
    observables : sequence of Observable
    weights : array_like, shape (circuit.n_weights,), optional
        Where training starts; uniform between -pi and pi by default, from torch's generator.

    Returns
    -------
    torch.nn.Module
        With one parameter, ``weights``.

    Raises
    ------
    InvalidInput
        Torch not installed; at the first call, a noise channel or observables on other qubits.

    Examples
    --------
    >>> import torch
    >>> from noclone.quantum import z
    >>> from noclone.quantum.layers import angle_embedding, strongly_entangling
    >>> layer = circuit_layer(angle_embedding(3) + strongly_entangling(3, 2), [z(0, 3), z(1, 3)])
    >>> layer(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """
    return _circuit_layer()(circuit, tuple(observables), weights)  # type: ignore[no-any-return]


@cache
def _circuit_layer() -> Any:
    torch = need("torch")

    class CircuitLayer(torch.nn.Module):  # type: ignore[name-defined]
        def __init__(
            self, circuit: Circuit, observables: tuple[Observable, ...], weights: ArrayLike | None
        ) -> None:
            super().__init__()
            start = (
                torch.empty(circuit.n_weights).uniform_(-torch.pi, torch.pi)
                if weights is None
                else torch.as_tensor(np.asarray(weights, float), dtype=torch.get_default_dtype())
            )
            self.weights = torch.nn.Parameter(start)
            self._reading = circuit, observables
            self._functions: dict[Any, Expectations] = {}

        def _function(self) -> Expectations:
            """Return what runs the circuit on the weights' device; the engine in the weights' precision."""
            on_cpu = self.weights.device.type == "cpu"
            kind = str(self.weights.dtype).removeprefix("torch.") if on_cpu else "torch"
            if kind not in self._functions:
                self._functions[kind] = (
                    engine_function(Engine(*self._reading, precision=kind))
                    if on_cpu
                    else torch_function(*self._reading)
                )
            return self._functions[kind]

        def forward(self, features: Tensor) -> Tensor:
            return self._function()(features, self.weights)

    return CircuitLayer
