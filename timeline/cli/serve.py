"""timeline up, timeline serve"""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from math import ceil

import click

from timeline.backup.restoring import check_finished
from timeline.cli.options import database_option, opened, settings
from timeline.cli.seed import load_seeds, seed_files, told
from timeline.database import open_database, upgrade
from timeline.errors import Refused
from timeline.log.checkpoint import check_signed
from timeline.log.read import head
from timeline.read.projector import bring_up
from timeline.settings import Settings

host_option = click.option("--host", help="Address to listen on; 127.0.0.1 unless set.")
port_option = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 8000 unless set.")


@click.command()
@host_option
@port_option
@database_option
def up(host: str | None, port: int | None, database_url: str | None) -> None:
    """Do everything at once: migrate, load the example record, serve.

    The example is loaded only while nothing is recorded. To begin anew, name another database.
    """
    chosen = settings(database_url, host, port)
    database = open_database(chosen.database_url)
    try:
        upgrade(database)
        with database.read() as connection:
            check_finished(connection)
        bring_up(database)
        with database.read() as connection:
            is_empty = head(connection).position == 0
            check_signed(connection, chosen.trust())
        if is_empty:
            files = seed_files(())
            click.echo(told(load_seeds(database, files, None), len(files)))
    finally:
        database.dispose()
    listen(chosen)


@click.command()
@host_option
@port_option
@database_option
def serve(host: str | None, port: int | None, database_url: str | None) -> None:
    """Serve the API and GraphiQL.

    Never changes the database's schema: where it is not current, 'timeline migrate' comes first. Refuses a log that is
    shorter than, or another than, a checkpoint that it has signed.
    /healthz answers 200 while the process lives, /readyz 200 or 503 with the reason.
    """
    chosen = settings(database_url, host, port)
    with opened(chosen.database_url) as database, database.read() as connection:
        check_signed(connection, chosen.trust())
    listen(chosen)


def listen(chosen: Settings) -> None:
    """Serve until interrupted."""
    listener = _bound(chosen.host, chosen.port)
    host, port = (f"[{chosen.host}]" if ":" in chosen.host else chosen.host), listener.getsockname()[1]
    # Here and not above: the schema takes a second to build, and the other verbs need none.
    import uvicorn

    from timeline.app import create_app, settle
    from timeline.edge.guard import hosts_of
    from timeline.edge.logs import configure
    from timeline.edge.wire import Protocol

    base = f"http://{host}:{port}"
    click.echo(f"GraphiQL  {base}/graphiql\nGraphQL   {base}/graphql\nHealth    {base}/readyz")
    if chosen.reading_open:
        click.echo("Everybody may read. To write, make a token: timeline token create desk --role editor")
    app = create_app(replace(chosen, hosts=chosen.hosts or hosts_of(chosen.host)))
    settle()
    configure(as_json=chosen.log_json, with_details=chosen.log_details)
    config = uvicorn.Config(
        app,
        http=Protocol,
        log_config=None,
        log_level="warning",
        access_log=False,  # Its lines hold query strings; ours do not.
        server_header=False,
        proxy_headers=bool(chosen.proxies),
        forwarded_allow_ips=list(chosen.proxies),
        ws_max_size=chosen.limits.body_bytes,
        # Requests have the time they may take to end; who follows the log would never end, and is cut off then.
        timeout_graceful_shutdown=ceil(chosen.limits.seconds),
    )
    uvicorn.Server(config).run(sockets=[listener])


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens, before anybody is told where."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        cause = os.strerror(error.errno or 0)  # Its own text repeats the address.
        message = f"{host} port {port} cannot be listened on: {cause}; name another with --host or --port"
        raise Refused("ADDRESS_UNUSABLE", message, ("TIMELINE_PORT",)) from None
