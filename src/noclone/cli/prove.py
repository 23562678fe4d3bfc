"""``noclone prove``: a certified key rate of a protocol or a setup, at a point or along a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noclone.cli.finite_key import LENGTHS, FiniteKey, finite_key, show_coherent
from noclone.cli.options import Json, Pulses, load_setup, output_folder, parse_sweep, parse_value
from noclone.cli.progress import progress_bar
from noclone.cli.proof_results import certified, list_subjects, proof_file, show_proof, show_sweep
from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.proofs.sweeps import Sweep

INTERNAL = (
    *("protocol", "seen", "channel", "block", "leak_bits", "title"),
    *("barrier", "start", "parameter", "values", "workers", "progress"),
)
"""Names of arguments that no text on the command line can be."""


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
        float | None,
        typer.Option(metavar="Q", help="Error rate in every basis (depolarising channel); of no setup."),
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
        str | None,
        typer.Option(
            metavar="NAME=A:B:N", help="Prove N values from A to B of a parameter, or of a setup's field."
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes of a sweep.")] = 1,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the proof file (.json or .npz).")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the table, the picture and the proofs, in the place of earlier ones."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what can be proven.")] = False,
    json: Json = False,
) -> int:
    """Prove a lower bound on a key rate; the proof file can be checked without the solver."""
    if listed:
        return list_subjects(json)
    if protocol is None:
        raise InvalidInput("protocol", "must be named; noclone prove --list shows all")
    parameters = _parameters(changes, qber, f_ec)
    finite = finite_key(pulses, length, test_share, eps)
    name, values = ("", ()) if sweep is None else parse_sweep(sweep)
    if name in INTERNAL:
        raise InvalidInput(f"--sweep {name}", "is no parameter")
    is_setup = _is_setup(protocol, {*parameters, *([name] if name else [])})
    if finite is not None:
        if is_setup:
            raise InvalidInput(
                "--pulses", "needs a protocol with its noise; for a setup: noclone rate --pulses"
            )
        if not finite.has_file:
            for option, value in (("--save", save), ("--out", out), ("--sweep", sweep)):
                if value is not None:
                    raise InvalidInput(option, "needs a proof file, which a block has with --length iid only")
            return show_coherent(finite, protocol, parameters, json)
        parameters["block"] = finite.block()
    if sweep is not None and save is not None:
        raise InvalidInput("--save", "writes one proof; give --out for those of a sweep")
    subject: Any = protocol
    if is_setup:
        subject = load_setup(protocol, changes)
        if qber is not None:
            raise InvalidInput(
                "--qber", f"cannot be given for the setup {protocol}, whose link says what is seen"
            )
        parameters = {} if f_ec is None else {"f_ec": f_ec}
    folder = None if out is None else output_folder(out)
    if save is not None:
        proof_file(save)
    if sweep is None:
        return _prove(protocol, subject, parameters, finite, save, folder, json)
    from noclone.proofs.sweeps import sweep as run

    with progress_bar(quiet=json) as progress:
        found = run(subject, name, values, workers=workers, progress=progress, **parameters)
    reasons = certified(*found.proofs)
    if folder is not None and not reasons:
        _write(found, folder, Path(protocol).stem)
    return show_sweep(protocol, found, finite, reasons, json)


def _is_setup(name: str, given: set[str]) -> bool:
    """Return whether a name stands for a setup: no protocol, or one of which no noise is given."""
    from noclone.proofs.library import families
    from noclone.proofs.subjects import provable

    if name in families():
        return False
    return name not in provable() or all("." in each for each in given if each != "f_ec")


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

    from noclone.proofs.proving import prove_case
    from noclone.proofs.subjects import case_of

    begun = process_time()
    proof = prove_case(case_of(subject, **parameters))
    seconds = process_time() - begun
    reasons = certified(proof)
    paths = (save, None if folder is None else folder / f"{Path(protocol).stem}.proof.json")
    saved = [path for path in paths if path is not None and not reasons]
    for path in saved:
        proof.save(path)
    return show_proof(protocol, proof, parameters, finite, reasons, seconds, saved, json)


def _write(found: Sweep, folder: Path, stem: str) -> None:
    """Write a sweep's files, and remove the proofs of an earlier one of the same name."""
    from noclone.core.files import write_bytes
    from noclone.report.proof_figure import proof_figure

    write_bytes(folder / f"{stem}.txt", f"{found}\n".encode())
    proof_figure(found, folder / f"{stem}.svg")
    for old in folder.glob(f"{stem}-[0-9][0-9][0-9].proof.json"):
        old.unlink()
    for number, proof in enumerate(found.proofs):
        proof.save(folder / f"{stem}-{number:03d}.proof.json")


def _parameters(changes: list[str] | None, qber: float | None, f_ec: float | None) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for change in changes or ():
        name, equals, text = change.partition("=")
        name = name.strip()
        if not equals or not name:
            raise InvalidInput("--set", f"must be NAME=VALUE, but is {change!r}")
        if name in INTERNAL:
            raise InvalidInput(f"--set {name}", "is no field of a protocol and no noise")
        value, sigma = parse_value(name, text.strip())
        if sigma is not None:
            raise InvalidInput(name, "cannot have an uncertainty in a proof")
        parameters[name] = tuple(value) if isinstance(value, list) else value
    for name, value in (("qber", qber), ("f_ec", f_ec)):
        if value is not None:
            if name in parameters:
                raise InvalidInput(name, "is given twice")
            parameters[name] = value
    return parameters
