"""Plain HTML pages under a policy that lets them load nothing from elsewhere, and the page at `/`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M1 8h14' stroke='%230b5394' stroke-width='2'/%3E"
    "%3Ccircle cx='5' cy='8' r='3' fill='%230b5394'/%3E%3Ccircle cx='12' cy='8' r='2' fill='%23b23a1e'/%3E%3C/svg%3E"
)
STYLE = """
:root { color-scheme: light dark; --ground: #fbfaf7; --ink: #1b1b1b; --muted: #555; --link: #0b5394; }
@media (prefers-color-scheme: dark) { :root { --ground: #1b1d22; --ink: #ececec; --muted: #b8b8b8; --link: #8ab8ea; } }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif; }
body { padding: 0 1.25rem; }
main { max-width: 38rem; margin: 4rem auto; border-top: 2px solid; }
h1 { margin: 1.25rem 0 0.5rem; font-size: 2rem; line-height: 1.2; }
a { color: var(--link); }
dl { margin: 2rem 0; border-bottom: 1px solid; }
dt { padding-top: 0.9rem; border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); font-weight: 600; }
dd { margin: 0 0 0.9rem; color: var(--muted); }
pre { overflow-x: auto; padding: 0.75rem 1rem; border: 1px solid; }
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = {
    "default-src": "'none'",
    "style-src": f"'sha256-{STYLE_HASH}'",
    "img-src": "data:",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
LANDING = """
<h1>Timeline</h1>
<p>The public record of diplomacy: who met whom, when, in which capacity, who said what, and how we know.
Every fact carries its source and just the precision its source gives. Nothing is overwritten;
corrections are new events.</p>
<dl>
<dt><a href="/graphiql">GraphiQL</a></dt><dd>Ask the record in the browser, with example queries.</dd>
<dt><a href="/schema.graphql">Schema</a></dt>
<dd>The GraphQL schema as text. Programs post to <code>/graphql</code>.</dd>
<dt><a href="/healthz">Health</a></dt><dd>Whether the service and its database answer.</dd>
</dl>
"""


def routes() -> list[Route]:
    """The page at `/`."""
    return [Route("/", landing, name="landing")]


async def landing(request: Request) -> HTMLResponse:
    return plain_page("Timeline: the public record of diplomacy", LANDING)


def plain_page(title: str, content: str, *, status: int = 200) -> HTMLResponse:
    """A page of text and links. `content` is HTML of ours, `title` any text."""
    html = document(title, f"<style>{STYLE}</style>", f"<main>{content}</main>")
    return HTMLResponse(html, status, page_headers(POLICY))


def document(title: str, head: str, body: str) -> str:
    """An HTML document; `head` and `body` are HTML of ours."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="{ICON}">\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def page_headers(policy: Mapping[str, str]) -> dict[str, str]:
    """The headers of every page: what it may load, and that it is neither framed, sniffed nor kept unasked."""
    return {
        "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }
