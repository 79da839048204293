"""The log: lines of text or of JSON, each with the id of its request, none with what somebody asked or showed.

Messages of exceptions may quote a value of a query, a row or a token. So of an exception the log tells the type and
where it came from, and the rest only where an operator has asked for details.
"""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

from timeline.edge.guard import request_id

OURS = "timeline"
TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s [%(request_id)s]"
JSON = "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s"
RENAMED = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "exception"}
Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure(*, as_json: bool, with_details: bool) -> None:
    """Write the log of this process to standard error: warnings of all, and what we say of requests."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Discretion(with_details))
    if as_json:
        handler.setFormatter(JsonLines(JSON, rename_fields=RENAMED, with_details=with_details))
    else:
        handler.setFormatter(TextLines(TEXT, with_details=with_details))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(logging.INFO)


class _Discretion(logging.Filter):
    """Gives each line the id of its request, and cuts from lines of libraries what may quote a value."""

    def __init__(self, with_details: bool) -> None:
        super().__init__()
        self.with_details = with_details

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        if not self.with_details and record.name.partition(".")[0] != OURS:
            # asyncio shows a failed task on the second line, the message of its exception included.
            record.msg, record.args = record.getMessage().partition("\n")[0], ()
        return True


def told(error: BaseException | None) -> str:
    """Where an exception and those behind it came from, and their types; not a word of what they say."""
    parts = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nraised after\n".join(parts)


class TextLines(logging.Formatter):
    """Lines of text; what is told of an exception follows on lines of its own."""

    def __init__(self, fmt: str, *, with_details: bool) -> None:
        super().__init__(fmt)
        self.with_details = with_details

    def formatException(self, ei: Raised) -> str:
        return super().formatException(ei) if self.with_details else told(ei[1])


class JsonLines(JsonFormatter):
    """One JSON object a line."""

    def __init__(self, fmt: str, *, rename_fields: dict[str, str], with_details: bool) -> None:
        super().__init__(fmt, rename_fields=rename_fields, rename_fields_keep_missing=False)
        self.with_details = with_details

    def formatException(self, ei: Raised) -> str:
        return str(super().formatException(ei)) if self.with_details else told(ei[1])
