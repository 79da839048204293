"""No secret is committed: detect-secrets looks through every file that git holds; what it knows of is no secret."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt", "bench/requirements.txt")
"""Files of hashes, which look like keys; so do the locks of npm."""
PLACEHOLDERS = {"password", "timeline", "secret"}
"""What stands for a password in documents: postgresql://user:password@host/name."""
KNOWN = {
    ("tests/api/test_limits.py", "Secret Keyword"),  # Words that must not be seen in answers.
    ("tests/edge/test_guard.py", "Secret Keyword"),
    ("tests/rights/test_oidc.py", "JSON Web Token"),
}
"""What was looked at and is no secret."""


def found_in(paths: list[str]) -> list[tuple[str, str]]:
    found = SecretsCollection()
    with default_settings():
        for path in paths:
            found.scan_file(path)
    return [(path, secret.type) for path, secret in found if secret.secret_value not in PLACEHOLDERS]


def is_known(path: str, kind: str) -> bool:
    # Tests compare hashes, roots and published vectors, which are as random as keys are.
    return (path, kind) in KNOWN or (path.startswith("tests/") and kind.endswith("High Entropy String"))


def test_no_file_of_the_repository_holds_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no checkout of git")
    files = [path for path in listed.stdout.splitlines() if path not in LOCKS and not path.endswith("-lock.json")]
    assert len(files) > 200
    assert [each for each in found_in(files) if not is_known(*each)] == []


@pytest.mark.parametrize(
    "secret",
    ["AKIA" + "IOSFODNN7EXAMPLE", "-----BEGIN " + "PRIVATE KEY-----", "https://desk:" + "hunter22@example.org"],
)
def test_a_secret_would_be_found(tmp_path: Path, secret: str) -> None:
    (tmp_path / "notes.py").write_text(f"key = '{secret}'\n")
    assert found_in([str(tmp_path / "notes.py")]) != []
