"""The form of a seed file as JSON Schema, generated from the facts: one definition for checking and for editors."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import msgspec

from timeline.events.records import EVENTS
from timeline.values.facts import CONTENT, SLUG

SECTIONS = {
    "sources": "source",
    "organizations": "organization",
    "states": "state",
    "places": "place",
    "posts": "post",
    "people": "person",
    "speakers": "speaker",
    "tenures": "tenure",
    "milestones": "milestone",
    "meetings": "meeting",
    "statements": "statement",
    "nominations": "nomination",
}
"""Section of a seed file to the kind of the records in it."""


@cache
def seed_shape() -> dict[str, Any]:
    """The JSON Schema of a seed file."""
    _, shapes = msgspec.json.schema_components(CONTENT.values(), ref_template="#/$defs/{name}")
    shapes = _without_null(shapes)
    shapes["Speaker"]["properties"]["several"] = {"enum": ["true", "false"]}
    about = {
        "type": "object",
        "description": "What holds for the whole file.",
        "additionalProperties": False,
        "properties": {
            "reason": {"type": "string", "description": "Why records are corrected when the file is edited."}
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A seed file of Timeline",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "about": about,
            **{
                section: {
                    "type": "object",
                    "description": f"Each key is the last part of an id: {kind}/KEY.",
                    "propertyNames": {"pattern": f"^{SLUG}$"},
                    "additionalProperties": {"$ref": f"#/$defs/{CONTENT[kind].__name__}"},
                }
                for section, kind in SECTIONS.items()
            },
        },
        "$defs": shapes,
    }


def _without_null(schema: Any) -> Any:
    """The schema with 'or null' taken out: in a seed file, what is not stated is left out."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _without_null(value) for name, value in schema.items() if not (name == "default" and value is None)}
    options = [option for option in kept.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        return {**{name: value for name, value in kept.items() if name != "anyOf"}, **options[0]}
    return kept


def seed_schema() -> str:
    """The text of schema/seed.json."""
    return json.dumps(seed_shape(), indent=2, ensure_ascii=False) + "\n"


def events_schema() -> str:
    """The text of schema/events.json: the body of every event of the log, by type."""
    (references, shapes) = msgspec.json.schema_components(EVENTS.values(), ref_template="#/$defs/{name}")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Bodies of the events of Timeline's log, version 1",
        "oneOf": list(references),
        "$defs": shapes,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
