"""The container files, as far as they can be read without a container engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_every_service_says_when_it_is_healthy(compose: Any) -> None:
    assert {name: "test" in service["healthcheck"] for name, service in compose["services"].items()} == {
        "timeline": True,
        "postgres": True,
    }


def test_the_record_is_kept_by_postgresql_18_in_a_volume(compose: Any) -> None:
    postgres = compose["services"]["postgres"]
    assert postgres["image"] == "postgres:18"
    assert postgres["volumes"] == ["record:/var/lib/postgresql"]
    assert "record" in compose["volumes"]


def test_the_service_waits_for_its_database_and_names_it(compose: Any) -> None:
    service = compose["services"]["timeline"]
    assert service["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert re.fullmatch(
        r"postgresql://timeline:\$\{\w+:-\w+\}@postgres/timeline", service["environment"]["TIMELINE_DATABASE_URL"]
    )
    assert service["build"] == "."


def test_whatever_the_image_copies_exists_and_is_let_through() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied, "the Dockerfile copies nothing"
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert set(copied) == let_through


def test_the_image_does_not_run_as_root() -> None:
    last_stage = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER (?!root)\w+$", last_stage, flags=re.MULTILINE)
