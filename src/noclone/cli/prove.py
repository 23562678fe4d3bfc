"""``noclone prove``: a certified key rate of a protocol, at a point or along a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noclone.cli.finite_key import LENGTHS, FiniteKey, finite_key, show_coherent
from noclone.cli.options import Json, Pulses, load_setup, output_folder, parse_sweep, parse_value, print_json
from noclone.cli.progress import progress_bar
from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.proofs.proof import Proof
    from noclone.proofs.sweeps import Sweep


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(prove)


def prove(
    protocol: Annotated[
        str | None,
        typer.Argument(
            metavar="PROTOCOL|SETUP",
            help="A protocol (--list shows all) with its noise; or a preset or TOML file, whose link it is "
            "proven on.",
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A field of the protocol or the setup, or a noise: rotation, amplitude_damping, dephasing, "
            "depolarising. Repeatable.",
        ),
    ] = None,
    qber: Annotated[
        float | None, typer.Option(metavar="Q", help="Error rate in every basis (depolarising channel).")
    ] = None,
    f_ec: Annotated[
        float | None,
        typer.Option("--f-ec", metavar="F", help="Leakage of error correction over the Shannon limit."),
    ] = None,
    pulses: Pulses = None,
    length: Annotated[
        str | None,
        typer.Option(help="Of the block's key: " + "; ".join(f"{k}: {v}" for k, v in LENGTHS.items()) + "."),
    ] = None,
    test_share: Annotated[
        float | None, typer.Option(metavar="T", help="Share of the block's rounds that is disclosed (0.05).")
    ] = None,
    eps: Annotated[
        float | None,
        typer.Option(metavar="E", help="Failure probability of secrecy, and of correctness (1e-10)."),
    ] = None,
    sweep: Annotated[
        str | None, typer.Option(metavar="NAME=A:B:N", help="Prove N values of a parameter from A to B.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes of a sweep.")] = 1,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the proof file.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the table, the picture and the proofs.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what can be proven.")] = False,
    json: Json = False,
) -> int:
    """Prove a lower bound on a key rate; the proof file can be checked without the solver."""
    if listed:
        return _list(json)
    if protocol is None:
        raise InvalidInput("protocol", "must be named; noclone prove --list shows all")
    parameters = _parameters(changes, qber, f_ec)
    finite = finite_key(pulses, length, test_share, eps)
    is_setup = sweep is None and _is_setup(protocol, parameters)
    if finite is not None:
        if is_setup:
            raise InvalidInput(
                "--pulses", "needs a protocol with its noise; for a setup: noclone rate --pulses"
            )
        if not finite.has_file:
            for name, value in (("--save", save), ("--out", out), ("--sweep", sweep)):
                if value is not None:
                    raise InvalidInput(name, "needs a proof file, which a block has with --length iid only")
            return show_coherent(finite, protocol, parameters, json)
        parameters["block"] = finite.block()
    folder = None if out is None else output_folder(out)
    if sweep is None:
        subject: Any = protocol
        if is_setup:
            subject, parameters = load_setup(protocol, changes), {"f_ec": f_ec}
        return _prove(protocol, subject, parameters, finite, save, folder, json)
    if save is not None:
        raise InvalidInput("--save", "writes one proof; give --out for those of a sweep")
    from noclone.proofs.sweeps import sweep as run

    name, values = parse_sweep(sweep)
    if name in parameters:
        raise InvalidInput(name, "cannot be both set and swept")
    with progress_bar(quiet=json) as progress:
        found = run(protocol, name, values, workers=workers, progress=progress, **parameters)
    if folder is not None:
        from noclone.core.files import write_bytes
        from noclone.report.proof_figure import proof_figure

        write_bytes(folder / f"{protocol}.txt", f"{found}\n".encode())
        proof_figure(found, folder / f"{protocol}.svg")
        for number, proof in enumerate(found.proofs):
            proof.save(folder / f"{protocol}-{number:03d}.proof.json")
    certified = _certified(*found.proofs)
    if json:
        block = finite.keys([finite.key_bits(proof) for proof in found.proofs]) if finite else {}
        print_json(_sweep_keys(protocol, found) | block | {"certified": certified})
    else:
        print(found.proofs[0].title)
        print(found)
        print(_certified_text(certified))
    return 0 if bool((found.rate > 0).any()) else 1


def _is_setup(name: str, parameters: dict[str, Any]) -> bool:
    """Return whether a name stands for a setup: no protocol, or one of which no noise is given."""
    from noclone.proofs.case import provable
    from noclone.proofs.library import families

    if name in families():
        return False
    return name not in provable() or all("." in key for key in parameters if key != "f_ec")


def _prove(
    protocol: str,
    subject: Any,
    parameters: dict[str, Any],
    finite: FiniteKey | None,
    save: Path | None,
    folder: Path | None,
    json: bool,
) -> int:
    from time import process_time

    from noclone.proofs.proving import prove as run

    begun = process_time()
    proof = run(subject, **parameters)
    seconds = process_time() - begun
    for path in (save, None if folder is None else folder / f"{Path(protocol).stem}.proof.json"):
        if path is not None:
            proof.save(path)
    certified = _certified(proof)
    if json:
        block = finite.keys(finite.key_bits(proof)) if finite else {}
        print_json(
            {"protocol": protocol, **_keys(proof), **block, "certified": certified, "seconds": seconds}
        )
    else:
        print(proof)
        if finite:
            print(finite.text(finite.key_bits(proof)))
        print(_certified_text(certified))
        if save is not None:
            print(f"proof file {save}; check it with: noclone verify {save}")
    return 0 if (finite.key_bits(proof) if finite else proof.rate) > 0 else 1


def _parameters(changes: list[str] | None, qber: float | None, f_ec: float | None) -> dict[str, Any]:
    parameters: dict[str, Any] = {"f_ec": f_ec}
    for change in changes or ():
        name, equals, text = change.partition("=")
        name = name.strip()
        if not equals or not name:
            raise InvalidInput("--set", f"must be NAME=VALUE, but is {change!r}")
        value, sigma = parse_value(name, text.strip())
        if sigma is not None:
            raise InvalidInput(name, "cannot have an uncertainty in a proof")
        parameters[name] = tuple(value) if isinstance(value, list) else value
    if qber is not None:
        if "qber" in parameters:
            raise InvalidInput("qber", "is given twice")
        parameters["qber"] = qber
    return parameters


def _certified(*proofs: Proof) -> bool:
    """Return whether all proofs hold in ball arithmetic; not where that is not installed."""
    return _can_certify() and all(bool(proof.verify()) for proof in proofs)


def _can_certify() -> bool:
    from importlib.util import find_spec

    return find_spec("flint") is not None


def _certified_text(certified: bool) -> str:
    if certified:
        return "certified in ball arithmetic"
    if _can_certify():
        return "REJECTED in ball arithmetic; noclone verify says why"
    return 'NOT certified in ball arithmetic, which needs: pip install "noclone[proofs]"'


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
        "seconds": float(found.seconds.sum()),
    }


def _list(json: bool) -> int:
    from inspect import signature

    from noclone.proofs.case import provable
    from noclone.proofs.library import families

    rows = [{"name": name, "about": kind.TITLE, "parameters": "qber"} for name, kind in provable().items()]
    taken = families()
    rows = [row for row in rows if row["name"] not in taken]
    for name, family in taken.items():
        about = (family.__doc__ or "").strip().partition("\n")[0].removeprefix("Return ")
        rows.append({"name": name, "about": about, "parameters": ", ".join(signature(family).parameters)})
    if json:
        print_json({"rows": rows})
    else:
        for row in rows:
            print(f"{row['name']:<22} {row['about']}")
    return 0
