"""Wiring: settings to database to schema to Starlette. The only module that knows everybody."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from timeline.api.answers import Answers
from timeline.api.executing import Service
from timeline.api.feed import feed_routes
from timeline.api.http import PATH, GraphQL, graphql_routes, unavailable
from timeline.api.persisted import Persisted, read_documents
from timeline.api.schema import SCHEMA
from timeline.backup.restoring import check_finished
from timeline.database import Database, is_current, open_database
from timeline.edge.front import Front
from timeline.edge.guard import Guard
from timeline.errors import Damaged, Refused, Unavailable
from timeline.log.checkpoint import Trust, check_signed
from timeline.log.read import head
from timeline.log.schedule import sign_regularly
from timeline.read.now import read_position
from timeline.rights.gate import Gate
from timeline.rights.oidc import OpenIdProvider
from timeline.settings import Settings, shipped
from timeline.web import graphiql, pages

MEGABYTE = 1024 * 1024
log = logging.getLogger("timeline.app")


def create_app(settings: Settings) -> Starlette:
    """The service as an ASGI application. It opens the database and never changes its schema."""
    database = open_database(settings.database_url)
    provider = OpenIdProvider(settings.openid) if settings.openid else None
    documents = read_documents(settings.documents, SCHEMA._schema) if settings.documents else {}
    service = Service(
        database,
        settings.limits,
        gate=Gate(database, is_open=settings.reading_open, provider=provider),
        introspection=settings.introspection,
        persisted=Persisted(documents, only=settings.documents_only),
    )
    keys, trust = settings.signing_keys(), settings.trust()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        signing = asyncio.create_task(sign_regularly(database, keys, trust, settings.checkpoint_seconds))
        yield
        signing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await signing
        await database.close()
        database.dispose()

    def alive(request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    def ready(request: Request) -> JSONResponse:
        found = readiness(database, trust)
        return JSONResponse(found, status_code=200 if found["status"] == "ready" else 503)

    endpoint = GraphQL(service, Answers(settings.kept_answers_mb * MEGABYTE))
    return Front(
        PATH,
        endpoint,
        routes=[
            *graphql_routes(endpoint, settings.origins),
            *feed_routes(service),
            *graphiql.routes(examples),
            *pages.routes(),
            Route("/healthz", alive),
            Route("/readyz", ready),
        ],
        lifespan=lifespan,
        middleware=_middleware(settings),
        exception_handlers={Unavailable: unavailable},
    )


def _middleware(settings: Settings) -> list[Middleware]:
    """What every request passes, outermost first."""
    guard = Middleware(Guard, hosts=settings.hosts, tell=settings.log_requests)
    if not settings.origins:
        return [guard]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Accept", "Authorization", "Content-Type", "If-None-Match", "Last-Event-ID"],
        expose_headers=["ETag", "Retry-After", "Timeline-Position", "X-Request-ID"],
    )
    return [guard, cors]


def settle() -> None:
    """Take what lives as long as a serving process out of the garbage collector's way.

    The schema is a hundred thousand objects, and each full collection looked at them all: of pages of 50, one in a
    hundred took 268 ms, and 19 ms since. An answer is thousands of objects that hold each other in no circle, so what
    is young need not be looked at within one: that took an eighth of the processor's time for a page.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def readiness(database: Database, trust: Trust = Trust()) -> dict[str, object]:
    """Whether the service can answer: database reachable, schema current, read tables at the head of the log.

    A log that contradicts a checkpoint it has signed is not served.
    """
    try:
        if not is_current(database):
            return {"status": "not ready", "reason": "the database schema is not current; run 'timeline migrate'"}
        with database.read() as connection:
            at_head, at_read = head(connection).position, read_position(connection)
            check_signed(connection, trust)
            check_finished(connection)
    except (Unavailable, Damaged, Refused) as outage:
        return {"status": "not ready", "reason": outage.message, "code": outage.code}
    except Exception:
        log.exception("the database cannot be read")
        return {"status": "not ready", "reason": "the database cannot be read"}
    if at_head != at_read:
        return {"status": "not ready", "reason": f"the read tables are at {at_read} and the log is at {at_head}"}
    return {"status": "ready", "position": at_head}


def examples() -> list[dict[str, Any]]:
    """The example queries that GraphiQL opens as tabs: docs/queries in order of their file names."""
    return [_example(path) for path in sorted(shipped("docs/queries").glob("*.graphql"))]


def _example(path: Path) -> dict[str, Any]:
    variables = path.with_suffix(".variables.json")
    return {
        "name": path.stem,
        "query": path.read_text(encoding="utf-8"),
        "variables": json.loads(variables.read_text(encoding="utf-8")) if variables.exists() else {},
    }
