"""The territories of the Office of the Historian as parties of ours: by name, by a table, by date."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from timeline.importers.foreign import At, Reading
from timeline.values.countries import all_countries
from timeline.values.facts import Name, Place, State, When
from timeline.values.ids import slug
from timeline.values.vocabulary import Basis


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "territories.toml").read_text(encoding="utf-8"))


@cache
def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for code, country in all_countries().items():
        for name in (country.name, country.official, *country.names.values()):
            for spelt in (name, name.replace("&", "and")):
                found.setdefault(slug(spelt), code)
    return found


def party_of(territory: str, day: str | None = None) -> str | None:
    """The party for which a territory stands on a day ('1945-07-01', '1945'), or today; None when it is unknown."""
    entry = _table()["territories"].get(territory)
    if isinstance(entry, list):
        return str(next(each["party"] for each in entry if day is None or "until" not in each or day < each["until"]))
    return entry or _by_name().get(territory)


def party_today(territory: str) -> str | None:
    """The party for which a territory stands now, or stood last."""
    return party_of(territory, "9999")


def party_name(party: str) -> str:
    """Its English name."""
    if "/" in party:
        return str(_table()["states"][party.partition("/")[2]]["name"])
    return all_countries()[party].name


def register_party(reading: Reading, party: str, at: At) -> str:
    """Have a former state among the drafts; states of today are known to all. Returns the party."""
    if "/" in party:
        told = _table()["states"][party.partition("/")[2]]
        content = State(
            names=[Name(text=told["name"], language="en", note=told.get("note"))],
            valid=When(edtf=told["valid"], basis=Basis.EXTERNAL),
            successors=told.get("successors", []),
        )
        reading.support(party, content, at)
    return party


def register_place(reading: Reading, name: str, party: str, at: At) -> str:
    """Have a place among the drafts; '' stands for somewhere in the country. Returns its id."""
    country = party.lower() if "/" not in party else party.partition("/")[2]
    shown = name or party_name(party)
    id = f"place/{slug(shown) or 'place'}-{country}" if name else f"place/{country}"
    return reading.support(id, Place(names=[Name(text=shown)], country=register_party(reading, party, at)), at)
