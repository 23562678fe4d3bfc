"""The command line: each command in a file of its own, one way to fail.

Exit codes: 0 done; 1 the answer is no (aborted, no key, disagreement), printed as a result; 2 bad
input, one sentence on standard error.
"""

from __future__ import annotations

import sys

import typer

from noclone.core.errors import InvalidInput

BAD_INPUT = 2
INTERRUPTED = 130


def build() -> typer.Typer:
    """Return the application with all its commands."""
    from noclone.cli import (
        advise,
        agree,
        bench,
        catalogue,
        experiments,
        init,
        leaderboard,
        pages,
        party,
        prove,
        rate,
        run,
        stages,
        tags,
        task,
        telemetry,
        tune,
        verify,
        watch,
    )

    app = typer.Typer(
        name="noclone",
        help="Quantum key distribution: rates, simulation, distillation, two real parties.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    commands = (
        *(run, rate, prove, verify, stages, watch, telemetry, tags, party, tune, advise),
        *(agree, experiments, task, leaderboard, catalogue, pages, init, bench),
    )
    for module in commands:
        module.register(app)
    return app


def main() -> None:
    """Run the command line and leave with its exit code."""
    command = typer.main.get_command(build())
    try:
        code = command.main(standalone_mode=False)
    except InvalidInput as error:
        _fail(str(error))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(BAD_INPUT)
    except Exception as error:
        # Usage errors of the command-line parser carry their own sentence; anything else is a bug.
        sentence = getattr(error, "format_message", None)
        if sentence is None:
            raise
        _fail(sentence() or "no command given")
    if code == INTERRUPTED:  # the parser has turned the interrupt into its code
        print("interrupted", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(sentence: str) -> None:
    print(f"error: {' '.join(sentence.split())}", file=sys.stderr)
    sys.exit(BAD_INPUT)
