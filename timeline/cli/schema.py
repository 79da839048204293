"""timeline schema"""

from __future__ import annotations

import click

from timeline.importers.seed_schema import events_schema, seed_schema


@click.command()
@click.argument("which", type=click.Choice(["seed", "events"]))
def schema(which: str) -> None:
    """Print a contract: the JSON Schema of seed files or of stored events."""
    click.echo({"seed": seed_schema, "events": events_schema}[which](), nl=False)
