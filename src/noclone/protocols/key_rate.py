"""The answer to "how much key": numbers, where they come from and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.rates.security import Security

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class KeyRate:
    """A key rate with every term that went into it.

    Attributes
    ----------
    protocol, bound : str
        What was asked.
    rate_per_pulse : ndarray, shape (...)
        Secret bits per pulse sent, never below 0; the shape is that of the grid.
    clock_rate_hz : ndarray, shape (...)
        Rounds per second.
    key_bits : ndarray, shape (...) or None
        Length of the key of the block; None in the asymptotic regime.
    pulses : ndarray, shape (...) or None
        Pulses of the block.
    qber : ndarray, shape (...)
        Error rate of the keyed events.
    sifted_bits : ndarray, shape (...)
        Keyed events, per block or per pulse.
    terms : mapping
        Signed contributions to the key, in bits per block or per pulse; they sum to the key.
    bounds : mapping
        Estimated quantities per keyed basis (``phase_error_z``, …).
    security : Security
        What the number holds against.
    plob : ndarray, shape (...)
        Capacity of the whole lossy way without repeaters, bits per pulse.
    capacity : ndarray, shape (...)
        What this protocol's rate cannot exceed: `plob`, or the capacity with one repeater for a protocol
        with a relay.
    broken : str
        The attack that breaks the protocol, whose numbers then claim nothing; empty for any other.
    band : tuple of two ndarray or None
        5 % and 95 % points of `rate_per_pulse` under the setup's uncertainties.
    axes : mapping
        Dotted names and values of the grid's axes; empty for one setup.
    """

    protocol: str
    bound: str
    rate_per_pulse: Floats
    clock_rate_hz: Floats
    key_bits: Floats | None
    pulses: Floats | None
    qber: Floats
    sifted_bits: Floats
    terms: Mapping[str, Floats]
    bounds: Mapping[str, Floats]
    security: Security
    plob: Floats
    capacity: Floats
    broken: str = ""
    band: tuple[Floats, Floats] | None = None
    axes: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def rate_bps(self) -> Floats:
        """Secret bits per second, shape (...)."""
        return self.rate_per_pulse * self.clock_rate_hz

    @property
    def claim(self) -> str:
        """Against which attacks the rate holds, and in which regime, in a few words."""
        if self.security.attacks == "none":
            return "none"
        return f"{self.security.attacks} attacks, {self.security.regime}"

    def explain(self) -> str:
        """Return every term with its value and its source, as an aligned table.

        Examples
        --------
        >>> import noclone as nc
        >>> "single photons" in nc.rate(nc.load("gys-2004")).explain()
        True
        """
        unit = "bits per pulse" if self.key_bits is None else "bits"
        rows = [(name, _show(value), unit) for name, value in self.terms.items()]
        rows += [(name.replace("_", " "), _show(value), "") for name, value in self.bounds.items()]
        lines = [*self._warning(), _table(rows), "", f"security  {self.claim}"]
        lines += [f"          {self.security.source}"]
        lines += [f"assumes   {text}" for text in self.security.assumptions]
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return the headline numbers as an aligned table."""
        rows = [
            ("protocol", self.protocol, ""),
            ("bound", self.bound, ""),
            ("key rate", _show(self.rate_per_pulse), "bits per pulse"),
        ]
        if self.band is not None:
            rows.append(
                ("  5 % to 95 %", f"{_show(self.band[0])} to {_show(self.band[1])}", "bits per pulse")
            )
        rows.append(("", _show(self.rate_bps), "bits per second"))
        if self.key_bits is not None and self.pulses is not None:
            rows.append(("key", _show(np.floor(self.key_bits)), f"bits from {_show(self.pulses)} pulses"))
        rows += [
            ("QBER", "" if np.isnan(self.qber).all() else _show(self.qber), ""),
            ("PLOB capacity", _show(self.plob), "bits per pulse"),
            ("security", self.claim, ""),
        ]
        return "\n".join([*self._warning(), _table(rows)])

    def _warning(self) -> list[str]:
        return [f"NOT SECURE: {self.protocol} is broken: {self.broken}", ""] if self.broken else []

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; numbers become lists on a grid."""

        def plain(value: Any) -> Any:
            return None if value is None else np.asarray(value).tolist()

        security = {
            "attacks": self.security.attacks,
            "regime": self.security.regime,
            "eps": {"secrecy": self.security.eps_sec, "correctness": self.security.eps_cor},
            "assumptions": list(self.security.assumptions),
            "source": self.security.source,
        }
        result = {
            "protocol": self.protocol,
            "bound": self.bound,
            "rate_per_pulse": plain(self.rate_per_pulse),
            "rate_bps": plain(self.rate_bps),
            "key_bits": plain(self.key_bits),
            "pulses": plain(self.pulses),
            "qber": plain(self.qber),
            "sifted_bits": plain(self.sifted_bits),
            "plob": plain(self.plob),
            "capacity": plain(self.capacity),
            "broken": bool(self.broken),
            "security": security,
            "terms": {name: plain(value) for name, value in {**self.terms, **self.bounds}.items()},
        }
        if self.band is not None:
            result["rate_per_pulse_band"] = [plain(self.band[0]), plain(self.band[1])]
        if self.axes:
            result["axes"] = {name: plain(value) for name, value in self.axes.items()}
        return result


def _show(value: Any) -> str:
    array = np.asarray(value)
    if array.ndim:
        return f"{array.min():.4g} … {array.max():.4g} {array.shape}"
    return f"{float(array):,.0f}" if abs(array) >= 1e4 and abs(array) < 1e15 else f"{float(array):.4g}"


def _table(rows: list[tuple[str, str, str]]) -> str:
    left = max(len(row[0]) for row in rows)
    right = max(len(row[1]) for row in rows)
    return "\n".join(f"{name:<{left}}  {value:>{right}}  {unit}".rstrip() for name, value, unit in rows)
