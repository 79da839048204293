"""timeline schema"""

from __future__ import annotations

import click

from timeline.api.schema import print_schema
from timeline.importers.seed_schema import events_schema, seed_schema


@click.command()
@click.argument("which", type=click.Choice(["graphql", "seed", "events"]), default="graphql")
def schema(which: str) -> None:
    """Print a contract: the GraphQL schema, or the JSON Schema of seed files or of stored events."""
    printed = {"graphql": print_schema, "seed": seed_schema, "events": events_schema}[which]()
    click.echo(printed.rstrip())
