"""What ``noclone prove`` prints: proofs, sweeps, and the list of what can be proven."""

from __future__ import annotations

from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noclone.cli.options import print_json
from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.cli.finite_key import FiniteKey
    from noclone.proofs.proof import Proof
    from noclone.proofs.sweeps import Sweep

NOISES = "rotation, amplitude_damping, dephasing, depolarising"
DECLARED = ("overlap", "basis_prob", "basis_probs", "key_prob", "keyed_bases")
"""Fields of protocols that their declarations rest on, many with a default that decides the rate."""


def proof_file(path: Path) -> None:
    """Make sure that a proof can be written, before the work begins."""
    import os
    import tempfile

    if path.suffix.lower() not in (".json", ".npz"):
        raise InvalidInput(f"--save {path}", "must end in .json or .npz")
    try:
        if path.is_dir():
            raise InvalidInput(f"--save {path}", "is a folder")
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise InvalidInput(
            f"--save {path}", f"cannot be written ({os.strerror(error.errno or 0)})"
        ) from error


def certified(*proofs: Proof) -> list[str]:
    """Return why proofs do not hold in ball arithmetic; nothing where that is not installed."""
    if not _can_certify():
        return []
    verdicts = [proof.verify() for proof in proofs]
    return [f"{verdict.title}: {'; '.join(verdict.reasons)}" for verdict in verdicts if not verdict.accepted]


def show_proof(
    protocol: str,
    proof: Proof,
    parameters: dict[str, Any],
    finite: FiniteKey | None,
    reasons: list[str],
    seconds: float,
    saved: list[Path],
    json: bool,
) -> int:
    """Print a proof; return 0 if there is key, and nothing against it."""
    if json:
        print_json(
            {
                "protocol": protocol,
                **_keys(proof),
                **(finite.keys(finite.key_bits(proof)) if finite else {}),
                **_decision(reasons),
                "seconds": seconds,
            }
        )
    else:
        print(proof)
        if stated := _stated(protocol, parameters):
            print(f"  declared with       {stated}")
        if finite:
            print(finite.text(finite.key_bits(proof)))
        print(_decision_text(reasons))
        for path in saved:
            print(f"proof file {path}; check it with: noclone verify {path}")
    return int(bool(reasons) or (finite.key_bits(proof) if finite else proof.rate) <= 0)


def show_sweep(protocol: str, found: Sweep, finite: FiniteKey | None, reasons: list[str], json: bool) -> int:
    """Print a sweep; return 0 if there is key anywhere, and nothing against it."""
    some = bool((found.rate > 0).any())
    if json:
        block = finite.keys([finite.key_bits(proof) for proof in found.proofs]) if finite else {}
        print_json(_sweep_keys(protocol, found) | block | _decision(reasons))
    else:
        print(found.title)
        print(found)
        if loose := found.loose:
            print(f"LOOSE at {len(loose)} of {len(found.values)} values: see the gap")
        if not some:
            print("NO KEY is proven at any of the values")
        print(_decision_text(reasons))
    return int(bool(reasons) or not some)


def list_subjects(json: bool) -> int:
    """Print what can be proven, and what it takes."""
    from noclone.core.fields import specs
    from noclone.proofs.library import families
    from noclone.proofs.subjects import provable

    rows = []
    taken = families()
    for name, kind in provable().items():
        if name not in taken:
            fields = [each for each in DECLARED if each in specs(kind)]
            rows.append({"name": name, "about": kind.TITLE, "parameters": ", ".join(["qber", *fields])})
    for name, family in taken.items():
        about = (family.__doc__ or "").strip().partition("\n")[0].partition(": `")[0].rstrip(".")
        about = about.removeprefix("Return ").removeprefix("the case of ").replace("`", "")
        known = signature(family).parameters.values()
        texts = (each.name if each.default is Parameter.empty else f"[{each.name}]" for each in known)
        rows.append({"name": name, "about": about[:1].upper() + about[1:], "parameters": ", ".join(texts)})
    if json:
        print_json({"rows": rows})
        return 0
    for row in rows:
        print(f"{row['name']:<22} {row['about']}\n{'':<22}   {row['parameters']}")
    print(f"In the place of qber: {NOISES}. In brackets: what has a default.")
    print("Besides: presets (noclone list) and TOML files of decoy-state BB84 and phase-shift keying.")
    return 0


def _can_certify() -> bool:
    from importlib.util import find_spec

    return find_spec("flint") is not None


def _decision(reasons: list[str]) -> dict[str, Any]:
    rejected = {"rejected": reasons} if reasons else {}
    return {"certified": _can_certify() and not reasons, **rejected}


def _decision_text(reasons: list[str]) -> str:
    if reasons:
        return "\n".join(
            ["REJECTED in ball arithmetic; nothing is saved", *(f"  because {x}" for x in reasons)]
        )
    if _can_certify():
        return "certified in ball arithmetic"
    return 'NOT certified in ball arithmetic, which needs: pip install "noclone[proofs]"'


def _stated(protocol: str, parameters: dict[str, Any]) -> str:
    """Return the numbers that a named declaration rests on, the defaults among them."""
    from noclone.core.fields import specs, to_mapping
    from noclone.proofs.library import families
    from noclone.proofs.subjects import provable

    if family := families().get(protocol):
        known = signature(family).parameters
        values = {name: parameters.get(name, known[name].default) for name in DECLARED if name in known}
    elif (kind := provable().get(protocol)) and not all("." in name for name in parameters if name != "f_ec"):
        own = to_mapping(kind.typical(0.0)[1])
        values = {name: parameters.get(name, own[name]) for name in DECLARED if name in specs(kind)}
    else:
        return ""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _keys(proof: Proof) -> dict[str, Any]:
    """Return the JSON keys of a proof; their names are stable."""
    return {
        "lower_bound": proof.rate,
        "gap": proof.gap,
        "rate": proof.rate,
        "entropy_bits": proof.entropy_bits,
        "leak_bits": proof.leak_bits,
        "share": proof.share,
        "adjustments": dict(proof.adjustments),
        "security": {
            "attacks": proof.security.attacks,
            "regime": proof.security.regime,
            "assumptions": list(proof.security.assumptions),
        },
    }


def _sweep_keys(protocol: str, found: Sweep) -> dict[str, Any]:
    return {
        "protocol": protocol,
        "parameter": found.parameter,
        "values": found.values.tolist(),
        "lower_bound": found.rate.tolist(),
        "gap": found.gap.tolist(),
        "rate": found.rate.tolist(),
        "entropy_bits": [proof.entropy_bits for proof in found.proofs],
        "leak_bits": found.leak.tolist(),
        "failed": [{"value": value, "reason": sentence} for value, sentence in found.failed],
        "seconds": float(found.seconds.sum()),
    }
