"""Filters as SQL, for both engines: each condition is a piece of WHERE with its parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from itertools import combinations, islice, product
from typing import Any, Literal

import orjson

from timeline.read.filters import EntityFilter, OccurrenceFilter, TimeFilter
from timeline.read.search import countries_named, fold, fts5_query, phrase, tsquery
from timeline.read.veil import Veil
from timeline.values.dates import INFINITY
from timeline.values.vocabulary import OCCURRENCES

Expand = Callable[[Sequence[str]], list[str]]
"""Ids with those of the records merged into them."""
MAX_KEYS = 1000
"""How many sets of ids one set of parties may stand for."""
FEW = 20
"""Longer lists are one parameter on SQLite, too."""
TAKE_PART = ("PARTY", "PERSON", "VOICE", "ADDRESSEE", "NOMINEE", "PLACE", "POST", "ABSENT", "HOLDER")
NAMING = {"l": ("value",), "x": ("value",), "d": ("value",), "a": ("id", "survivor")}
"""The columns that name a record in rows of links and aliases, by the name under which they are asked; else the id."""
PARTIES = ("organization/", "state/")
"""How the ids of records begin that take part as parties."""
IN_SERIES = {"kinds", "exactly", "none_of", "statuses"}
"""Filters that the index of series tells of; those by days have better ones."""
MEETINGS = "r.kind = 'meeting' AND NOT r.hidden"
"""As `timeline.read.tables.SERIES` says it: then an index of meetings is read, and no records are."""
NAMED_KINDS = ("person", "organization", "state", "place", "post", "speaker")


@dataclass
class Query:
    """A WHERE clause that grows, with its parameters."""

    shelf: str
    dialect: str
    expand: Expand
    where: list[str] = field(default_factory=list)
    """What is asked of records."""
    led: list[str] = field(default_factory=list)
    """What is asked of the links that lead to them."""
    joined: list[str] = field(default_factory=list)
    """Which version of which record is meant."""
    parameters: dict[str, Any] = field(default_factory=dict)
    veil: Veil | None = None
    """What does not exist for whoever asks."""
    leads: str = ""
    """The role of the links of one value that lead to the records, in order of time; '' when none do."""
    index: Literal["", "series", "steps"] = ""
    """The index of meetings that tells all that is asked. SQLite is told to read it, PostgreSQL sees by itself."""
    early: bool = False
    """Whether the position is so early that what was recorded by then is read whole and sorted: an order's index leads
    past all that was recorded since."""
    counting: bool = False
    """Whether all is counted in any order: then links of which any one will do lead SQLite to records, too. A page in
    order is full before it has walked far."""
    touching: tuple[int, int] = (-INFINITY, INFINITY)
    """Days that each record touches, the first and the last: it may begin by the last and end no earlier than the
    first."""
    in_order: bool = False
    """Whether nothing is asked of records but one kind and perhaps one set of parties, which have indexes in order."""

    def put(self, value: Any) -> str:
        """A parameter of the query."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def among(self, column: str, values: Sequence[Any]) -> str:
        """That a column has one of these values.

        Lists of any length make the same statement where they can, so that it need not be planned again.
        """
        if not values:
            return "1 = 0"
        if len(values) == 1:
            return f"{column} = {self.put(values[0])}"
        if self.dialect == "postgresql":
            of = "bigint" if isinstance(values[0], int) else "text"
            listed = f"CAST({self.put(list(values))} AS {of}[])"
            # Of a hundred values the planner would look up each in its statistics: 10 ms for a query of 1 ms.
            return f"{column} = ANY({listed if len(values) <= FEW else f'ARRAY(SELECT unnest({listed}))'})"
        if len(values) > FEW:
            return f"{column} IN (SELECT value FROM json_each({self.put(orjson.dumps(list(values)).decode())}))"
        return f"{column} IN ({', '.join(self.put(value) for value in values)})"

    def valid(self, table: str) -> str:
        """That a row of this table held at the snapshot's position, and that what it tells of is not hidden."""
        held = f"{table}.from_position <= :at AND ({table}.to_position IS NULL OR {table}.to_position > :at)"
        if self.veil is None:
            return held
        return " AND ".join([held, *(self.seen(f"{table}.{column}") for column in NAMING.get(table, ("id",)))])

    def seen(self, column: str) -> str:
        """That what a column names is not hidden."""
        return f"{column} NOT IN ({self._hidden()})" if self.veil is not None else "1 = 1"

    def whole(self) -> None:
        """No party of the record is hidden: what is said of the set of its parties would tell of that one."""
        parties = sorted(id for id in self.veil.hidden if id.startswith(PARTIES)) if self.veil is not None else ()
        if parties:
            hidden = f"x.role = 'PARTY' AND {self.among('x.value', parties)}"
            self.where.append(f"r.id NOT IN (SELECT x.id FROM {self.shelf}_links x WHERE {hidden})")

    def _hidden(self) -> str:
        assert self.veil is not None
        self.parameters["veil"] = self.veil.listed
        if self.dialect == "sqlite":
            return "SELECT value FROM json_each(:veil)"
        return "SELECT jsonb_array_elements_text(CAST(CAST(:veil AS text) AS jsonb))"

    @property
    def condition(self) -> str:
        """All that is asked, as one condition; what asks nothing holds of everything."""
        return " AND ".join([*self.joined, *self.led, *self.where]) or "1 = 1"

    @property
    def is_told_by_links(self) -> bool:
        """Whether the links that lead tell all that is asked: then no record is looked at that is not shown."""
        return bool(self.leads) and not self.where and self.veil is None

    @property
    def is_planned_once(self) -> bool:
        """Whether any value has the same best plan: an index has what is asked for in the order of a page."""
        return self.is_told_by_links or (self.in_order and self.veil is None and not self.early)

    @property
    def keyed(self) -> list[str]:
        """What is asked of the table whose es, le and id have an index."""
        return self.led if self.leads else self.where

    @property
    def links(self) -> str:
        """The links that lead, as links `d` with the condition."""
        return f"{self.shelf}_links d WHERE {' AND '.join(self.led)}"

    @property
    def records(self) -> str:
        """Where records `r` come from. SQLite takes the tables of a CROSS JOIN in the order in which they stand."""
        records = f"{self.shelf}_records r"
        if self.leads:
            return f"{self.shelf}_links d CROSS JOIN {records}"
        if self.index and self.dialect == "sqlite":
            return f"{records} INDEXED BY {self.shelf}_records_{self.index}"
        if self.index:
            return records
        return self._early_records if self.early else records

    @property
    def _early_records(self) -> str:
        if self.dialect == "sqlite":
            return f"{self.shelf}_records r INDEXED BY {self.shelf}_records_from"
        # OFFSET 0 keeps the planner from looking for the order first.
        return f"(SELECT * FROM {self.shelf}_records r WHERE {self.valid('r')} OFFSET 0) r"

    @property
    def dated(self) -> str:
        """The table whose es, le and id have an index for what is asked."""
        return "d" if self.leads else "r"

    def drive(self, role: str, value: str) -> None:
        """The record is linked to this value; few records are, so their links are read and not all records."""
        self.leads = role
        self.led += [f"d.value = {self.put(value)}", f"d.role = {self.put(role)}", self.valid("d")]
        self.joined.append("r.id = d.id")

    def count_series(self, filter: OccurrenceFilter) -> None:
        """Of these rows only the number is wanted: it is counted in the index of series if that tells all of them."""
        asked = {each.name for each in fields(filter) if getattr(filter, each.name) != each.default}
        if self.dialect == "sqlite" and filter.kinds == ("meeting",) and asked <= IN_SERIES and not self.early:
            self.from_series()

    def from_series(self, *, forced: bool = True) -> None:
        """The rows are read in the index of series, of which SQLite may have to be told."""
        self.where.append(MEETINGS)
        if forced and not self.leads and not self.early:
            self.index = "series"

    def takes_part(self, *parties: str, negated: bool = False) -> None:
        """One of the parties is in the record's set of parties, which a link of a party shows, too."""
        asked, whole = (self.led, "d.parties") if self.leads == "PARTY" else (self.where, "'|' || r.party_key || '|'")
        inside = "instr" if self.dialect == "sqlite" else "strpos"
        found = " OR ".join(f"{inside}({whole}, {self.put(f'|{each}|')}) > 0" for each in self.expand(parties))
        asked.append(f"NOT ({found})" if negated else f"({found})")

    def column(self, name: str, values: Sequence[str]) -> None:
        """The column has one of these values; nothing is asked when there are none."""
        if values:
            self.where.append(self.among(f"r.{name}", values))

    def linked(self, roles: Sequence[str], values: Sequence[str], *, negated: bool = False) -> None:
        """The record is linked to one of these values in one of these roles."""
        if values:
            known = f"{self.among('x.value', self.expand(values))} AND {self.among('x.role', roles)}"
            links = f"FROM {self.shelf}_links x WHERE {known} AND {self.valid('x')}"
            if self.counting and not (negated or self.leads or self.early):
                self.where.append(f"r.id IN (SELECT x.id {links})")
                return
            exists = f"EXISTS (SELECT 1 {links} AND x.id = r.id)"
            self.where.append(f"NOT {exists}" if negated else exists)

    def every(self, roles: Sequence[str], values: Sequence[str], *, may_drive: bool = False) -> None:
        """The record is linked to each of these values. The first one may lead to the records."""
        for value in values:
            known = self.expand([value])
            if may_drive and not self.leads and len(roles) == len(known) == 1:
                self.drive(roles[0], known[0])
            else:
                self.linked(roles, [value])

    def text(self, text: str) -> None:
        """The record, or one that takes part in it, has all these words."""
        self.where.append(f"r.id IN (SELECT id FROM ({self.hits(text)}) hits)")

    def hits(self, text: str) -> str:
        """SELECT id, rank of all that has these words: itself, or by what takes part in it."""
        asked = fts5_query(text) if self.dialect == "sqlite" else tsquery(text)
        if not asked:
            return "SELECT '' AS id, 0 AS rank WHERE 1 = 0"
        matching = self._matching(self.put(asked))
        # Asked under one name, they are looked up once.
        texts = f"SELECT t.id, t.rank, t.kind FROM {self.shelf}_texts t WHERE {matching} AND {self.valid('t')}"
        roles = self.among("l.role", TAKE_PART)
        named = f"SELECT n.id FROM direct n WHERE {self.among('n.kind', NAMED_KINDS)}"
        merged = f"SELECT a.id FROM {self.shelf}_aliases a JOIN m ON a.survivor = m.id WHERE {self.valid('a')}"
        via = [f"l.value IN (WITH RECURSIVE m (id) AS ({named} UNION {merged}) SELECT m.id FROM m)"]
        if countries := countries_named(text):
            via.append(self.among("l.value", countries))
        linked = " UNION ALL ".join(
            f"SELECT l.id, 2 AS rank FROM {self.shelf}_links l WHERE {how} AND {roles} AND {self.valid('l')}"
            for how in via
        )
        return f"WITH direct AS ({texts}) SELECT d.id, d.rank FROM direct d UNION ALL {linked}"

    def _matching(self, asked: str) -> str:
        if self.dialect == "sqlite":
            words = f"{self.shelf}_words"
            return f"t.n IN (SELECT rowid FROM {words} WHERE {words} MATCH {asked})"
        return f"array_to_tsvector(string_to_array(t.words, ' ')) @@ CAST(CAST({asked} AS text) AS tsquery)"


def occurrence_query(query: Query, filter: OccurrenceFilter) -> Query:
    """The filter's conditions on records `r`."""
    query.joined.append(query.valid("r"))
    query.where += [MEETINGS] if query.index else []
    if filter.ids:
        query.column("id", query.expand(filter.ids))
    sets = () if filter.exactly is None else party_keys(query, filter.exactly) or ("",)
    query.column("party_key", sets)
    # A set of parties and a list of ids have an index of their own. The links of the rarest kind drive else.
    may_drive = filter.exactly is None and not filter.ids and not query.index
    query.early = query.early and may_drive and filter.text is None
    people = ["PERSON", "VOICE"]
    if len(filter.kinds) == 1:  # Persons take part in meetings and speak in statements.
        people = ["PERSON"] if filter.kinds[0] == "meeting" else ["VOICE"]
    for roles, value in (
        (["NOMINEE"], filter.nominee),
        (["ABOUT"], filter.about),
        (["TARGET"], filter.related_to),
        (["REPORTED_IN"], filter.reported_in),
        (["MADE_AT"], filter.made_at),
        (["POST"] if filter.kinds == ("nomination",) else ["POST", "ABSENT"], filter.post),
    ):
        query.every(roles, [value] if value is not None else [], may_drive=may_drive)
    query.every(people, filter.people, may_drive=may_drive)
    for roles, value in ((["PLACE"], filter.place), (["SOURCE"], filter.source)):
        query.every(roles, [value] if value is not None else [], may_drive=may_drive)
    for party in filter.all_of:
        if may_drive and not query.leads:
            query.every(["PARTY"], [party], may_drive=True)
        else:
            query.takes_part(party)
    if query.index and filter.any_of:
        query.takes_part(*filter.any_of)
    else:
        query.linked(["PARTY"], filter.any_of)
    for party in filter.none_of:
        query.takes_part(party, negated=True)
    query.linked(["ABSENT"], filter.stand_ins_for)
    if filter.has_stand_in is not None:
        query.linked(["HAS"], ["STAND_IN"], negated=not filter.has_stand_in)
    for column, values in (("level", filter.levels), ("format", filter.formats), ("status", filter.statuses)):
        query.column(column, values)
    query.column("attribution", filter.attributions)
    query.linked(["TOPIC"], [fold(topic) for topic in filter.topics])
    query.linked(["WORDING"], filter.wordings)
    query.linked(["VOICE"], filter.voices)
    query.linked(["ADDRESSEE"], filter.addressed_to)
    query.linked(["STEP"], filter.steps)
    if filter.figure_unit is not None:
        _figure_unit(query, filter.figure_unit)
    if filter.text is not None:
        query.text(filter.text)
    for time in filter.times:
        query.where.append(_time(query, time))
    if filter.published_before is not None:
        query.where.append(f"r.known_from < {query.put(filter.published_before)}")
    kinds = filter.kinds or [kind.value for kind in OCCURRENCES]
    if query.leads:  # To what lists leave out no link leads.
        query.led.append(query.among("d.kind", kinds))
        return query
    query.in_order = len(kinds) == 1 and len(query.where) == len(sets)
    query.where += ["NOT r.hidden", query.among("r.kind", kinds)]
    return query


def entity_query(query: Query, filter: EntityFilter) -> Query:
    """The filter's conditions on records `r`."""
    query.where += [query.valid("r"), "NOT r.hidden"]
    query.column("kind", filter.kinds)
    if filter.ids:
        query.column("id", query.expand(filter.ids))
    for role, value in (
        ("MEMBER", filter.party),
        ("HOLDER", filter.person),
        ("POST", filter.post),
        ("SOURCE", filter.source),
        ("ACCREDITED", filter.accredited_to),
    ):
        query.every([role], [value] if value is not None else [])
    query.early = query.early and not filter.ids and filter.text is None
    if filter.text is not None:
        query.text(filter.text)
    return query


def party_keys(query: Query, parties: Sequence[str]) -> list[str]:
    """The canonical keys of this party set: more than one where parties were merged, any of which may take part."""
    choices = [_subsets(query.expand([party])) for party in sorted(set(parties))]
    keys = {"|".join(sorted(set().union(*choice))): None for choice in islice(product(*choices), MAX_KEYS)}
    return list(keys)


def _subsets(ids: Sequence[str]) -> list[tuple[str, ...]]:
    """Every choice of some of these, small ones first."""
    return [chosen for size in range(1, len(ids) + 1) for chosen in combinations(ids, size)]


def _figure_unit(query: Query, unit: str) -> None:
    asked = query.put(f"%{phrase(unit)}%")
    query.where.append(
        f"EXISTS (SELECT 1 FROM {query.shelf}_links x WHERE x.role = 'UNIT' AND x.value LIKE {asked} "
        f"AND x.id = r.id AND {query.valid('x')})"
    )


def _time(query: Query, time: TimeFilter) -> str:
    """The same comparisons as timeline.values.relations, over columns; a test holds them against each other."""
    asked = time.bounds
    certain = time.certainty == "CERTAIN"
    if certain and asked.uncertain:
        return "1 = 0"
    at = query.dated
    es, ls, ee, le = (query.put(day) for day in (asked.es, asked.ls, asked.ee, asked.le))
    conditions = {
        ("during", True): f"{at}.es >= {ls} AND {at}.le <= {ee}",
        ("during", False): f"{at}.es <= {le} AND {at}.le >= {es} AND r.ls >= {es} AND r.ee <= {le}",
        ("overlaps", True): f"r.ls <= {ee} AND {ls} <= r.ee",
        ("overlaps", False): f"{at}.es <= {le} AND {es} <= {at}.le",
        ("before", True): f"{at}.le < {es}",
        ("before", False): f"r.ee < {ls}",
        ("after", True): f"{le} < {at}.es",
        ("after", False): f"{ee} < r.ls",
    }[time.relation, certain]
    first, last = {
        "during": (asked.ls, asked.ee) if certain else (asked.es, asked.le),
        "overlaps": (asked.ls, asked.ee) if certain else (asked.es, asked.le),
        "before": (-INFINITY, asked.es if certain else asked.ls),
        "after": (asked.le if certain else asked.ee, INFINITY),
    }[time.relation]
    query.touching = max(first, query.touching[0]), min(last, query.touching[1])
    # Each of them follows from the conditions, since nothing ends before it may begin; but only this leads an index.
    touches = f"{at}.es <= {query.put(last)} AND {at}.le >= {query.put(first)}"
    dated = f"{touches} AND {at}.es < {query.put(INFINITY)}"
    # All four bounds are parameters even where a comparison leaves one out: SQLite ignores those not named.
    return f"({conditions} AND {dated}{' AND NOT r.uncertain' if certain else ''})"
