"""The environment: what it may say, and that a mistake in it is named and never passed over."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from timeline.api.limits import Limits
from timeline.errors import Invalid
from timeline.rights.oidc import OpenId
from timeline.settings import KNOWN, LIMITS, Settings, from_environment


def test_without_variables_everything_is_as_documented() -> None:
    assert from_environment({"PATH": "/bin"}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("TIMELINE_PORT", "0", "port", 0),
        ("TIMELINE_HOSTS", "timeline.example, www.timeline.example,", "hosts",
         ("timeline.example", "www.timeline.example")),
        ("TIMELINE_CORS_ORIGINS", "https://a.example", "origins", ("https://a.example",)),
        ("TIMELINE_INTROSPECTION", "closed", "introspection", False),
        ("TIMELINE_DOCUMENTS", "/", "documents", Path("/")),
        ("TIMELINE_LOG", "json", "log_json", True),
        ("TIMELINE_LOG_DETAILS", "on", "log_details", True),
    ],
)  # fmt: skip
def test_a_variable_sets_its_field(name: str, text: str, field: str, value: Any) -> None:
    assert getattr(from_environment({name: text}), field) == value


def test_every_limit_is_set_by_a_variable_of_its_name() -> None:
    said = {f"TIMELINE_LIMIT_{each.name.upper()}": str(each.metadata["most"]) for each in fields(Limits)}
    assert set(said) == set(LIMITS)
    limits = from_environment(said).limits
    assert [getattr(limits, each.name) for each in fields(Limits)] == [each.metadata["most"] for each in fields(Limits)]
    assert from_environment({"TIMELINE_LIMIT_SECONDS": "0.5"}).limits.seconds == 0.5


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TIMELINE_PORT", "65536"),
        ("TIMELINE_PORT", "-1"),
        ("TIMELINE_PORT", "٣"),
        ("TIMELINE_PORT", ""),
        ("TIMELINE_INTROSPECTION", "maybe"),
        ("TIMELINE_DOCUMENTS", "no/such/folder"),
        ("TIMELINE_LIMIT_DEPTH", "1"),
        ("TIMELINE_LIMIT_DEPTH", "9.5"),
        ("TIMELINE_LIMIT_SECONDS", "nan"),
        ("TIMELINE_LIMIT_PAGE", "201"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_it_must_be(name: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_environment({name: text})
    assert (refused.value.code, refused.value.path) == ("SETTING_INVALID", (name,))
    assert refused.value.message.endswith({**KNOWN, **LIMITS}[name].must)


@pytest.mark.parametrize("name", ["TIMELINE_PROT", "TIMELINE_LIMIT_BREATH", "TIMELINE_"])
def test_a_misspelt_variable_is_an_error(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_environment({name: "1"})
    assert refused.value.code == "SETTING_UNKNOWN"


ISSUER = "https://login.example"


def test_a_provider_is_its_issuer_its_audience_and_what_else_is_named() -> None:
    said = {"TIMELINE_OIDC_ISSUER": ISSUER, "TIMELINE_OIDC_AUDIENCE": "timeline"}
    assert from_environment(said).openid == OpenId(ISSUER, "timeline")
    more = {"TIMELINE_OIDC_JWKS_URL": f"{ISSUER}/keys", "TIMELINE_OIDC_ROLE_CLAIM": "roles"}
    assert from_environment(said | more).openid == OpenId(ISSUER, "timeline", f"{ISSUER}/keys", "roles")


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({"ISSUER": ISSUER}, "AUDIENCE"),
        ({"ISSUER": ISSUER, "AUDIENCE": ""}, "AUDIENCE"),
        ({"AUDIENCE": "timeline"}, "ISSUER"),
        ({"ROLE_CLAIM": "roles"}, "ISSUER"),
        ({"ISSUER": "http://login.example", "AUDIENCE": "timeline"}, "ISSUER"),
        ({"ISSUER": ISSUER, "AUDIENCE": "timeline", "JWKS_URL": "file:///keys"}, "JWKS_URL"),
    ],
)
def test_half_a_provider_or_one_at_an_unsafe_address_is_an_error(said: dict[str, str], at: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_environment({f"TIMELINE_OIDC_{name}": value for name, value in said.items()})
    assert (refused.value.code, refused.value.path) == ("SETTING_INVALID", (f"TIMELINE_OIDC_{at}",))
