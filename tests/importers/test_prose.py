"""What sentences about nominations become, step by step; what no rule names stays text."""

from __future__ import annotations

import pytest

from timeline.importers.prose import ladders
from timeline.values.facts import Citation, When

CITED = Citation(source="source/s", locator="l")
APPOINTED, ON_DUTY = "1861-03-20", "1861-07-01"


def told(text: str, appointed: str | None = None, took_office: str | None = None) -> list[list[str]]:
    dates = [None if text is None else When(edtf=text) for text in (appointed, took_office)]
    found = ladders(text, CITED, appointed=dates[0], took_office=dates[1])
    return [[f"{step.step} {step.when.edtf if step.when else '-'}" for step in steps] for steps in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Nomination of March 15, 2007, withdrawn on June 6, 2007.",
            [["NOMINATED 2007-03-15", "WITHDRAWN 2007-06-06"]],
        ),
        ("Nominated Mar. 22, 2007.", [["NOMINATED 2007-03-22"]]),
        ("Not commissioned; nomination withdrawn before the Senate acted upon it.", [["NOMINATED -", "WITHDRAWN -"]]),
        ("Nomination of July 11, 1989, not acted upon by the Senate.", [["NOMINATED 1989-07-11", "LAPSED -"]]),
        ("Not commissioned; nomination tabled by the Senate.", [["NOMINATED -", "LAPSED -"]]),
        (
            "Not commissioned; nomination of February 1844 rejected by the Senate in June 1844.",
            [["NOMINATED 1844-02", "REJECTED 1844-06"]],
        ),
        ("Nomination returned without confirmation, January 2, 2013.", [["NOMINATED -", "RETURNED 2013-01-02"]]),
        (
            "Nomination of May 12, 1992, not acted upon by the Senate. Renominated January 5, 1993. "
            "Nomination withdrawn January 20, 1993.",
            [["NOMINATED 1992-05-12", "LAPSED -"], ["NOMINATED 1993-01-05", "WITHDRAWN 1993-01-20"]],
        ),
        ("Took part in the reception. Died before his nomination came up.", []),
        ("Reached Central America, but returned to the United States without presenting credentials.", []),
    ],
)
def test_each_nomination_that_a_sentence_tells_of_has_its_steps(text: str, expected: list[list[str]]) -> None:
    assert told(text) == expected


def test_a_recess_appointment_has_the_date_of_the_commission_and_comes_before_the_consent() -> None:
    text = "Commissioned during a recess of the Senate; recommissioned on August 3, 1861, after confirmation."
    assert told(text, APPOINTED, ON_DUTY) == [
        ["APPOINTED 1861-03-20", "TOOK_OFFICE 1861-07-01", "CONFIRMED -", "APPOINTED 1861-08-03"]
    ]


def test_who_declined_was_appointed_and_never_took_office() -> None:
    assert told("Declined appointment.", APPOINTED, ON_DUTY) == [["APPOINTED 1861-03-20", "DECLINED -"]]


def test_dates_alone_make_the_steps_where_there_is_no_prose() -> None:
    assert told("", APPOINTED, ON_DUTY) == [["APPOINTED 1861-03-20", "TOOK_OFFICE 1861-07-01"]]


def test_a_step_cites_the_sentence_that_tells_of_it() -> None:
    text = "Served at Rio. Nomination of May 12, 1992, withdrawn on May 14, 1992. Died at home."
    (steps,) = ladders(text, CITED, appointed=None, took_office=None)
    assert {step.citation and step.citation.quote for step in steps} == {
        "Nomination of May 12, 1992, withdrawn on May 14, 1992."
    }
