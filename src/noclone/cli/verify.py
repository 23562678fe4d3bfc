"""``noclone verify``: check a proof file in ball arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from noclone.cli.options import Json, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A proof file (.json or .npz).")],
    protocol: Annotated[
        str | None,
        typer.Option(metavar="SHA256", help="Accept only a proof about the declaration with this digest."),
    ] = None,
    json: Json = False,
) -> int:
    """Check a proof from its file alone, without trusting the solver that made it."""
    from noclone.proofs.verify import read_document, verify_document

    verdict = verify_document(read_document(file), protocol)
    if json:
        print_json(
            {
                "certified": verdict.accepted,
                "reasons": list(verdict.reasons),
                "protocol": verdict.title,
                "title": verdict.title,
                "protocol_sha256": verdict.protocol_sha256,
                "lower_bound": verdict.rate,
                "gap": verdict.gap,
                "rate": verdict.rate,
                "entropy_bits": verdict.proven_bits,
                "claimed_bits": verdict.claimed_bits,
                "claimed": [list(each) for each in verdict.claimed],
                "assumptions": list(verdict.assumptions),
                "seconds": verdict.seconds,
            }
        )
    else:
        print(verdict)
    return 0 if verdict.accepted else 1
