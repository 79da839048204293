"""timeline up, timeline serve"""

from __future__ import annotations

import click
import uvicorn

from timeline import app
from timeline.cli.options import database_option, opened, settings
from timeline.cli.seed import told
from timeline.settings import Settings

host_option = click.option("--host", help="Address to listen on; 127.0.0.1 unless set.")
port_option = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 8000 unless set.")


@click.command()
@host_option
@port_option
@database_option
def up(host: str | None, port: int | None, database_url: str | None) -> None:
    """Everything at once: migrate, load the example record if nothing is recorded, and serve."""
    chosen = settings(database_url, host, port)
    app.migrate(chosen)
    with opened(chosen.database_url) as database:
        if app.is_empty(database):
            files = app.seed_files([])
            click.echo(told(app.load_seeds(database, files), len(files)))
    listen(chosen)


@click.command()
@host_option
@port_option
@database_option
def serve(host: str | None, port: int | None, database_url: str | None) -> None:
    """Serve the API and GraphiQL. Never changes the database's schema; see 'timeline migrate'."""
    chosen = settings(database_url, host, port)
    with opened(chosen.database_url):
        pass
    listen(chosen)


def listen(chosen: Settings) -> None:
    """Serve until interrupted."""
    base = f"http://{chosen.host}:{chosen.port}"
    click.echo(f"GraphiQL  {base}/graphiql\nGraphQL   {base}/graphql\nHealth    {base}/readyz")
    uvicorn.run(app.create_app(chosen), host=chosen.host, port=chosen.port, log_level="warning")
