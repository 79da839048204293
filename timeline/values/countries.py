"""States of ISO 3166-1, with names in every CLDR language. From pycountry and Babel; former states are registered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pycountry
from babel import Locale

NAME_LANGUAGES = ("en", "ko", "ja", "zh", "fr", "es", "ar", "ru", "de", "pt")
"""Languages in which countries can be searched: the six of the UN and those of the seed's parties."""


@dataclass(frozen=True, slots=True)
class Country:
    """A state by its ISO 3166-1 codes. `names` maps a language to the CLDR name; `name` is the English one."""

    alpha2: str
    alpha3: str
    name: str
    official: str
    names: dict[str, str]


@cache
def all_countries() -> dict[str, Country]:
    """Every state of ISO 3166-1 by its alpha-2 code, in order of the codes."""
    territories = {language: Locale(language).territories for language in NAME_LANGUAGES}
    found = {}
    for entry in sorted(pycountry.countries, key=lambda entry: str(entry.alpha_2)):
        code = entry.alpha_2
        names = {language: known[code] for language, known in territories.items() if code in known}
        official = getattr(entry, "official_name", entry.name)
        found[code] = Country(code, entry.alpha_3, names.get("en", entry.name), official, names)
    return found


def is_country(code: str) -> bool:
    """Whether this is an alpha-2 code of a state of today."""
    return code in all_countries()
