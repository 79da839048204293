"""What a request asks, read from the parameters of GraphQL over HTTP, whatever it came over."""

from __future__ import annotations

from typing import Any

from timeline.api.executing import Asked
from timeline.api.persisted import Persisted
from timeline.errors import Invalid


def asked_of(parameters: Any, persisted: Persisted) -> Asked:
    """What is asked. Raises `Invalid` for parameters of another form, `Refusal` for a document that may not run."""
    if not isinstance(parameters, dict):
        raise _malformed("a request is one JSON object with 'query'; batches are not supported")
    for name, kind, told in (
        ("query", str, "the GraphQL document as a string"),
        ("documentId", str, "a string"),
        ("operationName", str, "a string"),
        ("variables", dict, "a JSON object"),
        ("extensions", dict, "a JSON object"),
    ):
        if parameters.get(name) is not None and not isinstance(parameters[name], kind):
            raise _malformed(f"'{name}' must be {told}")
    query = _document(parameters, persisted)
    return Asked(query, parameters.get("variables") or {}, parameters.get("operationName") or None)


def _document(parameters: dict[str, Any], persisted: Persisted) -> str:
    query, id = parameters.get("query"), parameters.get("documentId")
    if id is None:
        hashed = (parameters.get("extensions") or {}).get("persistedQuery")
        id = hashed.get("sha256Hash") if isinstance(hashed, dict) else None
    if id is not None and not isinstance(id, str):
        raise _malformed("'sha256Hash' must be a string")
    if query is None:
        if id is None:
            raise _malformed("'query' is missing; it is the GraphQL document as a string")
        return persisted.find(id)
    persisted.check(query)
    if id is not None:
        persisted.remember(id, query)
    return str(query)


def _malformed(message: str) -> Invalid:
    return Invalid("BAD_REQUEST", message)
