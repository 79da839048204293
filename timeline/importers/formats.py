"""The formats that `timeline import` knows besides the log and tables: a name, and the function that reads it."""

from __future__ import annotations

from timeline.importers import pocom, travels
from timeline.importers.foreign import Adapter

FORMATS: dict[str, Adapter] = {travels.SCHEME: travels.read, pocom.SCHEME: pocom.read}
