"""Words as they are searched: without case, accents and hyphens, so that each spelling of a name finds it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain

from timeline.values.countries import all_countries

_JOINTS = re.compile(r"[-'’‘ʼʻ`´‐‑–.·・]+")
_WORD = re.compile(r"[^\W_]+(?:" + _JOINTS.pattern + r"[^\W_]+)*")
SHORT, KEPT = 200, 2048
"""Of texts up to so many characters, that many are kept as words."""
MAX_WORDS = 12
"""How many words of a query count."""


def fold(text: str) -> str:
    """The words of a text, each once: 'Wi Seong-rak' gives 'wi seong rak seongrak'."""
    return " ".join(_folded(text))


def folded(texts: Iterable[str | None]) -> dict[str, None]:
    """The words of several texts, each once, as keys in their order."""
    return dict.fromkeys(chain.from_iterable([_folded(text) for text in texts if text]))


def phrase(text: str) -> str:
    """The text for comparison as a whole: 'per cent of G.D.P.' is 'per cent of gdp'."""
    bare = _bare(text)
    words = _WORD.findall(bare)
    return " ".join(words if _JOINTS.search(bare) is None else (_JOINTS.sub("", word) for word in words))


def terms(text: str) -> list[tuple[str, ...]]:
    """What a query asks: every term must be met, by its first form or by all the others together.

    A hyphenated word is met as one word or by its pieces; an ordinary one has one form only.
    """
    asked = []
    for word in _words(text)[:MAX_WORDS]:
        pieces = tuple(_JOINTS.split(word))
        asked.append(pieces if len(pieces) == 1 else ("".join(pieces), *pieces))
    return asked


def fts5_query(text: str) -> str:
    """The query for SQLite's FTS5; '' when the text has no word."""
    return " AND ".join(_met(term, '"{}"*', " AND ", " OR ") for term in terms(text))


def tsquery(text: str) -> str:
    """The query for PostgreSQL; '' when the text has no word."""
    return " & ".join(_met(term, "'{}':*", " & ", " | ") for term in terms(text))


def countries_named(text: str) -> list[str]:
    """Codes of the states of today whose name in some language has all these words, each perhaps only begun."""
    asked = terms(text)
    return [code for code, words in _country_words() if asked and all(_begun(term, words) for term in asked)]


@cache
def _country_words() -> list[tuple[str, list[str]]]:
    return [
        (code, list(folded([code, country.alpha3, country.official, *country.names.values()])))
        for code, country in all_countries().items()
    ]


def _begun(term: tuple[str, ...], words: list[str]) -> bool:
    def known(form: str) -> bool:
        return any(word.startswith(form) for word in words)

    return known(term[0]) or (len(term) > 1 and all(known(piece) for piece in term[1:]))


def _met(term: tuple[str, ...], form: str, both: str, either: str) -> str:
    first, *pieces = (form.format(piece) for piece in term)
    return f"({first}{either}({both.join(pieces)}))" if pieces else first


def _folded(text: str) -> Sequence[str]:
    return _folded_short(text) if len(text) <= SHORT else _fold(_bare(text))


@lru_cache(maxsize=KEPT)
def _folded_short(text: str) -> Sequence[str]:
    """Kept, because the same topics and roles come again and again."""
    return _fold(_bare(text))


def _fold(bare: str) -> Sequence[str]:
    words = _WORD.findall(bare)
    if _JOINTS.search(bare) is None:
        return tuple(dict.fromkeys(words))
    found: dict[str, None] = {}
    for word in words:
        pieces = _JOINTS.split(word)
        found.update(dict.fromkeys(pieces))
        if len(pieces) > 1:
            found["".join(pieces)] = None
    return tuple(found)


def _words(text: str) -> Sequence[str]:
    return _WORD.findall(_bare(text))


def _bare(text: str) -> str:
    """Without accents and case. Compatibility forms first: a full-width letter is a letter."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if unicodedata.category(letter) != "Mn").casefold()
