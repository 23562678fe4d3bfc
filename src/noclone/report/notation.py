"""How reports write numbers: thousands separated, few digits, the true minus sign."""

from __future__ import annotations

import math

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def whole(value: float) -> str:
    """Return a count with thousands separated.

    Examples
    --------
    >>> whole(3551136.2), whole(-12)
    ('3,551,136', '−12')
    """
    return f"{value:,.0f}".replace("-", "−")


def significant(value: float, digits: int = 3) -> str:
    """Return a number with this many significant digits, as a power of ten where it is very small or large.

    Examples
    --------
    >>> significant(0.0110042), significant(123456.7), significant(2e-10), significant(1.16, 4)
    ('0.011', '123,457', '2 × 10⁻¹⁰', '1.16')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 1e-3 <= abs(value) < 1e15:
        rounded = float(f"{value:.{digits}g}")  # 9.5 has one digit more when it is rounded to one
        shown = f"{value:,.0f}" if abs(rounded) >= 10**digits else f"{value:.{digits}g}"
        return shown.replace("-", "−")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    number = f"{float(mantissa):g}"
    ten = power_of_ten(int(exponent))
    return (ten if number == "1" else f"{number} × {ten}").replace("-", "−")


def plain(value: object) -> str:
    """Return any value: counts as `whole` does, other numbers with four digits, all else as it prints.

    Examples
    --------
    >>> plain(209675), plain(0.25206), plain("basis X")
    ('209,675', '0.2521', 'basis X')
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return whole(value) if float(value).is_integer() else significant(value, 4)


def power_of_ten(exponent: int) -> str:
    """Return 10 with a superscript.

    Examples
    --------
    >>> power_of_ten(-9)
    '10⁻⁹'
    """
    return "10" + str(exponent).translate(_SUPERSCRIPTS)


def percent(value: float, digits: int = 4) -> str:
    """Return a share in per cent, with this many significant digits.

    Examples
    --------
    >>> percent(0.0110042), percent(0.5, 2)
    ('1.100 %', '50 %')
    """
    share = 100 * value
    if share == 0 or not math.isfinite(share):
        return f"{share:g} %"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(float(f"{share:.{digits - 1}e}")))))
    return f"{share:.{decimals}f} %".replace("-", "−")


def difference(value: float) -> str:
    """Return a relative difference in per cent with its sign: two digits, three decimals at most.

    Examples
    --------
    >>> difference(0.0312), difference(-0.000304), difference(0.0)
    ('+3.1 %', '−0.030 %', '0 %')
    """
    share = 100 * value
    if abs(share) < 5e-4:
        return "0 %"
    decimals = min(3, max(0, 1 - math.floor(math.log10(abs(share)))))
    return f"{share:+,.{decimals}f} %".replace("-", "−")


def sigmas(value: float) -> str:
    """Return a deviation in standard deviations with its sign.

    Examples
    --------
    >>> sigmas(0.64), sigmas(-120.3)
    ('+0.6 σ', '−120 σ')
    """
    return f"{value:+,.{1 if abs(value) < 100 else 0}f} σ".replace("-", "−")


def with_prefix(value: float, unit: str) -> str:
    """Return a quantity with an SI prefix.

    Examples
    --------
    >>> with_prefix(1e8, "Hz"), with_prefix(1033.2, "bit/s"), with_prefix(2e-8, "s")
    ('100 MHz', '1.03 kbit/s', '20 ns')
    """
    if value == 0 or not 1e-12 <= abs(value) < 1e15:
        return f"{significant(value)} {unit}"
    step = math.floor(math.log10(abs(value)) / 3 + 1e-12)
    return f"{significant(value / 1000.0**step)} {'pnµm kMGT'[step + 4].strip()}{unit}"
