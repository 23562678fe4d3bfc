"""Angles of OpenQASM statements, read by recursive descent in time linear in their length."""

from __future__ import annotations

import math
import re

from noclone.core.errors import InvalidInput
from noclone.quantum.angle import Angle, Term, w, x

_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TOKEN = re.compile(rf"{_NUMBER.pattern}|\w+|\S")
_SYMBOL = re.compile(r"([xw])_([0-9]{1,6})")
_DEPTH = 50
"""Brackets within brackets."""
_PRODUCTS = 100_000
"""Terms that the products of one angle may make; short sums in brackets could ask for any number."""


def parse_angle(text: str) -> Angle:
    """Return the angle that an expression stands for: numbers, pi and inputs by ``+``, ``-``, ``*``, ``/``.

    Raises
    ------
    InvalidInput
        If it is something else, divides by an input or by 0, or nests or multiplies too much.

    Examples
    --------
    >>> print(parse_angle("-(pi/2 + 3)*x_0 - w_1"))
    -4.57079632679*x[0] - w[1]
    """
    return _Expression(text).whole()


class _Expression:
    """The tokens of an expression and how far they are read."""

    def __init__(self, text: str) -> None:
        self.text = text if len(text) <= 60 else f"{text[:57]}..."
        self.tokens: list[str] = [*_TOKEN.findall(text), ""]
        self.place = self.depth = self.products = 0

    def whole(self) -> Angle:
        found = self.sum()
        if self.tokens[self.place]:
            raise self.unreadable()
        return found

    def sum(self) -> Angle:
        terms: list[Term] = [*self.product().terms]
        while sign := self.taken("+", "-"):
            part = self.product()
            terms += (part if sign == "+" else -part).terms
        return Angle(tuple(terms)) + 0.0  # which collects like terms, once

    def product(self) -> Angle:
        found = self.factor()
        while sign := self.taken("*", "/"):
            other = self.factor()
            if sign == "/":
                divisor = other.value() if not (other.of_data or other.trainable) else 0.0
                if not divisor:
                    raise self.refused("must be divided by numbers other than 0 alone")
                other = Angle.of(1 / float(divisor))
            self.products += len(found.terms) * len(other.terms)
            if self.products > _PRODUCTS:
                raise self.refused("must have fewer terms")
            found = found * other
        return found

    def factor(self) -> Angle:
        negative = False
        while self.taken("-"):
            negative = not negative
        found = self.atom()
        return -found if negative else found

    def atom(self) -> Angle:
        if self.taken("("):
            self.depth += 1
            if self.depth > _DEPTH:
                raise self.refused(f"must nest at most {_DEPTH} brackets")
            found = self.sum()
            self.depth -= 1
            if not self.taken(")"):
                raise self.unreadable()
            return found
        token = self.tokens[self.place]
        self.place += bool(token)
        if _NUMBER.fullmatch(token):
            return Angle.of(float(token))
        if token in ("pi", "π"):
            return Angle.of(math.pi)
        if symbol := _SYMBOL.fullmatch(token):
            return (x if symbol[1] == "x" else w)[int(symbol[2])]
        raise self.unreadable()

    def taken(self, *tokens: str) -> str:
        """Return the next token and go past it, if it is one of these; an empty text otherwise."""
        token = self.tokens[self.place]
        if token not in tokens:
            return ""
        self.place += 1
        return token

    def unreadable(self) -> InvalidInput:
        return self.refused("must be made of numbers, pi and inputs")

    def refused(self, problem: str) -> InvalidInput:
        return InvalidInput(f"OpenQASM angle {self.text!r}", problem)
