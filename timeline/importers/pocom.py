"""Principal officers and chiefs of mission of the United States, as the Office of the Historian publishes them.

A row tells of an appointment: who, to which post, when commissioned, when on duty, when it ended. It becomes a tenure
where somebody served, and a nomination with its steps where a commission or the Senate is told of. A mission is one
post whatever its head was called; the title as stated stands in the tenure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from timeline.errors import Invalid
from timeline.importers.foreign import At, Reading, SetAside, files_under, release_of
from timeline.importers.prose import ladders
from timeline.importers.territories import party_name, party_of, party_today, register_party, register_place
from timeline.importers.travels import PEOPLE, period, register_source
from timeline.importers.xml_source import Element, read_xml, text_of
from timeline.values.dates import bounds, parse_edtf
from timeline.values.facts import Citation, Milestone, Name, Nomination, Organization, Person, Post, Tenure, When
from timeline.values.ids import slug
from timeline.values.vocabulary import Basis, Classification, Holding, Level

SCHEME = "historyatstate-pocom"
DEPARTMENT = "organization/us-state-department"
AD_INTERIM_OF = {"secretary-ad-interim": "secretary"}
"""Lists of those who acted, and the post for which they did."""


class Row(NamedTuple):
    """One appointment, as it stands in the file."""

    number: str
    person: str
    title: str
    territory: str
    dates: dict[str, str]
    notes: dict[str, str]
    served: bool
    at: At


class Held(NamedTuple):
    """What a file is about: a post, how its holders hold it, the territory they are sent to, a name for people."""

    post: str
    holding: Holding
    to: str
    name: str


def read(root: Path, release: str | None = None) -> Reading:
    """The appointments below a folder. Raises `Refused` when it holds none."""
    files = files_under(root, "**/*.xml", "name the folder that holds people, missions-countries and the others")
    posts = files_under(root, "positions-principals/*.xml", "name the folder that holds positions-principals")
    reading = Reading(SCHEME, release or release_of(files, root), "")
    reading.source = f"source/{SCHEME}-{slug(reading.release)}"
    register_source(reading, "Principal Officers and Chiefs of Mission", At(posts[0].name, 1))
    department = Organization(
        names=[Name(text="US Department of State", language="en")], classification=Classification.MINISTRY, party="US"
    )
    reading.support(DEPARTMENT, department, At(posts[0].name, 1))
    people = _people(reading, root)
    titles = {text_of(role, "id"): text_of(role, "names/singular") for role in _roots(root, "roles-country-chiefs")}
    _add_all(reading, root, people, titles, list(_appointments(reading, root, titles)))
    return reading


def _roots(root: Path, folder: str) -> Iterator[Element]:
    for file in sorted((root / folder).glob("*.xml")):
        yield read_xml(file, f"{folder}/{file.name}")


# People -------------------------------------------------------------------------------------------------------------


def _people(reading: Reading, root: Path) -> dict[str, str]:
    """Every person by the publisher's id, with the name shown."""
    found = {}
    for file in [*sorted((root / "people").glob("*/*.xml")), *sorted((root / "people-pending").glob("*.xml"))]:
        at = At(str(file.relative_to(root)), 1)
        element = read_xml(file, at.file)
        who = text_of(element, "id")
        given, last, suffix = (text_of(element, f"persName/{part}") for part in ("forename", "surname", "genName"))
        name = " ".join(part for part in (given, last, suffix) if part)
        others = [" ".join("".join(each.itertext()).split()) for each in element.iterfind("persName/altname")]
        old = [text for each in element.iterfind("old-ids/old-id") if (text := (each.text or "").strip())]
        person = Person(
            names=[Name(text=text) for text in dict.fromkeys([name, *others]) if text],
            party="US",
            note=_life(element) or None,
            external_ids=[
                *reading.known_as(f"person {who}"),
                *(id for value in (who, *old) for id in reading.known_as(value, PEOPLE)),
            ],
            citations=reading.cite(at.file),
        )
        reading.add(f"person/{who}", person, at, f"person {who}")
        found[who] = name
        reading.rows += 1
    return found


def _life(element: Element) -> str:
    born, died, career = (text_of(element, part) for part in ("birth", "death", "career-type"))
    told = {"born": born if born != "?" else "", "died": died, "appointed as": career if career != "pre-1915" else ""}
    return ", ".join(f"{word} {value}" for word, value in told.items() if value)


# Posts and rows -----------------------------------------------------------------------------------------------------


def _appointments(reading: Reading, root: Path, titles: dict[str, str]) -> Iterator[tuple[Held, Row]]:
    posts: dict[str, str] = {}
    # Those who acted hold the post of those for whom they did, so that post comes first.
    for file in sorted((root / "positions-principals").glob("*.xml"), key=lambda file: file.stem in AD_INTERIM_OF):
        name = f"positions-principals/{file.name}"
        element = read_xml(file, name)
        own, at = text_of(element, "id"), At(name, element.sourceline)
        title = titles[own] = text_of(element, "names/singular")
        if own in AD_INTERIM_OF:
            held = Held(posts[AD_INTERIM_OF[own]], Holding.AD_INTERIM, "", title)
        else:
            posts[own] = _post(reading, f"post/us-{slug(title)}", title, None, at, f"position {own}")
            held = Held(posts[own], Holding.SUBSTANTIVE, "", title)
        yield from ((held, row) for row in _rows(element, name))
    for file in sorted((root / "missions-orgs").glob("*.xml")):
        name = f"missions-orgs/{file.name}"
        element = read_xml(file, name)
        own, title, at = text_of(element, "id"), text_of(element, "names/singular"), At(name, element.sourceline)
        titles[own] = title
        post = _post(reading, f"post/us-{own}", title, Level.AMBASSADOR, at, f"mission {own}")
        yield from ((Held(post, Holding.SUBSTANTIVE, "", title), row) for row in _rows(element, name))
    for file in sorted((root / "missions-countries").glob("*.xml")):
        name = f"missions-countries/{file.name}"
        element = read_xml(file, name)
        own, at = text_of(element, "territory-id"), At(name, element.sourceline)
        party = party_today(own)
        if party is None:
            reading.aside(at, f"mission {own}", "COUNTRY_UNKNOWN", f"the territory {own!r} is unknown")
            continue
        title = f"Chief of Mission of the United States to {party_name(party)}"
        post = _post(reading, f"post/us-chief-of-mission-{own}", title, Level.AMBASSADOR, at, f"mission {own}")
        yield from ((Held(post, Holding.SUBSTANTIVE, own, party_name(party)), row) for row in _rows(element, name))
        _notes(reading, element, party, name, own)


def _post(reading: Reading, id: str, name: str, level: Level | None, at: At, row: str) -> str:
    post = Post(
        names=[Name(text=name, language="en")],
        party="US",
        organization=DEPARTMENT,
        level=level,
        external_ids=reading.known_as(row),
        citations=reading.cite(at.file),
    )
    return reading.add(id, post, at, row)


def _notes(reading: Reading, element: Element, party: str, name: str, own: str) -> None:
    """What the source says between the rows: relations were severed, a mission was closed."""
    for number, note in enumerate(element.iter("mission-note"), start=1):
        at = At(name, note.sourceline)
        milestone = Milestone(
            title=text_of(note, "text"),
            parties=sorted({"US", register_party(reading, party, at)}),
            external_ids=reading.known_as(f"note {own} {number}"),
            citations=reading.cite(name),
        )
        reading.add(f"milestone/us-{own}-{number}", milestone, at, f"note {own} {number}")


def _rows(element: Element, name: str) -> Iterator[Row]:
    for section in element:
        for each in section:
            if each.tag in ("chief", "principal"):
                kinds = ("appointed", "arrived", "started", "ended")
                notes = {kind: text_of(each, f"{kind}/note") for kind in kinds}
                yield Row(
                    number=text_of(each, "id"),
                    person=text_of(each, "person-id"),
                    title=text_of(each, "role-title-id"),
                    territory=text_of(each, "contemporary-territory-id"),
                    dates={kind: _date(each, kind) for kind in kinds},
                    notes={"": text_of(each, "note"), **notes},
                    served=section.tag in ("chiefs", "principals"),
                    at=At(name, each.sourceline),
                )


def _date(element: Element, kind: str) -> str:
    date = element.find(f"{kind}/date")
    text = text_of(element, f"{kind}/date")
    return f"{text}~" if text and date.get("certainty") else text


# Tenures and nominations --------------------------------------------------------------------------------------------


def _add_all(
    reading: Reading, root: Path, people: dict[str, str], titles: dict[str, str], rows: list[tuple[Held, Row]]
) -> None:
    together = _together(root)
    tenures: dict[str, list[str]] = defaultdict(list)
    used: Counter[str] = Counter()
    for held, row in rows:
        reading.rows += 1
        used[row.number] += 1
        fault = _fault(row, people)
        if fault is not None:
            reading.set_aside.append(fault)
            continue
        citation = Citation(source=reading.source, locator=f"{row.at.file}, {row.number}")
        title = titles.get(row.title, row.title)
        if row.served:
            group, seat = together.get(row.number, ((), None))
            place = None if seat is None else register_place(reading, *seat, row.at)
            others = [id for number in group if number != row.number for id in tenures[number]]
            id = _add_tenure(reading, held, row, title, citation, place, others)
            tenures[row.number].append(id)
        if row.dates["appointed"] or not row.served:
            where = f" to {held.name}" if held.to else ""
            _add_nominations(reading, held, row, f"{people[row.person]}, {title}{where}", title, citation)
    for number, times in used.items():
        if times > 1:
            reading.remarks.append(f"the id {number} is given to {times} records; they are told apart by what they say")


def _fault(row: Row, people: dict[str, str]) -> SetAside | None:
    if row.person not in people:
        reason = f"the person {row.person!r} is in no file of people"
        return SetAside(row.at, row.number, "PERSON_UNKNOWN", reason)
    for kind, text in row.dates.items():
        try:
            parse_edtf(text or "2000")
        except Invalid as fault:
            return SetAside(row.at, row.number, fault.code, f"{kind}: {fault.message}")
    began, ended = (row.dates[kind] for kind in ("started", "ended"))
    if began and ended and bounds(ended).le < bounds(began).es:
        reason = f"it ended on {ended}, before it started on {began}; correct it upstream"
        return SetAside(row.at, row.number, "END_BEFORE_START", reason)
    if row.territory and party_of(row.territory) is None:
        reason = f"the territory {row.territory!r} is unknown; add it to territories.toml"
        return SetAside(row.at, row.number, "COUNTRY_UNKNOWN", reason)
    return None


def _add_tenure(
    reading: Reading, held: Held, row: Row, title: str, citation: Citation, seat: str | None, others: list[str]
) -> str:
    day = row.dates["started"] or row.dates["appointed"]
    to = party_of(row.territory or held.to, day.rstrip("~") or None) if row.territory or held.to else None
    tenure = Tenure(
        person=f"person/{row.person}",
        post=held.post,
        holding=_holding(held, row),
        when=_served(row),
        role=title,
        accredited_to=None if to is None else register_party(reading, to, row.at),
        seat=seat,
        concurrent_with=others,
        note=_noted(row),
        external_ids=reading.known_as(row.number),
        citations=[citation],
    )
    return reading.add(f"tenure/{row.person}-{_post_slug(held)}-{day[:4] or 'undated'}", tenure, row.at, row.number)


def _add_nominations(reading: Reading, held: Held, row: Row, title: str, role: str, citation: Citation) -> None:
    if _holding(held, row) is not Holding.SUBSTANTIVE:
        return  # Who acts is designated, not nominated.
    appointed, started = (When(edtf=text) if text else None for text in (row.dates["appointed"], row.dates["started"]))
    found = ladders(row.notes[""], citation, appointed=appointed, took_office=started)
    for number, steps in enumerate(found or [[]], start=1):
        nomination = Nomination(
            nominee=f"person/{row.person}",
            post=held.post,
            title=title,
            role=role,
            steps=steps,
            note=row.notes[""] or None,
            external_ids=reading.known_as(row.number if number == 1 else f"{row.number} ({number})"),
            citations=[citation],
        )
        year = next((step.when.edtf[:4] for step in steps if step.when and step.when.edtf), "undated")
        reading.add(f"nomination/{row.person}-{_post_slug(held)}-{year}", nomination, row.at, row.number)


def _served(row: Row) -> When:
    """From duty to the end. An end that is not given is unknown; where the start is not, the commission stands in."""
    started, ended = row.dates["started"] or row.dates["arrived"], row.dates["ended"]
    if started:
        return When(edtf=period(started, ended))
    if row.dates["appointed"]:
        words = "the day of the commission; that of entering on duty is not given"
        return When(edtf=period(row.dates["appointed"], ended), basis=Basis.INFERRED, wording=words)
    return When(edtf=f"/{ended}") if ended else When(wording="no dates are given")


def _holding(held: Held, row: Row) -> Holding:
    if "ad-interim" in row.title or "pro-tem" in row.title:
        return Holding.AD_INTERIM
    return Holding.ACTING if row.title.startswith("acting") else held.holding


def _noted(row: Row) -> str | None:
    told = [row.notes[""], *(f"{kind}: {row.notes[kind]}" for kind in ("appointed", "arrived", "started", "ended"))]
    return "; ".join(text.rstrip(".") for text in told if text and not text.endswith(": ")) or None


def _post_slug(held: Held) -> str:
    return held.post.partition("/")[2].removeprefix("us-").removeprefix("chief-of-mission-")


def _together(root: Path) -> dict[str, tuple[tuple[str, ...], tuple[str, str] | None]]:
    """Per row the rows held by the same appointment, and the city and party where the holder resided."""
    found = {}
    for element in _roots(root, "concurrent-appointments"):
        group = tuple((each.text or "").strip() for each in element.iterfind("chief-id"))
        city = text_of(element, "resident-at/locale-id").partition("_")[0].replace("-", " ").title()
        party = party_today(text_of(element, "resident-at/contemporary-territory-id"))
        for number in group:
            found[number] = (group, (city, party) if city and party else None)
    return found
