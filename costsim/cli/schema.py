"""``costsim schema``: the forms of the JSON documents."""

from __future__ import annotations

import json

import click

from costsim.errors import unknown_name


@click.command("schema", short_help="The JSON Schema of what a verb prints.")
@click.argument("verb", nargs=-1, metavar="[VERB]")
def command(verb: tuple[str, ...]) -> None:
    """Print the JSON Schema (draft 2020-12) of what VERB prints with --format json; without VERB, all of them by verb.

    Every document begins with schema_version. New keys may come at any time; where the meaning of one changes, the
    version is raised.

    \b
    costsim schema analyze > analyze.schema.json
    costsim schema hw list
    """  # noqa: D301  click wants a real backspace
    from costsim.report.schemas import DOCUMENTS, json_schema

    asked = " ".join(verb)
    if asked and asked not in DOCUMENTS:
        raise unknown_name("verb with JSON output", asked, DOCUMENTS, where="schema")
    found = json_schema(asked) if asked else {name: json_schema(name) for name in DOCUMENTS}
    click.echo(json.dumps(found, indent=2))
