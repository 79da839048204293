"""The environment, read once into one frozen value. Nothing below `app` knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from timeline.api.limits import Limits
from timeline.errors import Invalid
from timeline.log.checkpoint import Trust
from timeline.log.keys import SigningKey, read_keys, read_vkeys
from timeline.rights.oidc import OpenId, check_address

DEFAULT_DATABASE = "sqlite:///timeline.db"
LIMIT = "TIMELINE_LIMIT_"
TESTS = "TIMELINE_TEST_"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the record lies, where the service listens, whom it answers, what it tells and what may be asked."""

    database_url: str = DEFAULT_DATABASE
    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()
    """The names under which the service may be asked for; whatever is asked for if empty."""
    origins: tuple[str, ...] = ()
    """The other origins whose pages may ask."""
    proxies: tuple[str, ...] = ()
    """The addresses whose word on the client's own address is taken."""
    reading_open: bool = True
    """Whether the public may read; else reading needs a credential, too."""
    openid: OpenId | None = None
    """The provider whose tokens are believed."""
    introspection: bool = True
    documents: Path | None = None
    """A folder of documents that clients ask by their SHA-256."""
    documents_only: bool = False
    kept_answers_mb: int = 32
    """How much memory answers may take that are kept until something is recorded; 0 keeps none."""
    log_json: bool = False
    log_requests: bool = False
    log_details: bool = False
    limits: Limits = field(default_factory=Limits)
    log_key: str | None = field(default=None, repr=False)
    """Private keys that sign checkpoints, one a line."""
    log_key_file: str | None = None
    log_vkeys: str | None = None
    """Public keys with which checkpoints were signed earlier."""
    checkpoint_seconds: int = 60
    checkpoint_file: Path | None = None
    """Where the last checkpoint is kept outside the database."""

    def signing_keys(self) -> list[SigningKey]:
        """The keys that sign for the log; none where none are set. Raises `Invalid`."""
        return read_keys(self.log_key, self.log_key_file)

    def trust(self) -> Trust:
        """By what checkpoints of the log are judged: its keys, earlier ones, and the copy that is kept outside."""
        own = [key.public for key in self.signing_keys()]
        return Trust((*own, *read_vkeys(self.log_vkeys)), self.checkpoint_file)


@dataclass(frozen=True, slots=True)
class Variable:
    """The field that a variable of the environment sets, how it is read, and what it must be."""

    field: str
    read: Callable[[str], Any]
    must: str = ""


def _number(least: float, most: float, kind: type = int) -> tuple[Callable[[str], Any], str]:
    def read(text: str) -> Any:
        value = kind(text) if text.isascii() and text.replace(".", "", kind is float).isdigit() else None
        if value is None or not least <= value <= most:
            raise ValueError
        return value

    return read, f"{least:g} to {most:g}" if most < 1e6 else f"{least:g} to {most:,.0f}"


def _one_of(**values: Any) -> tuple[Callable[[str], Any], str]:
    return values.__getitem__, " or ".join(values)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _folder(text: str) -> Path:
    folder = Path(text)
    if not folder.is_dir():
        raise ValueError
    return folder


SWITCH = _one_of(on=True, off=False)
KNOWN = {
    "TIMELINE_DATABASE_URL": Variable("database_url", str),
    "TIMELINE_HOST": Variable("host", str),
    "TIMELINE_PORT": Variable("port", *_number(0, 65535)),
    "TIMELINE_HOSTS": Variable("hosts", _list),
    "TIMELINE_CORS_ORIGINS": Variable("origins", _list),
    "TIMELINE_TRUSTED_PROXIES": Variable("proxies", _list),
    "TIMELINE_READING": Variable("reading_open", *_one_of(open=True, closed=False)),
    "TIMELINE_INTROSPECTION": Variable("introspection", *_one_of(open=True, closed=False)),
    "TIMELINE_DOCUMENTS": Variable("documents", _folder, "a folder that exists"),
    "TIMELINE_DOCUMENTS_ONLY": Variable("documents_only", *SWITCH),
    "TIMELINE_KEPT_ANSWERS_MB": Variable("kept_answers_mb", *_number(0, 100_000)),
    "TIMELINE_LOG": Variable("log_json", *_one_of(text=False, json=True)),
    "TIMELINE_LOG_REQUESTS": Variable("log_requests", *SWITCH),
    "TIMELINE_LOG_DETAILS": Variable("log_details", *SWITCH),
    "TIMELINE_LOG_KEY": Variable("log_key", str),
    "TIMELINE_LOG_KEY_FILE": Variable("log_key_file", str),
    "TIMELINE_LOG_VKEYS": Variable("log_vkeys", str),
    "TIMELINE_CHECKPOINT_SECONDS": Variable("checkpoint_seconds", *_number(0, 86_400)),
    "TIMELINE_CHECKPOINT_FILE": Variable("checkpoint_file", Path),
}
OPENID_PREFIX = "TIMELINE_OIDC_"
OPENID = {f"{OPENID_PREFIX}{each.name.upper()}": Variable(each.name, str) for each in fields(OpenId)}
LIMITS = {
    f"{LIMIT}{each.name.upper()}": Variable(
        each.name, *_number(each.metadata["least"], each.metadata["most"], type(each.default))
    )
    for each in fields(Limits)
}


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Settings from TIMELINE_ variables. An unknown one is an error: a misspelt name must not be passed over."""
    settings = {**KNOWN, **OPENID}
    for name in environment:
        if name.startswith("TIMELINE_") and not name.startswith(TESTS) and name not in {**settings, **LIMITS}:
            known = f"{', '.join(settings)} and {LIMIT}...: {', '.join(each.name.upper() for each in fields(Limits))}"
            raise Invalid("SETTING_UNKNOWN", f"{name} is no setting; there are {known}", (name,))
    found = _read(KNOWN, environment)
    return Settings(**found, openid=_openid(environment), limits=Limits(**_read(LIMITS, environment)))


def _openid(environment: Mapping[str, str]) -> OpenId | None:
    """The provider that is believed; None when none is named. A half of it would believe everybody or nobody."""
    found = _read(OPENID, environment)
    if not found:
        return None
    for name in ("issuer", "audience"):
        if not found.get(name):
            message = f"{OPENID_PREFIX}{name.upper()} is missing; a provider needs its issuer and an audience"
            raise Invalid("SETTING_INVALID", message, (f"{OPENID_PREFIX}{name.upper()}",))
    for name in ("issuer", "jwks_url"):
        check_address(found.get(name, found["issuer"]), f"{OPENID_PREFIX}{name.upper()}")
    return OpenId(**found)


def _read(variables: Mapping[str, Variable], environment: Mapping[str, str]) -> dict[str, Any]:
    """What the environment says for these variables."""
    found = {}
    for name, variable in variables.items():
        if name in environment:
            try:
                found[variable.field] = variable.read(environment[name])
            except (ValueError, KeyError):
                message = f"{name} is {environment[name]!r}; it must be {variable.must}"
                raise Invalid("SETTING_INVALID", message, (name,)) from None
    return found


def shipped(name: str) -> Path:
    """A folder that comes with the software: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).parent
    inside = package / "_shipped" / name
    return inside if inside.is_dir() else package.parent / name
