"""What was measured, kept as it comes, so that a run that was cut off goes on where it ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Results:
    """A file of results by key."""

    def __init__(self, path: Path, *, forgetful: bool = False) -> None:
        self.path = path
        self.forgetful = forgetful
        self.found: dict[str, Any] = json.loads(path.read_text()) if path.exists() and not forgetful else {}

    def has(self, key: str, peers: Sequence[str]) -> bool:
        """Whether this was measured for all of these."""
        return key in self.found and set(peers) <= self.found[key]["rounds"].keys()

    def put(self, key: str, found: Any) -> None:
        """Keep a result at once."""
        self.found[key] = found
        if not self.forgetful:
            self.path.write_text(json.dumps(self.found, indent=1))
