"""Operations of every shape the schema allows, and of none: an answer in JSON, coded errors, nothing to repair."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLNonNull, get_named_type, is_leaf_type
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_graphql import Mode, mutations, nodes, queries

from tests.api.conftest import Client
from tests.fuzz.effort import check, effort
from timeline.api.schema import SCHEMA, print_schema

GRAPH = SCHEMA._schema
ROOT = Path(__file__).parents[2]
EXAMPLES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "queries").glob("*.graphql"))]
DATES = st.sampled_from(["2025-07-11", "2025-06/2025-07", "2025-21", "..", "1985-04~", "Y-1E9S3", "2025-02-30", ""])
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
SCALARS = {
    "EDTF": st.one_of(DATES, WORDS).map(nodes.String),
    "DateTime": st.one_of(st.just("2026-01-01T00:00:00Z"), WORDS).map(nodes.String),
    "JSON": st.one_of(WORDS.map(nodes.String), st.integers().map(nodes.Int), st.just(nodes.Null)),
}
JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=8,
)


@effort(25)
@given(query=queries(print_schema(), custom_scalars=SCALARS, allow_x00=False))
def test_a_query_that_fits_the_schema_is_answered(client: Client, query: str) -> None:
    check(client.post(query))


@effort(10)
@given(query=mutations(print_schema(), custom_scalars=SCALARS, allow_x00=False))
def test_a_mutation_that_fits_the_schema_is_answered(client: Client, query: str) -> None:
    check(client.post(query))


@effort(15)
@given(query=queries(print_schema(), custom_scalars=SCALARS, mode=Mode.NEGATIVE))
def test_a_query_that_nearly_fits_the_schema_is_answered(client: Client, query: str) -> None:
    check(client.post(query))


@effort(60)
@given(data=st.data())
def test_an_example_with_a_piece_of_it_replaced_is_answered(client: Client, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(EXAMPLES))
    at = data.draw(st.integers(0, len(text)))
    upto = data.draw(st.integers(at, min(len(text), at + 20)))
    piece = data.draw(
        st.one_of(st.text(max_size=5), st.sampled_from(["{", "}", "...", '"""', "@include(if: $x)", "#"]))
    )
    check(client.post(text[:at] + piece + text[upto:]))


@effort(100)
@given(query=st.text())
def test_any_text_is_answered(client: Client, query: str) -> None:
    check(client.post(query))


ARGUMENTS = [(name, argument) for name, field in GRAPH.query_type.fields.items() for argument in field.args]  # type: ignore[union-attr]
"""Every argument at the root of the schema."""


@effort(150)
@given(field=st.sampled_from(ARGUMENTS), value=JSONS)
def test_a_variable_of_any_type_is_answered(client: Client, field: tuple[str, str], value: Any) -> None:
    name, argument = field
    declared = GRAPH.query_type.fields[name]  # type: ignore[union-attr]
    below = "" if is_leaf_type(get_named_type(declared.type)) else "{ __typename }"
    given = {
        each: of.type for each, of in declared.args.items() if each == argument or isinstance(of.type, GraphQLNonNull)
    }
    variables = ", ".join(f"${each}: {of}" for each, of in given.items())
    arguments = ", ".join(f"{each}: ${each}" for each in given)
    query = f"query({variables}) {{ {name}({arguments}) {below} }}"
    check(client.post(query, **dict.fromkeys(given, value)))


LISTS = ("timeline", "meetings", "statements", "nominations", "people", "organizations", "places", "posts", "sources")
KEYS = st.lists(st.one_of(st.integers(), st.text(max_size=6), st.none(), st.floats(), st.booleans()), max_size=4)


def encoded(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


@effort(150)
@given(
    name=st.sampled_from(LISTS),
    cursor=st.one_of(
        KEYS.map(encoded),
        st.tuples(st.integers(), st.integers(), st.text(max_size=8)).map(encoded),
        st.tuples(st.text(max_size=8), st.text(max_size=8)).map(encoded),
        st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
        st.text(max_size=30),
    ),
    which=st.sampled_from(["after", "before"]),
)
def test_any_cursor_is_answered(client: Client, name: str, cursor: str, which: str) -> None:
    way = "first" if which == "after" else "last"
    check(client.post(f"query($c: String) {{ {name}({which}: $c, {way}: 2) {{ nodes {{ __typename }} }} }}", c=cursor))


@effort(100)
@given(text=st.one_of(st.text("0123456789-/.,[]{}~?%XYES+:TZ ", max_size=30), st.text(max_size=20)))
@pytest.mark.parametrize("condition", ["during", "before", "after", "publishedBefore"])
def test_any_date_in_a_filter_is_answered(client: Client, condition: str, text: str) -> None:
    check(client.post(f"query($d: EDTF) {{ meetings(filter: {{ {condition}: $d }}) {{ totalCount }} }}", d=text))
