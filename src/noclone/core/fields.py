"""Fields that know their unit, their range and their meaning, and check themselves.

A description (a source, a channel, a protocol, …) is a frozen dataclass that inherits from
`Described` and declares each field with `number`, `numbers`, `choice` or `flag`. The declaration is
the single source for validation, the TOML template, the JSON schema and the documentation.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from noclone.core.errors import InvalidInput


@dataclass(frozen=True)
class Spec:
    """What a field may hold.

    Attributes
    ----------
    doc : str
        One phrase for the user.
    unit : str
        Unit in words or symbols; empty for pure numbers.
    low, high : float
        Allowed range, both ends included unless `low_open` / `high_open`.
    choices : tuple of str
        Allowed words, for a field that is a word.
    word : bool
        Any word instead of a number; whoever uses it knows which words there are.
    many : bool
        A sequence of numbers instead of one.
    whole : bool
        Whole numbers only.
    flag : bool
        True or false instead of a number.
    """

    doc: str
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    choices: tuple[str, ...] = ()
    word: bool = False
    many: bool = False
    whole: bool = False
    flag: bool = False

    def range_text(self) -> str:
        """Return the allowed range as the end of a sentence that begins "must be"."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.word:
            return "a word"
        if self.flag:
            return "true or false"
        unit = f" {self.unit}" if self.unit else ""
        low = "" if self.low == -math.inf else ("above " if self.low_open else "at least ") + f"{self.low:g}"
        high = (
            "" if self.high == math.inf else ("below " if self.high_open else "at most ") + f"{self.high:g}"
        )
        return (" and ".join(part for part in (low, high) if part) or "a finite number") + unit


def number(
    doc: str,
    default: Any = dataclasses.MISSING,
    *,
    unit: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    low_open: bool = False,
    high_open: bool = False,
    whole: bool = False,
) -> Any:
    """Declare a field that holds one number."""
    spec = Spec(doc, unit, low, high, low_open, high_open, whole=whole)
    return dataclasses.field(default=default, metadata={"spec": spec})


def numbers(
    doc: str,
    default: Any = dataclasses.MISSING,
    *,
    unit: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    low_open: bool = False,
    high_open: bool = False,
    whole: bool = False,
) -> Any:
    """Declare a field that holds a tuple of numbers."""
    spec = Spec(doc, unit, low, high, low_open, high_open, many=True, whole=whole)
    return dataclasses.field(default=default, metadata={"spec": spec})


def choice(doc: str, default: str, choices: tuple[str, ...]) -> Any:
    """Declare a field that holds one of some words."""
    return dataclasses.field(default=default, metadata={"spec": Spec(doc, choices=choices)})


def word(doc: str, default: str) -> Any:
    """Declare a field that holds the name of something that registers elsewhere."""
    return dataclasses.field(default=default, metadata={"spec": Spec(doc, word=True)})


def flag(doc: str, default: bool) -> Any:
    """Declare a field that is true or false."""
    return dataclasses.field(default=default, metadata={"spec": Spec(doc, flag=True)})


def _checked(name: str, value: Any, spec: Spec) -> Any:
    if spec.choices:
        if value not in spec.choices:
            raise InvalidInput(name, f"must be {spec.range_text()}, but is {value!r}")
        return value
    if spec.flag:
        if not isinstance(value, (bool, np.bool_)):
            raise InvalidInput(name, f"must be true or false, but is {value!r}")
        return bool(value)
    if spec.word:
        if not isinstance(value, str) or not value:
            raise InvalidInput(name, f"must be a word, but is {value!r}")
        return value
    if spec.many:
        if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__len__"):
            raise InvalidInput(name, f"must be a list of numbers, but is {value!r}")
        one = dataclasses.replace(spec, many=False)
        return tuple(_checked(f"{name}[{i}]", item, one) for i, item in enumerate(value))
    if isinstance(value, np.ndarray) and value.ndim > 0:
        raise InvalidInput(name, "must be one number, but is an array; arrays belong in setup.grid({...})")
    if isinstance(value, (bool, np.bool_, str, bytes)) or not isinstance(value, (int, float, np.number)):
        raise InvalidInput(name, f"must be a number {_condition(spec)}, but is {value!r}")
    result = float(value)
    if not _inside(result, spec):
        raise InvalidInput(name, f"must be {spec.range_text()}, but is {value:g}")
    if spec.whole:
        if result != math.floor(result):
            raise InvalidInput(name, f"must be a whole number, but is {value:g}")
        return int(result)
    return result


def _condition(spec: Spec) -> str:
    text = spec.range_text()
    return "" if text == "a finite number" else f"({text})"


def _inside(value: Any, spec: Spec) -> bool:
    low = value > spec.low if spec.low_open else value >= spec.low
    high = value < spec.high if spec.high_open else value <= spec.high
    if isinstance(value, float):  # NumPy takes twenty times as long for one number
        return math.isfinite(value) and bool(low and high)
    return bool(np.all(np.isfinite(value) & low & high))


class Described:
    """Base of frozen dataclasses whose fields are declared with a `Spec`.

    Examples
    --------
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Cable(Described):
    ...     '''A cable.'''
    ...     length_km: float = number("its length", unit="km", low=0)
    >>> Cable(length_km=2).length_km
    2.0
    >>> Cable(length_km=-1)
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: length_km must be at least 0 km, but is -1.
    """

    def __post_init__(self) -> None:
        """Check every declared field, then what `check` adds."""
        for name, spec in specs(type(self)).items():
            object.__setattr__(self, name, _checked(name, getattr(self, name), spec))
        self.check()

    def check(self) -> None:
        """Raise `InvalidInput` where fields contradict each other; nothing by default."""

    def with_arrays(self, changes: Mapping[str, Any]) -> Self:
        """Return a copy in which fields hold arrays, for a Grid; ranges are checked elementwise.

        Parameters
        ----------
        changes : mapping
            Field name, or ``name[i]`` for one element of a tuple field, to an array.

        Raises
        ------
        InvalidInput
            If a field is unknown or an element is out of range.
        """
        copy = object.__new__(type(self))
        known = specs(type(self))
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            object.__setattr__(copy, field.name, getattr(self, field.name))
        for name, value in changes.items():
            stem, index = split_index(name)
            if stem not in known:
                raise InvalidInput(name, unknown_text(stem, list(known)))
            spec = known[stem]
            array = np.asarray(value, dtype=float)
            if spec.choices or spec.word or spec.flag or spec.many != (index is not None):
                raise InvalidInput(name, "cannot be varied as one number")
            if not _inside(array, spec):
                bad = array[~(np.isfinite(array) & (array >= spec.low) & (array <= spec.high))]
                shown = f"{bad.flat[0]:g}" if bad.size else f"{array.flat[0]:g}"
                raise InvalidInput(name, f"must be {spec.range_text()}, but is {shown}")
            if index is not None:
                old = getattr(copy, stem)
                if not 0 <= index < len(old):
                    raise InvalidInput(name, f"has only elements 0 to {len(old) - 1}")
                object.__setattr__(copy, stem, (*old[:index], array, *old[index + 1 :]))
            else:
                object.__setattr__(copy, stem, array)
        return copy


def specs(kind: type) -> dict[str, Spec]:
    """Return the declared fields of a description class, in order."""
    return {f.name: f.metadata["spec"] for f in dataclasses.fields(kind) if "spec" in f.metadata}


def split_index(name: str) -> tuple[str, int | None]:
    """Split ``intensities[1]`` into its name and its index.

    Examples
    --------
    >>> split_index("intensities[1]"), split_index("length_km")
    (('intensities', 1), ('length_km', None))
    """
    match = re.fullmatch(r"(.*)\[(\d+)\]", name)
    return (match[1], int(match[2])) if match else (name, None)


def unknown_text(name: str, known: list[str]) -> str:
    """Return the sentence end for a name that does not exist, with the nearest that does."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"is not known{hint} (known: {', '.join(known)})" if known else f"is not known{hint}"


def from_mapping(kind: type[Any], values: Mapping[str, Any], prefix: str) -> Any:
    """Build a description from a mapping of plain values, naming faults with `prefix`.

    Raises
    ------
    InvalidInput
        If a field is unknown, missing, of the wrong type or out of range.
    """
    known = [f.name for f in dataclasses.fields(kind)]
    for name in values:
        if name not in known:
            raise InvalidInput(f"{prefix}.{name}", unknown_text(name, known))
    for field in dataclasses.fields(kind):
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and field.name not in values:
            spec: Spec = field.metadata["spec"]
            raise InvalidInput(f"{prefix}.{field.name}", f"is missing ({spec.doc}; {spec.range_text()})")
    try:
        return kind(**values)
    except InvalidInput as error:
        raise error.under(prefix) from None


def to_mapping(description: Any) -> dict[str, Any]:
    """Return a description's fields as plain values, tuples as lists."""
    result = {}
    for field in dataclasses.fields(description):
        value = getattr(description, field.name)
        result[field.name] = list(value) if isinstance(value, tuple) else value
    return result


def documented(kind: type) -> Iterator[tuple[str, Spec, Any]]:
    """Yield (name, spec, default or MISSING) for every declared field."""
    for field in dataclasses.fields(kind):
        if "spec" in field.metadata:
            yield field.name, field.metadata["spec"], field.default
