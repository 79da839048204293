"""Where the shared example data lies; tests that need it are skipped on a machine without it, never in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public-domain data beside the checkout."""
    if not SHARED.is_dir():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs the shared data beside the checkout")
    return SHARED
