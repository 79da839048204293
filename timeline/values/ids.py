"""The slugs in ids: 'kuala-lumpur' in 'place/kuala-lumpur'."""

from __future__ import annotations

import re
import unicodedata


def slug(text: str, length: int = 80) -> str:
    """The text as the last part of an id, without accents and no longer than asked; '' when it has no Latin letter."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:length].strip("-")
