"""Wiring: settings to database to schema to Starlette. The only module that knows everybody."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from timeline import handle
from timeline.api.http import graphql_routes
from timeline.database import Database, is_current, open_database, upgrade
from timeline.errors import Several, TimelineError
from timeline.importers.seed import SeedFile, check_together, read_seed
from timeline.log.read import head
from timeline.read.projector import position_of_read_tables
from timeline.settings import Settings, shipped
from timeline.web import graphiql, pages


def create_app(settings: Settings) -> Starlette:
    """The service as an ASGI application. It opens the database and never changes its schema."""
    database = open_database(settings.database_url)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await database.close()
        database.dispose()

    async def alive(request: HttpRequest) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    def ready(request: HttpRequest) -> JSONResponse:
        found = readiness(database)
        return JSONResponse(found, status_code=200 if found["status"] == "ready" else 503)

    return Starlette(
        routes=[
            *graphql_routes(database),
            *graphiql.routes(examples),
            *pages.routes(),
            Route("/healthz", alive),
            Route("/readyz", ready),
        ],
        lifespan=lifespan,
    )


def readiness(database: Database) -> dict[str, object]:
    """Whether the service can answer: database reachable, schema current, read tables at the head of the log."""
    try:
        if not is_current(database):
            return {"status": "not ready", "reason": "the database schema is not current; run 'timeline migrate'"}
        with database.read() as connection:
            log, tables = head(connection).position, position_of_read_tables(connection)
    except Exception:
        return {"status": "not ready", "reason": "the database cannot be reached"}
    if log != tables:
        return {"status": "not ready", "reason": f"the read tables are at {tables} and the log is at {log}"}
    return {"status": "ready", "position": log}


def examples() -> list[dict[str, str]]:
    """The example queries that GraphiQL opens as tabs: docs/queries in order of their file names."""
    return [
        {"name": path.stem, "query": path.read_text(encoding="utf-8"), "variables": ""}
        for path in sorted(shipped("docs/queries").glob("*.graphql"))
    ]


def migrate(settings: Settings) -> None:
    """Bring the database's schema up to date."""
    database = open_database(settings.database_url)
    try:
        upgrade(database)
    finally:
        database.dispose()


def is_empty(database: Database) -> bool:
    """Whether nothing was ever recorded."""
    with database.read() as connection:
        return head(connection).position == 0


def seed_files(paths: list[Path]) -> list[Path]:
    """The files that the paths name, folders opened; the shipped seeds when none is named."""
    named = paths or [shipped("seeds")]
    return [file for path in named for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]


def load_seeds(database: Database, files: list[Path], *, reason: str | None = None) -> handle.Outcome | None:
    """Record what the files say, all or nothing; None when it is recorded already. Raises Several with every fault."""
    faults: list[TimelineError] = []
    read: list[SeedFile] = []
    for file in files:
        try:
            read.append(read_seed(file.read_text(encoding="utf-8"), str(file)))
        except Several as several:
            faults.extend(several.faults)
    with database.read() as connection:
        named = {id for seed in read for id in seed.named()}
        known = {id for id, record in handle.load(connection, named).items() if record.content is not None}
    faults.extend(check_together(read, known))
    if faults:
        raise Several(faults)
    contents = {id: content for seed in read for id, content in seed.records.items()}
    given = reason or next((seed.reason for seed in read if seed.reason), None)
    names = ", ".join(file.name for file in files)
    return handle.seed(
        database, contents, reason=given or f"edited in {names}", actor="seed", now_us=time.time_ns() // 1000
    )
