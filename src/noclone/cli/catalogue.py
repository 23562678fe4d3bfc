"""``noclone list`` and ``noclone cite``: what there is, and the papers behind it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from noclone.cli.options import Json, print_json
from noclone.core.registry import pick


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="list")(list_things)
    app.command()(cite)


def _presets() -> list[dict[str, Any]]:
    from noclone.setup import load, preset_names

    rows = []
    for name in preset_names():
        setup = load(name)
        source = "" if setup.publication is None else setup.publication.reference
        rows.append(
            {
                "name": name,
                "protocol": setup.protocol.NAME,
                "bound": setup.protocol.own_bound,
                "source": source,
            }
        )
    return rows


def _protocols() -> list[dict[str, Any]]:
    from noclone.protocols import protocols

    return [
        {"name": name, "family": kind.FAMILY, "broken": "yes" if kind.BROKEN else "", "what": kind.TITLE}
        for name, kind in protocols().items()
    ]


def _attacks() -> list[dict[str, Any]]:
    from noclone import attacks

    kinds = (attacks.get(name) for name in attacks.names())
    return [
        {
            "name": kind.NAME,
            "acts on": kind.ACTS_ON,
            "breaks": kind.BREAKS or "nothing: a valid proof bounds it",
            "what": kind.DOES,
        }
        for kind in kinds
    ]


def _watchers() -> list[dict[str, Any]]:
    from noclone.watchers import watchers

    return [
        {"name": each.name, "family": each.family, "answers": " and ".join(each.kinds), "title": each.title}
        for each in watchers().values()
    ]


def _bounds() -> list[dict[str, Any]]:
    from noclone.rates import bounds

    rows = []
    for name in bounds.names():
        bound = bounds.get(name)
        rows.append(
            {
                "name": name,
                "regime": bound.SECURITY.regime,
                "attacks": bound.SECURITY.attacks,
                "intensities": " or ".join(str(count) for count in bound.INTENSITIES),
                "source": bound.SOURCE,
            }
        )
    return rows


def _methods() -> list[dict[str, Any]]:
    from noclone.core.registry import named_modules

    return [
        {"name": name, "what": _first_line(module)}
        for name, module in named_modules("noclone.distillation.reconciliation").items()
    ]


def _extractors() -> list[dict[str, Any]]:
    from noclone.core.registry import named_modules

    return [
        {"name": name, "property": module.PROPERTY, "source": module.SOURCE}
        for name, module in named_modules("noclone.hashing").items()
    ]


def _devices() -> list[dict[str, Any]]:
    from noclone.link import kinds

    places = {"channel": "channel", "alice": "station"}
    return [
        {"name": name, "place": place, "what": _first_line(kind)}
        for station, place in places.items()
        for name, kind in kinds(station).items()
    ]


def _detectors() -> list[dict[str, Any]]:
    from noclone.link.detector_presets import PRESETS

    return [{"name": name, "source": preset.source} for name, preset in PRESETS.items()]


def _models() -> list[dict[str, Any]]:
    from noclone.models.registry import models

    return [
        {"name": name, "family": kind.CARD.family, "what": kind.CARD.title} for name, kind in models().items()
    ]


def _tasks() -> list[dict[str, Any]]:
    from noclone.learn import all_tasks

    return [
        {"name": name, "kind": task.kind, "ceiling": "yes" if task.ceiling else "no", "title": task.title}
        for name, task in all_tasks().items()
    ]


_LISTS = {
    "devices": _devices,
    "detectors": _detectors,
    "presets": _presets,
    "protocols": _protocols,
    "attacks": _attacks,
    "watchers": _watchers,
    "bounds": _bounds,
    "reconciliation": _methods,
    "extractors": _extractors,
    "models": _models,
    "tasks": _tasks,
}


def list_things(
    what: Annotated[str, typer.Argument(metavar="WHAT", help=", ".join(_LISTS))], json: Json = False
) -> int:
    """List presets, protocols, attacks, devices, bounds, models and the like."""
    rows = pick("list", what, _LISTS)()
    if json:
        print_json({"rows": rows})
    else:
        print(table(rows))
    return 0


def cite(
    setup: Annotated[
        str | None, typer.Argument(metavar="[SETUP]", help="Only what this setup rests on.")
    ] = None,
    json: Json = False,
) -> int:
    """List the papers behind the results."""
    from noclone.protocols import protocols

    rows = [{"for": f"bound {row['name']}", "source": row["source"]} for row in _bounds()]
    rows += [{"for": f"protocol {name}", "source": kind.SOURCE} for name, kind in protocols().items()]
    rows += [{"for": f"extractor {row['name']}", "source": row["source"]} for row in _extractors()]
    if setup is None:
        rows += [{"for": f"preset {row['name']}", "source": row["source"]} for row in _presets()]
    else:
        from noclone.protocols.decoy_bb84 import DecoyBB84
        from noclone.setup import load

        loaded = load(setup)
        wanted = {f"bound {loaded.protocol.own_bound}"}
        if isinstance(loaded.protocol, DecoyBB84):
            wanted.add(f"extractor {loaded.protocol.amplification}")
        rows = [row for row in rows if row["for"] in wanted]
        rows.append({"for": f"protocol {loaded.protocol.NAME}", "source": loaded.protocol.SOURCE})
        if loaded.publication is not None:
            rows.append({"for": f"preset {loaded.name}", "source": loaded.publication.reference})
    if json:
        print_json({"rows": rows})
    else:
        print(table(rows))
    return 0


def _first_line(thing: Any) -> str:
    return (thing.__doc__ or "").strip().splitlines()[0].rstrip(".")


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as aligned columns; the last column is not padded."""
    if not rows:
        return "nothing"
    names = list(rows[0])
    cells = [names, *([str(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
