"""timeline schema"""

from __future__ import annotations

import click

from timeline.importers.seed_schema import events_schema, seed_schema


def _graphql() -> str:
    # Here and not above: the schema takes a second to build, and the other verbs need none.
    from timeline.api.schema import print_schema

    return print_schema()


PRINTED = {"graphql": _graphql, "seed": seed_schema, "events": events_schema}


@click.command()
@click.argument("which", type=click.Choice(list(PRINTED)), default="graphql")
def schema(which: str) -> None:
    """Print a schema: of the API, of seed files or of stored events.

    \b
    graphql  the GraphQL schema of the API
    seed     JSON Schema of seed files
    events   JSON Schema of the bodies of stored events
    """
    click.echo(PRINTED[which](), nl=False)
