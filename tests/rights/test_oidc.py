"""Tokens of an OpenID Connect provider: believed only when signed, issued, meant and dated as they must be."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.rights.provider import AUDIENCE, TestProvider, provider
from timeline.errors import Denied, Invalid
from timeline.rights.oidc import AGAIN_SECONDS, BELIEVED_SECONDS, FRESH_SECONDS, OpenId, OpenIdProvider
from timeline.values.roles import Role, Viewer

EDITOR = Viewer("oidc:u-1", Role.EDITOR)


@pytest.fixture
def issuer() -> Iterator[TestProvider]:
    with provider() as serving:
        yield serving


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def shown(asked: OpenIdProvider, *tokens: str) -> list[Viewer | str]:
    """Who shows these tokens, or the codes of the denials."""

    async def judge(token: str) -> Viewer | str:
        try:
            return await asked.viewer_of(token)
        except Denied as denied:
            return denied.code

    async def judge_all() -> list[Viewer | str]:
        return list(await asyncio.gather(*map(judge, tokens)))

    return asyncio.run(judge_all())


def believing(issuer: TestProvider, clock: Callable[[], float] = time.monotonic, **more: Any) -> OpenIdProvider:
    return OpenIdProvider(OpenId(issuer.issuer, AUDIENCE, f"{issuer.issuer}/keys", **more), clock)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_token_that_the_provider_signed_says_who_asks(issuer: TestProvider, algorithm: str) -> None:
    issuer.add("other", algorithm)
    assert shown(believing(issuer), issuer.token("other")) == [EDITOR]


def test_the_address_of_the_keys_is_read_from_the_configuration_of_the_issuer(issuer: TestProvider) -> None:
    assert shown(OpenIdProvider(OpenId(issuer.issuer, AUDIENCE)), issuer.token()) == [EDITOR]
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


def test_a_configuration_of_another_issuer_is_not_believed(issuer: TestProvider) -> None:
    asked = OpenIdProvider(OpenId(f"{issuer.issuer}/", AUDIENCE))
    assert shown(asked, issuer.token(iss=f"{issuer.issuer}/")) == ["ISSUER_UNAVAILABLE"]


NOW = int(time.time())
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://elsewhere.example"}, "CREDENTIAL_INVALID"),
    "no issuer": ({"iss": None}, "CREDENTIAL_INVALID"),
    "meant for another": ({"aud": "other"}, "CREDENTIAL_INVALID"),
    "meant for nobody": ({"aud": None}, "CREDENTIAL_INVALID"),
    "no expiry": ({"exp": None}, "CREDENTIAL_INVALID"),
    "expired": ({"exp": NOW - 3600}, "CREDENTIAL_EXPIRED"),
    "not valid yet": ({"nbf": NOW + 3600}, "CREDENTIAL_INVALID"),
    "issued in the future": ({"iat": NOW + 3600}, "CREDENTIAL_INVALID"),
    "no subject": ({"sub": None}, "CREDENTIAL_INVALID"),
    "an empty subject": ({"sub": ""}, "CREDENTIAL_INVALID"),
    "a subject that is a line of its own": ({"sub": "a\nb"}, "CREDENTIAL_INVALID"),
    "no role": ({"timeline_role": None}, "CREDENTIAL_WITHOUT_ROLE"),
    "a role that we do not know": ({"timeline_role": ["owner", 7, None]}, "CREDENTIAL_WITHOUT_ROLE"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_signed_token_that_is_not_for_us_and_for_now_is_refused(issuer: TestProvider, case: str) -> None:
    claims, code = WRONG[case]
    assert shown(believing(issuer), issuer.token(**claims)) == [code]


def test_clocks_may_be_a_little_apart_and_several_may_be_meant(issuer: TestProvider) -> None:
    now = int(time.time())
    a_little = issuer.token(exp=now - 15, nbf=now + 15, iat=now + 15, aud=["other", AUDIENCE])
    assert shown(believing(issuer), a_little) == [EDITOR]


def parts(*pieces: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(piece).rstrip(b"=").decode() for piece in pieces)


def test_a_token_without_a_signature_is_refused(issuer: TestProvider) -> None:
    claims = json.dumps(issuer.claims()).encode()
    headers = [{"alg": name, "kid": "one"} for name in ("none", "None", "NONE", "")]
    tokens = [parts(json.dumps(header).encode(), claims, b"") for header in headers]
    assert shown(believing(issuer), *tokens) == ["CREDENTIAL_INVALID"] * 4
    head, body, _ = issuer.token().split(".")
    assert shown(believing(issuer), f"{head}.{body}.") == ["CREDENTIAL_INVALID"]


def test_the_public_key_is_no_secret_for_an_hmac(issuer: TestProvider) -> None:
    """The old confusion: the public key, which everybody has, used as the shared secret of HS256."""
    public = issuer.keys["one"][1].public_key()
    claims = json.dumps(issuer.claims()).encode()
    forged = []
    for shape in (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1):
        for size in ("256", "384", "512"):
            signed = parts(json.dumps({"alg": f"HS{size}", "kid": "one"}).encode(), claims)
            made = hmac.new(public.public_bytes(Encoding.PEM, shape), signed.encode(), getattr(hashlib, f"sha{size}"))
            forged.append(f"{signed}.{parts(made.digest())}")
    assert shown(believing(issuer), *forged) == ["CREDENTIAL_INVALID"] * 6


def test_a_shared_secret_among_the_published_keys_signs_nothing(
    issuer: TestProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = base64.urlsafe_b64encode(b"x" * 32).decode()
    keys = {"keys": [*issuer.published()["keys"], {"kty": "oct", "k": secret, "kid": "shared"}]}
    monkeypatch.setattr(issuer, "published", lambda: keys)
    signed = parts(json.dumps({"alg": "RS256", "kid": "shared"}).encode(), json.dumps(issuer.claims()).encode())
    forged = f"{signed}.{parts(hmac.new(b'x' * 32, signed.encode(), hashlib.sha256).digest())}"
    assert shown(believing(issuer), forged, issuer.token()) == ["CREDENTIAL_INVALID", EDITOR]


def test_a_key_signs_only_what_it_is_published_for(issuer: TestProvider) -> None:
    issuer.add("curve", "ES256")
    mine = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer.keys["stranger"] = ("RS256", mine)
    stranger = issuer.token("stranger", {"kid": "one"})
    crossed = issuer.token("one", {"kid": "curve"})
    del issuer.keys["stranger"]
    kept = issuer.keys["one"]
    issuer.keys["one"] = ("RS512", kept[1])
    other = issuer.token("one")
    issuer.keys["one"] = kept
    assert shown(believing(issuer), stranger, crossed, other, issuer.token()) == ["CREDENTIAL_INVALID"] * 3 + [EDITOR]


@pytest.mark.parametrize("token", ["a.b.c", "..", "é.é.é", "eyJhbGciOiJSUzI1NiJ9.e30.AA", "W10.W10.W10"])
def test_what_is_no_token_is_refused_and_asks_the_provider_for_nothing(issuer: TestProvider, token: str) -> None:
    assert shown(believing(issuer), token) == ["CREDENTIAL_INVALID"]
    assert issuer.asked == []


@pytest.mark.parametrize(
    ("claim", "said", "role"),
    [
        ("timeline_role", {"timeline_role": "Admin"}, Role.ADMIN),
        ("timeline_role", {"timeline_role": ["reader", "contributor", "x"]}, Role.CONTRIBUTOR),
        ("roles", {"roles": ["timeline-editor"]}, Role.EDITOR),
        ("realm_access.roles", {"realm_access": {"roles": ["reader"]}}, Role.READER),
        ("https://timeline.example/role", {"https://timeline.example/role": "editor"}, Role.EDITOR),
    ],
)
def test_the_role_is_the_highest_that_the_claim_names(
    issuer: TestProvider, claim: str, said: dict[str, Any], role: Role
) -> None:
    token = issuer.token(**{"timeline_role": None, **said})
    assert shown(believing(issuer, role_claim=claim), token) == [Viewer("oidc:u-1", role)]


def test_keys_are_fetched_once_for_many_tokens_at_once(issuer: TestProvider) -> None:
    assert shown(believing(issuer), *[issuer.token() for _ in range(20)]) == [EDITOR] * 20
    assert issuer.asked == ["/keys"]


def test_a_new_key_is_fetched_when_a_token_names_it_and_an_old_one_is_forgotten(issuer: TestProvider) -> None:
    clock = Clock()
    asked = believing(issuer, clock)
    old = issuer.token()
    assert shown(asked, old) == [EDITOR]
    del issuer.keys["one"]
    issuer.add("two")
    clock.now += AGAIN_SECONDS
    assert shown(asked, issuer.token("two")) == [EDITOR]
    assert shown(asked, old) == ["CREDENTIAL_INVALID"]
    assert len(issuer.asked) == 2


def test_made_up_key_ids_do_not_make_the_keys_be_fetched_again_and_again(issuer: TestProvider) -> None:
    clock = Clock()
    asked = believing(issuer, clock)
    made_up = [issuer.token(headers={"kid": f"k{number}"}) for number in range(5)]
    assert shown(asked, *made_up) == ["CREDENTIAL_INVALID"] * 5
    clock.now += AGAIN_SECONDS - 1
    assert shown(asked, *made_up) == ["CREDENTIAL_INVALID"] * 5
    assert issuer.asked == ["/keys"]


def test_a_provider_that_is_down_is_told_as_that_and_asked_again_later(issuer: TestProvider) -> None:
    clock = Clock()
    asked = believing(issuer, clock)
    issuer.is_down = True
    assert shown(asked, issuer.token(), issuer.token()) == ["ISSUER_UNAVAILABLE"] * 2
    issuer.is_down = False
    assert shown(asked, issuer.token()) == ["ISSUER_UNAVAILABLE"]
    assert issuer.asked == ["/keys"]
    clock.now += AGAIN_SECONDS
    assert shown(asked, issuer.token()) == [EDITOR]


def test_while_the_provider_is_down_its_keys_are_believed_for_an_hour(issuer: TestProvider) -> None:
    clock = Clock()
    asked = believing(issuer, clock)
    assert shown(asked, issuer.token()) == [EDITOR]
    issuer.is_down = True
    clock.now += FRESH_SECONDS + 1
    assert shown(asked, issuer.token()) == [EDITOR]
    clock.now += BELIEVED_SECONDS
    assert shown(asked, issuer.token()) == ["ISSUER_UNAVAILABLE"]
    assert len(issuer.asked) == 3


@pytest.mark.parametrize("url", ["http://issuer.example", "file:///etc/passwd", "ftp://x", "issuer.example", ""])
def test_a_provider_is_asked_only_where_nobody_on_the_way_can_answer_for_it(url: str) -> None:
    with pytest.raises(Invalid):
        OpenIdProvider(OpenId(url, AUDIENCE))
