"""Trips of presidents and secretaries of state abroad, as the Office of the Historian publishes them.

A stop becomes a meeting of one party: the United States, by the traveller, at the place. That the host took part is
not stated row by row, so it is not claimed; what was done there stands in the summary, in the words of the source.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from timeline.importers.foreign import At, Reading, files_under, release_of
from timeline.importers.territories import party_of, register_place
from timeline.importers.xml_source import Element, read_xml, text_of
from timeline.values.facts import (
    Meeting,
    Name,
    Organization,
    Participation,
    Person,
    Post,
    Source,
    Tenure,
    When,
)
from timeline.values.ids import slug
from timeline.values.vocabulary import Capacity, Classification, Holding, Level

SCHEME = "historyatstate-travels"
PEOPLE = "historyatstate-people"
PRESIDENTS = "historyatstate-presidents"
PUBLISHER = "organization/us-office-of-the-historian"
ROLES = {"president": ("President", Level.HEAD_OF_STATE), "secretary": ("Secretary of State", Level.MINISTER)}
TOPIC = "foreign trip"


class Trip(NamedTuple):
    """One row, as it stands in the file."""

    number: str
    role: str
    who: str
    name: str
    start: str
    end: str
    country: str
    country_name: str
    locale: str
    remarks: str


def read(root: Path, release: str | None = None) -> Reading:
    """The trips below a folder. Raises `Refused` when it holds none."""
    files = files_under(root, "*-travels/*.xml", "name the folder that holds president-travels and secretary-travels")
    presidents = root / "presidents" / "presidents.xml"
    release = release or release_of([*files, presidents] if presidents.exists() else files, root)
    reading = Reading(SCHEME, release, f"source/{SCHEME}-{slug(release)}")
    register_source(reading, "Travels Abroad of the President and the Secretary of State", At(files[0].name, 1))
    if presidents.exists():
        _read_presidents(reading, presidents, str(presidents.relative_to(root)))
    rows = []
    for file in files:
        name = str(file.relative_to(root))
        rows += [(_trip(element), At(name, element.sourceline)) for element in read_xml(file, name).iter("trip")]
    reading.rows = len(rows)
    for trip, at in rows:
        _add(reading, trip, at)
    _report_alike(reading, rows)
    return reading


def register_source(reading: Reading, title: str, at: At) -> None:
    """The release as a source of ours, and its publisher."""
    publisher = Organization(
        names=[Name(text="Office of the Historian, US Department of State", language="en")],
        classification=Classification.EXECUTIVE,
        party="US",
    )
    reading.support(PUBLISHER, publisher, at)
    source = Source(title=f"{title}, release {reading.release}", publisher=PUBLISHER, language="en")
    reading.support(reading.source, source, at)


def _trip(element: Element) -> Trip:
    country = element.find("country")
    return Trip(
        number=text_of(element, "id"),
        role=element.get("role", ""),
        who=element.get("who", ""),
        name=text_of(element, "name"),
        start=text_of(element, "start-date"),
        end=text_of(element, "end-date"),
        country="" if country is None else country.get("id", ""),
        country_name=text_of(element, "country"),
        locale=text_of(element, "locale"),
        remarks=text_of(element, "remarks"),
    )


def _add(reading: Reading, trip: Trip, at: At) -> None:
    party = party_of(trip.country, trip.start)
    if party is None:
        reason = f"the country {trip.country!r} ({trip.country_name}) is unknown; add it to territories.toml"
        reading.aside(at, trip.number, "COUNTRY_UNKNOWN", reason)
    elif trip.role not in ROLES or not trip.who:
        reading.aside(at, trip.number, "TRAVELLER_UNKNOWN", f"{trip.role!r} {trip.who!r} is no traveller known here")
    elif trip.end and trip.end < trip.start:
        reading.aside(at, trip.number, "END_BEFORE_START", f"it ends on {trip.end}, before it begins on {trip.start}")
    else:
        cities = [city.strip() for city in trip.locale.split(",") if city.strip()]
        place, *others = dict.fromkeys(register_place(reading, city, party, at) for city in cities or [""])
        role, level = ROLES[trip.role]
        traveller = Participation(
            party="US",
            person=_traveller(reading, trip, at),
            role=role,
            capacity=Capacity.HEAD_OF_DELEGATION,
            level=level,
        )
        content = Meeting(
            title=f"{trip.name} in {trip.locale or trip.country_name}",
            when=When(edtf=period(trip.start, trip.end)),
            place=place,
            also_at=others,
            parties=[traveller],
            topics=[TOPIC],
            summary=trip.remarks or None,
            external_ids=reading.known_as(trip.number),
            citations=reading.cite(f"{at.file}, trip {trip.number}"),
        )
        where = slug(trip.locale or trip.country, 40)
        reading.add(f"meeting/{trip.role}-{trip.who}-{trip.start}-{where}", content, at, trip.number)


def period(start: str, end: str) -> str:
    """From day to day in EDTF; an end that is not given is unknown."""
    return start if start == end else f"{start}/{end}"


def _traveller(reading: Reading, trip: Trip, at: At) -> str:
    if trip.role == "president":
        id, scheme = f"person/president-{trip.who}", PRESIDENTS
    else:
        id, scheme = f"person/{trip.who}", PEOPLE
    names = [Name(text=trip.name)]
    return reading.support(id, Person(names=names, party="US", external_ids=reading.known_as(trip.who, scheme)), at)


def _read_presidents(reading: Reading, file: Path, name: str) -> None:
    post = "post/us-president"
    root = read_xml(file, name)
    reading.support(
        post,
        Post(names=[Name(text="President of the United States", language="en")], party="US", level=Level.HEAD_OF_STATE),
        At(name, root.sourceline),
    )
    for element in root.iter("president"):
        at, who = At(name, element.sourceline), text_of(element, "id")
        born, died = text_of(element, "birth-year"), text_of(element, "death-year")
        person = Person(
            names=[Name(text=text_of(element, "name"))],
            party="US",
            note=f"born {born}" + (f", died {died}" if died else ""),
            external_ids=reading.known_as(who, PRESIDENTS),
            citations=reading.cite(name),
        )
        # The same man can be president twice, years apart.
        id = reading.support(f"person/president-{who}", person, at)
        took, left = (text_of(element, f"{verb}-office-date") for verb in ("took", "left"))
        is_serving = element.find("left-office-date[@still-in-office]") is not None
        tenure = Tenure(
            person=id,
            post=post,
            holding=Holding.SUBSTANTIVE,
            when=When(edtf=f"{took}/{left or ('..' if is_serving else '')}"),
            external_ids=reading.known_as(f"president {element.get('n')}"),
            citations=reading.cite(f"{name}, president {element.get('n')}"),
        )
        reading.add(f"tenure/president-{who}-{took[:4]}", tenure, at, f"president {element.get('n')}")


def _report_alike(reading: Reading, rows: list[tuple[Trip, At]]) -> None:
    """Two rows of one traveller, on the same days in the same place: entered twice, or two purposes of one stop."""
    alike: dict[tuple[str, ...], list[tuple[Trip, At]]] = defaultdict(list)
    for trip, at in rows:
        alike[trip.who, trip.start, trip.end, trip.country, trip.locale].append((trip, at))
    for several in alike.values():
        if len(several) > 1:
            is_twice = len({trip.remarks for trip, _ in several}) == 1
            which = " and ".join(f"{at} (trip {trip.number})" for trip, at in several)
            verdict = "the same in every word, entered twice?" if is_twice else "the same stop, other remarks"
            reading.remarks.append(f"{which}: {verdict}")
