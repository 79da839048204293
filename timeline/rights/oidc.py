"""Tokens of an OpenID Connect provider: JWTs that it signs, checked with the keys that it publishes.

The keys are fetched off the event loop, by one request at a time, and kept. A token signed with a key not known yet,
as after a rotation, makes them be fetched again, at most once in `AGAIN_SECONDS`: made-up key ids cost the provider
nothing. While it cannot be reached, keys that were fetched within the hour are still believed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKClientError, PyJWKSet

from timeline.errors import Denied, Invalid
from timeline.values.roles import Role, Viewer

log = logging.getLogger("timeline.rights")
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Only those in which the provider alone can sign: whoever can check an HMAC can also make one."""
KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
ROLE_CLAIM = "timeline_role"
LEEWAY_SECONDS = 30
"""How far the provider's clock and ours may be apart."""
FRESH_SECONDS = 300.0
BELIEVED_SECONDS = 3600.0
AGAIN_SECONDS = 10.0
TIMEOUT_SECONDS = 5.0
MAX_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class OpenId:
    """Which provider is believed: its issuer, for whom its tokens must be meant, and where they tell the role."""

    issuer: str
    audience: str
    jwks_url: str | None = None
    """Where its keys are; read from the issuer's configuration if unset."""
    role_claim: str = ROLE_CLAIM


class OpenIdProvider:
    """A provider as it is asked. Raises `Invalid` for addresses that others on the way could answer for."""

    def __init__(self, asked: OpenId, clock: Callable[[], float] = time.monotonic) -> None:
        for url in (asked.issuer, *([asked.jwks_url] if asked.jwks_url else [])):
            check_address(url)
        self.asked = asked
        self.clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._fetching = asyncio.Lock()

    async def viewer_of(self, token: str) -> Viewer:
        """Who shows this token. Raises `Denied`."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            _refuse("it is no JSON Web Token")
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            _refuse(f"its algorithm is {algorithm!r}; accepted are {', '.join(ALGORITHMS)}")
        if not isinstance(kid, str):
            _refuse("it does not name the key it is signed with (kid)")
        key = await self._key(kid)
        if key is None:
            _refuse("the provider has no such key")
        if key.key_type != KEY_TYPES[algorithm[:2]] or _declared(key) not in (None, algorithm):
            _refuse("its key is not for its algorithm")
        return self._viewer(self._claims(token, key, algorithm))

    def _claims(self, token: str, key: PyJWK, algorithm: str) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=self.asked.audience,
                issuer=self.asked.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise Denied("CREDENTIAL_EXPIRED", "the token has expired; ask its provider for a new one") from None
        except jwt.PyJWTError as fault:
            _refuse(str(fault))

    def _viewer(self, claims: dict[str, Any]) -> Viewer:
        subject = claims["sub"]
        if not subject.isprintable() or not 0 < len(subject) <= MAX_SUBJECT:
            _refuse(f"its subject is empty, not printable or longer than {MAX_SUBJECT} characters")
        roles = [role for role in Role if role.value.lower() in _named(claims, self.asked.role_claim)]
        if not roles:
            names = ", ".join(role.value.lower() for role in Role)
            message = f"the token's claim {self.asked.role_claim!r} names no role; it must be one of {names}"
            raise Denied("CREDENTIAL_WITHOUT_ROLE", message)
        return Viewer(f"oidc:{subject}", roles[-1])

    async def _key(self, kid: str) -> PyJWK | None:
        """The key of this id; None when the provider has none."""
        if self._is_due(kid):
            async with self._fetching:
                if self._is_due(kid):
                    await self._fetch()
        if self._fetched is None or self.clock() - self._fetched > BELIEVED_SECONDS:
            raise Denied("ISSUER_UNAVAILABLE", "the provider's keys cannot be had just now; try again in a moment")
        return self._keys.get(kid)

    def _is_due(self, kid: str) -> bool:
        """Whether the keys are to be fetched: none yet, old ones, or this one is unknown; never at once after a try."""
        now = self.clock()
        if self._tried is not None and now - self._tried < AGAIN_SECONDS:
            return False
        return self._fetched is None or now - self._fetched > FRESH_SECONDS or kid not in self._keys

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(2 * TIMEOUT_SECONDS):
                self._keys = await asyncio.to_thread(self._published)
            self._fetched = self.clock()
        except Exception as fault:
            # Whatever it was, it is the provider's: the operator is told, and callers by ISSUER_UNAVAILABLE.
            log.warning("the keys of %s cannot be fetched: %s", self.asked.issuer, fault or type(fault).__name__)
        self._tried = self.clock()

    def _published(self) -> dict[str, PyJWK]:
        """The provider's keys for signatures, by their ids."""
        url = self.asked.jwks_url or self._configured()
        keys = PyJWKSet.from_dict(_json(url)).keys
        return {
            key.key_id: key
            for key in keys
            if key.key_id and key.public_key_use in (None, "sig") and key.key_type in KEY_TYPES.values()
        }

    def _configured(self) -> str:
        """Where the keys are, by the issuer's own configuration."""
        found = _json(f"{self.asked.issuer.rstrip('/')}/.well-known/openid-configuration")
        url = found.get("jwks_uri")
        if found.get("issuer") != self.asked.issuer or not isinstance(url, str):
            raise PyJWKClientError("its configuration is of another issuer, or names no keys")
        check_address(url)
        return url


def _json(url: str) -> dict[str, Any]:
    """A JSON object from this address, without following it elsewhere."""
    found: dict[str, Any] = PyJWKClient(url, cache_jwk_set=False, timeout=TIMEOUT_SECONDS).fetch_data()
    return found


def _declared(key: PyJWK) -> str | None:
    """The algorithm that the key is published for, if it says so."""
    return key._jwk_data.get("alg")


def _named(claims: dict[str, Any], claim: str) -> set[str]:
    """The names in a claim: a text or a list; 'realm_access.roles' is a claim of that name, or 'roles' in the other."""
    value: Any = claims
    for step in [claim] if claim in claims else claim.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    values = value if isinstance(value, list) else [value]
    return {each.lower().removeprefix("timeline-") for each in values if isinstance(each, str)}


def check_address(url: str, name: str = "url") -> None:
    """Raises `Invalid` for an address at which somebody on the way could answer in the provider's place."""
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) not in (("http", "127.0.0.1"), ("http", "localhost")):
        raise Invalid("SETTING_INVALID", f"{url!r} is no address of a provider; it must begin with https://", (name,))


def _refuse(reason: str) -> NoReturn:
    raise Denied("CREDENTIAL_INVALID", f"the token is not accepted: {reason}")
