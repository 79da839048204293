"""GraphiQL from our own process: the page, its example tabs and the bundle that `ui/graphiql` is built into."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from timeline.web.pages import document, page_headers, plain_page

BUNDLE = Path(__file__).parent / "static" / "graphiql"
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".ttf": "font/ttf", ".txt": "text/plain"}
# Monaco writes style elements and carries its icons as data; nothing here may run a script that we do not serve.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
HEADER = """<header>
<h1>Timeline GraphiQL</h1>
<p>Tab stays in the editor: press <kbd>Ctrl</kbd>+<kbd>M</kbd> to let it move on.</p>
<nav aria-label="Timeline"><a href="/">About</a><a href="/schema.graphql">Schema</a></nav>
</header>"""
MAIN = """<main id="graphiql">
<p>GraphiQL is loading. It needs JavaScript; programs can post to /graphql without it.</p>
</main>"""
NOT_BUILT = """<h1>GraphiQL is not built</h1>
<p>This copy of Timeline has no GraphiQL bundle; the API at <code>/graphql</code> works without it.
In a checkout, build it and start the service again:</p>
<pre>python3 dev.py ui</pre>
<p><a href="/">About Timeline</a></p>"""

Example = dict[str, Any]  # {"name": str, "query": str, "variables": JSON object}, passed on as it is


def routes(examples: Callable[[], list[Example]], *, bundle: Path = BUNDLE) -> list[Route]:
    """The page, its examples and its files; or, when the bundle was not there at the start, how to build it."""
    files = {path.name: path for path in sorted(bundle.glob("*")) if path.suffix in MEDIA_TYPES}
    if "main.js" not in files:
        return [Route("/graphiql", not_built, name="graphiql")]

    # The address holds the content's hash: browsers may keep a file for ever and never mix two builds.
    place = f"/static/graphiql/{_digest(list(files.values()))}"

    async def page(request: Request) -> HTMLResponse:
        head = f'<link rel="stylesheet" href="{place}/main.css">\n<script type="module" src="{place}/main.js"></script>'
        return HTMLResponse(document("Timeline GraphiQL", head, HEADER + MAIN), headers=page_headers(POLICY))

    def example_tabs(request: Request) -> JSONResponse:
        return JSONResponse(examples(), headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})

    def asset(request: Request) -> Response:
        path = files.get(request.path_params["name"])
        if path is None:
            raise HTTPException(404)
        return _file(path, squeeze="gzip" in request.headers.get("accept-encoding", ""))

    return [
        Route("/graphiql", page, name="graphiql"),
        Route("/graphiql/examples.json", example_tabs, name="graphiql-examples"),
        Route(f"{place}/{{name}}", asset, name="graphiql-asset"),
    ]


async def not_built(request: Request) -> HTMLResponse:
    return plain_page("GraphiQL is not built", NOT_BUILT, status=503)


def _file(path: Path, *, squeeze: bool) -> Response:
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'",  # Holds inside the workers: they fetch nothing.
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if squeeze:
        headers["Content-Encoding"] = "gzip"
    return Response(_squeezed(path) if squeeze else path.read_bytes(), 200, headers, MEDIA_TYPES[path.suffix])


@cache
def _squeezed(path: Path) -> bytes:
    """The file as gzip. All seven take 2.5 MB and under half a second, once for each process."""
    return gzip.compress(path.read_bytes(), compresslevel=6, mtime=0)


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
