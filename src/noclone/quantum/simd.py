"""Vectors of the machine's registers for Numba: explicit SIMD without a compiler.

A vector holds `lanes(dtype)` numbers: the width of the widest register of the CPU that Numba compiles for.
Numba keys its cache by the same CPU, so that NUMBA_CPU_NAME and NUMBA_CPU_FEATURES narrow the vectors and
never meet code of another width. All functions here are for use inside ``@njit`` code, in which a vector is
a local variable or an element of a tuple::

    width(array)           lanes of the array's precision, a constant for the compiler
    load(array, i)         lanes of a contiguous float32 or float64 array, from element i on
    store(array, i, v)     the reverse
    load_as_many(arrays, i, t)   a tuple of vectors from element i on of each array in a tuple, as many as
                                 tuple t has elements
    broadcast(x)           every lane equal to the float x
    zeros(array)           zeros of the array's precision
    add(a, b)  sub(a, b)  mul(a, b)
    fma(a, b, c)           a * b + c
    fnma(a, b, c)          c - a * b
    nearest(v)             lanes rounded to the nearest whole number, for small numbers (below 2**22)
    total(v)               sum of the lanes

Products and sums contract to one FMA where the CPU has it, and nothing else is reordered, so that NaN and
infinity go through as they should. `cos_sin` in `noclone.quantum.phases` works on vectors too.
"""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic as _intrinsic
from numba.extending import models, register_model
from numpy.typing import DTypeLike

PLAIN: dict[str, Any] = {
    "nogil": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
}
"""Options of a function that compiled code alone calls and that makes no arrays: half the work for the
compiler, no file, and no counting of references, which takes longer than the sums of a small circuit."""

inner: Any = njit(**PLAIN)
"""Decorator of such a function."""

intrinsic: Any = _intrinsic
"""Numba's, whose type hints describe the definition and not the call."""

UniTuple: Any = types.UniTuple
pack: Any = cgutils.pack_array
unpack: Any = cgutils.unpack_tuple

CONTRACT = ("contract",)
"""Flags of an LLVM instruction that may become part of an FMA."""


def register_bits() -> int:
    """Return the width of the widest registers of the CPU that Numba compiles for."""
    features = cpu_target.target_context.codegen().magic_tuple()[2].split(",")
    return 512 if "+avx512f" in features else 256 if "+avx" in features else 128


def registers() -> int:
    """Return how many vectors the CPU's registers hold at once."""
    wide = platform.machine() not in ("x86_64", "AMD64") or register_bits() == 512
    return 32 if wide else 16


def lanes(dtype: DTypeLike) -> int:
    """Return how many numbers of a type one vector holds.

    Examples
    --------
    >>> lanes(np.float32) == 2 * lanes(np.float64)
    True
    """
    return register_bits() // (8 * np.dtype(dtype).itemsize)


class Vector(types.Type):
    """Numba's type of a vector of floats."""

    def __init__(self, element: Any) -> None:
        self.element = element
        self.lanes = register_bits() // element.bitwidth
        super().__init__(name=f"Vector({element}, {self.lanes})")

    @property
    def llvm(self) -> ir.VectorType:
        """The LLVM type."""
        scalar = ir.FloatType() if self.element.bitwidth == 32 else ir.DoubleType()
        return ir.VectorType(scalar, self.lanes)


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, kind.llvm)  # type: ignore[no-untyped-call]


def constant(kind: Vector, number: float) -> ir.Constant:
    """Return a vector with every lane equal to a number known now."""
    return ir.Constant(kind.llvm, [number] * kind.lanes)


def spread(builder: ir.IRBuilder, kind: Vector, scalar: ir.Value) -> ir.Value:
    """Emit a vector with every lane equal to `scalar`."""
    blank = ir.Constant(kind.llvm, ir.Undefined)
    whole = ir.IntType(32)
    first = builder.insert_element(blank, scalar, ir.Constant(whole, 0))
    return builder.shuffle_vector(
        first, blank, ir.Constant(ir.VectorType(whole, kind.lanes), [0] * kind.lanes)
    )


def element_pointer(
    context: Any, builder: ir.IRBuilder, kind: types.Array, array: ir.Value, index: ir.Value
) -> ir.Value:
    """Emit the address of element `index` of a contiguous array, as a pointer to a vector."""
    data = context.make_array(kind)(context, builder, array).data
    address = builder.gep(data, [index], inbounds=True)
    return builder.bitcast(address, Vector(kind.dtype).llvm.as_pointer())


def load_at(builder: ir.IRBuilder, kind: Vector, pointer: ir.Value) -> ir.Value:
    """Emit a load that needs no more alignment than that of a number."""
    value = builder.load(pointer)
    value.align = kind.element.bitwidth // 8
    return value


def store_at(builder: ir.IRBuilder, kind: Vector, value: ir.Value, pointer: ir.Value) -> None:
    """Emit a store that needs no more alignment than that of a number."""
    builder.store(value, pointer).align = kind.element.bitwidth // 8


def emit_fma(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
    """Emit ``a * b + c``."""
    return builder.fadd(builder.fmul(a, b, flags=CONTRACT), c, flags=CONTRACT)


def emit_fnma(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
    """Emit ``c - a * b``."""
    return builder.fsub(c, builder.fmul(a, b, flags=CONTRACT), flags=CONTRACT)


@intrinsic
def width(typing_context: Any, array: types.Array) -> Any:
    """Return how many elements of an array make one vector."""
    count = Vector(array.dtype).lanes

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return context.get_constant(types.intp, count)

    return types.intp(array), emit


@intrinsic
def load(typing_context: Any, array: types.Array, index: types.Integer) -> Any:
    """Return the lanes of a contiguous array from element `index` on."""
    kind = Vector(array.dtype)

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return load_at(builder, kind, element_pointer(context, builder, signature.args[0], *arguments))

    return kind(array, types.intp), emit


@intrinsic
def load_as_many(
    typing_context: Any, arrays: types.UniTuple, index: types.Integer, like: types.UniTuple
) -> Any:
    """Return vectors from element `index` on of each array in a tuple, as many as `like` has elements."""
    kind = Vector(arrays.dtype.dtype)

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        vectors = []
        for array in unpack(builder, arguments[0]):
            first = element_pointer(context, builder, arrays.dtype, array, arguments[1])
            places = [builder.gep(first, [ir.Constant(ir.IntType(32), i)]) for i in range(like.count)]
            vectors += [load_at(builder, kind, place) for place in places]
        return pack(builder, vectors)

    return UniTuple(kind, like.count * arrays.count)(arrays, types.intp, like), emit


@intrinsic
def store(typing_context: Any, array: types.Array, index: types.Integer, vector: Vector) -> Any:
    """Write the lanes to a contiguous array from element `index` on."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        pointer = element_pointer(context, builder, signature.args[0], *arguments[:2])
        store_at(builder, vector, arguments[2], pointer)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), emit


@intrinsic
def broadcast(typing_context: Any, number: types.Float) -> Any:
    """Return a vector with every lane equal to `number`."""
    kind = Vector(number)

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return spread(builder, kind, arguments[0])

    return kind(number), emit


@intrinsic
def zeros(typing_context: Any, array: types.Array) -> Any:
    """Return zeros of the precision of an array."""
    kind = Vector(array.dtype)

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return constant(kind, 0.0)

    return kind(array), emit


@intrinsic
def add(typing_context: Any, a: Vector, b: Vector) -> Any:
    """Return ``a + b``."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return builder.fadd(*arguments, flags=CONTRACT)

    return a(a, b), emit


@intrinsic
def sub(typing_context: Any, a: Vector, b: Vector) -> Any:
    """Return ``a - b``."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return builder.fsub(*arguments, flags=CONTRACT)

    return a(a, b), emit


@intrinsic
def mul(typing_context: Any, a: Vector, b: Vector) -> Any:
    """Return ``a * b``."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return builder.fmul(*arguments, flags=CONTRACT)

    return a(a, b), emit


@intrinsic
def fma(typing_context: Any, a: Vector, b: Vector, c: Vector) -> Any:
    """Return ``a * b + c``."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return emit_fma(builder, *arguments)

    return a(a, b, c), emit


@intrinsic
def fnma(typing_context: Any, a: Vector, b: Vector, c: Vector) -> Any:
    """Return ``c - a * b``."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return emit_fnma(builder, *arguments)

    return a(a, b, c), emit


@intrinsic
def nearest(typing_context: Any, vector: Vector) -> Any:
    """Return each lane rounded to the nearest whole number, if that is below 2**22 in size."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        # Adding 1.5 * 2**mantissa bits leaves no bits for a fraction; plain operations, never merged.
        shift = 1.5 * 2.0 ** (23 if vector.element.bitwidth == 32 else 52)
        large = constant(vector, shift)
        return builder.fsub(builder.fadd(arguments[0], large), large)

    return vector(vector), emit


@intrinsic
def total(typing_context: Any, vector: Vector) -> Any:
    """Return the sum of the lanes, added as a tree."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        kind = vector.llvm
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module,
            ir.FunctionType(kind.element, [kind.element, kind]),
            f"llvm.vector.reduce.fadd.v{vector.lanes}f{vector.element.bitwidth}",
        )
        return builder.call(function, [ir.Constant(kind.element, 0.0), arguments[0]], fastmath=("reassoc",))

    return vector.element(vector), emit
