"""A certified key rate with everything that a third party needs to check it, and its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.proofs.claim import FORMAT, claim, digests
from noclone.proofs.files import read_document, write_document
from noclone.proofs.observations import Observation, Observations
from noclone.protocols.declaration import Declaration, Outcome, Reading, Signal
from noclone.rates.security import Security

Array = NDArray[Any]
Floats = NDArray[np.float64]


LOOSE_BITS = 1e-4
"""Gaps above it are worth a word."""


@dataclass(frozen=True, eq=False)
class Proof:
    """A lower bound on the key rate of a declared protocol, with its certificate; bits per signal sent.

    Attributes
    ----------
    title : str
        What it is a proof of.
    declared : Declaration
    seen : Observations
    point : ndarray, shape (n, n)
        The operator at which the objective was linearised.
    multipliers : ndarray, shape (m,)
        Of each constraint, in the order of `problem`.
    entropy_bits : float
        The certified lower bound on Eve's ignorance of the raw key symbol, per signal of the declaration.
    value_bits : float
        The objective at the solver's feasible point; the true minimum lies between the two.
    leak_bits : float
        What error correction tells Eve.
    share : float
        The share of all signals that the declaration describes (one for single photons; with decoy states,
        the probability that a pulse of the keyed intensity is sent and holds one photon).
    adjustments : tuple of (str, float)
        What is added (vacuum pulses) or subtracted (cutoff, finite size) besides, by name.
    security : Security
    decoys : mapping, optional
        What decoy states prove of single photons, with the multipliers that prove it.
    """

    title: str
    declared: Declaration
    seen: Observations
    point: Array
    multipliers: Floats
    entropy_bits: float
    value_bits: float
    leak_bits: float
    security: Security
    share: float = 1.0
    adjustments: tuple[tuple[str, float], ...] = field(default=())
    decoys: Mapping[str, Any] | None = None

    @property
    def rate(self) -> float:
        """Secret bits per signal sent; negative where no key can be made."""
        return self.share * self.entropy_bits + sum(bits for _, bits in self.adjustments) - self.leak_bits

    @property
    def gap(self) -> float:
        """How far the bound may at most lie below the true minimum, in bits per signal."""
        return self.share * (self.value_bits - self.entropy_bits)

    @property
    def gradient(self) -> dict[str, float]:
        """How the certified entropy grows with each observed value, in bits: the multipliers."""
        names = [item.name for item in self.seen.items]
        slopes = self.multipliers[len(self.multipliers) - len(names) :] / np.log(2)
        return dict(zip(names, slopes.tolist(), strict=True))

    def __str__(self) -> str:
        """Return the rate, where it comes from and what it is worth."""
        no_key = "" if self.rate > 0 else ": NO KEY is proven"
        lines = [
            f"{self.title}: {self.rate:.9f} secret bits per signal{no_key}",
            f"  Eve's ignorance   ≥ {self.entropy_bits:.9f} (at most {self.gap:.1e} below the true minimum)",
        ]
        if self.gap > LOOSE_BITS:
            lines.append(
                f"  LOOSE               the true rate may be up to {self.gap:.2g} bits higher: no better "
                "certificate was found"
            )
        if self.share != 1:
            lines.append(f"  share of signals    {self.share:.9f}")
        lines += [f"  {name:<19} {bits:+.9f}" for name, bits in self.adjustments]
        lines.append(f"  error correction    {-self.leak_bits:+.9f}")
        lines.append(f"  security            {self.security.attacks} attacks, {self.security.regime}")
        lines += [f"  assumes             {text}" for text in self.security.assumptions]
        return "\n".join(lines)

    def verify(self) -> Any:
        """Check the bound in ball arithmetic, from the declaration and the observations alone.

        Returns
        -------
        Verdict
            See `noclone.proofs.verify`.
        """
        from noclone.proofs.verify import verify_document

        return verify_document(document(self))

    def save(self, path: str | Path) -> None:
        """Write the proof file: JSON, or an archive if the name ends in ``.npz``; whole or not at all."""
        write_document(document(self), path)


def protocol_document(declared: Declaration) -> dict[str, Any]:
    """Return a declaration as what JSON can hold; numbers are exact."""
    signals = []
    for name, signal in declared.signals.items():
        entry: dict[str, Any] = {"name": name, "symbol": int(signal.bit), "announced": signal.announced}
        if isinstance(signal, Signal):
            entry |= {"prob": float(signal.prob), "state": _numbers(signal.state)}
            entry |= {"prepared": int(signal.prepared)}
        else:
            entry |= {"element": _numbers(signal.element)}
        signals.append(entry)
    return {
        "signals": signals,
        "outcomes": [
            {"name": name, "announced": outcome.announced, "element": _numbers(outcome.element)}
            for name, outcome in declared.outcomes.items()
        ],
        "moments": [
            {"name": name, "operator": _numbers(operator)} for name, operator in declared.moments.items()
        ],
        "key": [[said, seen, int(bit)] for (said, seen), bit in declared.bits.items()],
        "reconciliation": declared.reconciliation,
    }


def document(proof: Proof) -> dict[str, Any]:
    """Return a proof as what JSON can hold, with the digests of the protocol and of everything."""
    security = proof.security
    content = {
        "format": FORMAT,
        "title": proof.title,
        "protocol": protocol_document(proof.declared),
        "observations": {
            "radius": float(proof.seen.radius),
            "items": [
                {
                    "name": item.name,
                    "weights": [[sent, seen, float(weight)] for (sent, seen), weight in item.weights.items()],
                    "low": float(item.low),
                    "high": float(item.high),
                }
                for item in proof.seen.items
            ],
        },
        "point": _numbers(proof.point),
        "multipliers": [float(y) for y in proof.multipliers],
        "entropy_bits": float(proof.entropy_bits),
        "value_bits": float(proof.value_bits),
        "share": float(proof.share),
        "adjustments": [[name, float(bits)] for name, bits in proof.adjustments],
        "leak_bits": float(proof.leak_bits),
        **({} if proof.decoys is None else {"decoys": proof.decoys}),
        "security": {
            "attacks": security.attacks,
            "regime": security.regime,
            "assumptions": list(security.assumptions),
            "source": security.source,
            "eps_sec": security.eps_sec,
            "eps_cor": security.eps_cor,
        },
    }
    content["protocol_sha256"] = digests(content)["protocol_sha256"]
    return {**content, "sha256": digests(content)["sha256"]}


def load_proof(path: str | Path) -> Proof:
    """Return the proof in a file, without checking its bound.

    Raises
    ------
    InvalidInput
        If the file cannot be read or is no proof.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from noclone.proofs import prove
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "six-state.npz"
    >>> prove("six-state", qber=0.05).save(path)
    >>> load_proof(path).title
    'Six-state protocol, one photon in each pulse'
    """
    content = read_document(path)
    claim(content)
    return from_document(content)


def from_document(content: Mapping[str, Any]) -> Proof:
    """Return the proof whose `document` this is; types are not checked (`claim` does that)."""
    protocol = content["protocol"]
    signals: dict[str, Signal | Reading] = {
        entry["name"]: (
            Signal(
                entry["prob"], _array(entry["state"]), entry["symbol"], entry["announced"], entry["prepared"]
            )
            if "state" in entry
            else Reading(_array(entry["element"]), entry["symbol"], entry["announced"])
        )
        for entry in protocol["signals"]
    }
    declared = Declaration(
        signals,
        {e["name"]: Outcome(_array(e["element"]), e["announced"]) for e in protocol["outcomes"]},
        {(said, seen): bit for said, seen, bit in protocol["key"]},
        {e["name"]: _array(e["operator"]) for e in protocol["moments"]},
        protocol["reconciliation"],
    )
    items = tuple(
        Observation(
            item["name"], {(sent, seen): w for sent, seen, w in item["weights"]}, item["low"], item["high"]
        )
        for item in content["observations"]["items"]
    )
    security = content["security"]
    return Proof(
        content["title"],
        declared,
        Observations(items, content["observations"]["radius"]),
        _array(content["point"]),
        np.array(content["multipliers"]),
        content["entropy_bits"],
        content["value_bits"],
        content["leak_bits"],
        Security(**{**security, "assumptions": tuple(security["assumptions"])}),
        content["share"],
        tuple((name, bits) for name, bits in content["adjustments"]),
        content.get("decoys"),
    )


def _numbers(array: Array) -> dict[str, Any]:
    """Return an array's real and imaginary parts as nested lists; the second only where it is not 0."""
    complete = np.asarray(array, complex)
    parts: dict[str, Any] = {"re": complete.real.tolist()}
    if np.any(complete.imag):
        parts["im"] = complete.imag.tolist()
    return parts


def _array(parts: dict[str, Any]) -> Array:
    found = np.array(parts["re"], complex)
    if "im" in parts:
        found = found + 1j * np.array(parts["im"])
    return found
