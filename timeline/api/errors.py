"""Errors as a client sees them: ours with code and path, everything unexpected masked and logged under an id."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from timeline.errors import Several, TimelineError, Unavailable
from timeline.outages import said

log = logging.getLogger("timeline.api")
Error = dict[str, Any]


class Refusal(Exception):
    """Nothing was executed; the errors say why, the status and headers tell HTTP."""

    def __init__(self, errors: list[Error], status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors
        self.status = status
        self.headers = headers or {}


def refusal(code: str, message: str, status: int = 400) -> Refusal:
    """A refusal for one reason."""
    return Refusal([{"message": message, "extensions": {"code": code}}], status)


def passed(limit: str, message: str, status: int = 400, headers: Mapping[str, str] | None = None) -> Refusal:
    """A refusal because a limit is passed, which it names."""
    return Refusal([{"message": message, "extensions": {"code": "LIMIT_PASSED", "limit": limit}}], status, headers)


def shown(error: GraphQLError, code: str | None = None) -> dict[str, Any]:
    """The error in GraphQL's form. `code` is for errors of GraphQL itself, such as a syntax error."""
    answer: dict[str, Any] = {"message": error.message}
    if error.locations:
        answer["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        answer["path"] = list(error.path)
    cause = error.original_error
    if isinstance(cause, Several):
        cause = cause.faults[0]
    if isinstance(cause, Unavailable):
        log.warning("%s [%s]", said(cause.__cause__ or cause), cause.code)
    if isinstance(cause, TimelineError):
        answer["extensions"] = {"code": cause.code, "inputPath": list(cause.path)}
    elif cause is None or isinstance(cause, GraphQLError):
        answer["extensions"] = {"code": code or "BAD_USER_INPUT", **(error.extensions or {})}
    else:
        # Neither SQL nor a trace may reach a client; the id leads an operator to the log.
        id = uuid.uuid4().hex[:12]
        log.error("unexpected error %s", id, exc_info=cause)
        answer["message"] = f"something went wrong on our side; it is logged as {id}"
        answer["extensions"] = {"code": "INTERNAL", "id": id}
    return answer
