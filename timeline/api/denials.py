"""How it is answered when a credential is missing, wrong or cannot be checked: a status, a challenge, a coded error."""

from __future__ import annotations

from typing import Any

from timeline.errors import Denied

STATUS = {"ISSUER_UNAVAILABLE": 503, "CREDENTIAL_WITHOUT_ROLE": 403, "FORBIDDEN": 403}
"""The HTTP status of a denial; 401 for all others."""
CHALLENGES = {"CREDENTIAL_MISSING": "", "CREDENTIAL_MALFORMED": ', error="invalid_request"'}
RETRY_SECONDS = "5"


def status_of(denied: Denied) -> int:
    """The HTTP status."""
    return STATUS.get(denied.code, 401)


def errors_of(denied: Denied) -> list[dict[str, Any]]:
    """The denial as the errors of a GraphQL answer."""
    return [{"message": denied.message, "extensions": {"code": denied.code}}]


def headers_of(denied: Denied) -> dict[str, str]:
    """What a client needs to do better: RFC 6750's challenge, or when to come back."""
    if status_of(denied) == 503:
        return {"Retry-After": RETRY_SECONDS}
    if status_of(denied) != 401:
        return {}
    return {"WWW-Authenticate": f'Bearer realm="timeline"{CHALLENGES.get(denied.code, ", error=" + INVALID)}'}


INVALID = '"invalid_token"'
