"""GraphiQL in a real browser, from our own origin only."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.testclient import TestClient

from timeline.web import graphiql

RUN = re.compile("^Execute query")


def test_the_page_at_the_root_leads_to_graphiql(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="GraphiQL").click()
    expect(page).to_have_url(re.compile("/graphiql$"))
    expect(page).to_have_title("Timeline GraphiQL")
    expect(page.get_by_role("tab").first).to_be_visible()


def test_an_example_runs_with_its_variables(page: Page) -> None:
    page.goto("/graphiql")
    expect(page.get_by_role("tab", name="MeetingsOfACountry")).to_be_visible()
    expect(page.get_by_role("tab", name="TwoPlaces")).to_be_visible()
    page.get_by_role("button", name=RUN).click()
    expect(page.get_by_label("Result Window")).to_contain_text("Trilateral meeting with KR")


def test_a_link_may_bring_its_own_query(page: Page) -> None:
    page.goto("/graphiql?query=query%20Asked%20%7B%20places%20%7D")
    expect(page.get_by_role("tab", name="Asked")).to_be_visible()
    page.get_by_role("button", name=RUN).click()
    expect(page.get_by_label("Result Window")).to_contain_text("Kuala Lumpur")


def test_the_workers_check_a_query_as_it_is_written(page: Page) -> None:
    page.goto("/graphiql?query=%7B%20noSuchField%20%7D")
    expect(page.locator(".graphiql-query-editor .squiggly-error")).to_be_visible(timeout=15_000)


def test_the_way_out_of_the_editor_is_told_and_works(page: Page) -> None:
    page.goto("/graphiql")
    expect(page.get_by_text("Tab stays in the editor")).to_be_visible()
    editor = page.locator(".graphiql-query-editor .monaco-editor").first
    editor.click()
    page.keyboard.press("Control+m")
    page.keyboard.press("Tab")
    assert not editor.evaluate("node => node.contains(document.activeElement)")


def test_without_its_bundle_the_page_says_how_to_build_it(tmp_path: Path) -> None:
    answer = TestClient(Starlette(routes=graphiql.routes(list, bundle=tmp_path))).get("/graphiql")
    assert answer.status_code == 503
    assert "python3 dev.py ui" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_files_are_kept_for_ever_under_an_address_of_their_content(tmp_path: Path) -> None:
    addresses = []
    for content in ("one", "two"):
        (tmp_path / "main.js").write_text(content)
        client = TestClient(Starlette(routes=graphiql.routes(list, bundle=tmp_path)))
        (address,) = re.findall(r'src="([^"]+/main\.js)"', client.get("/graphiql").text)
        answer = client.get(address, headers={"accept-encoding": "identity"})
        assert (answer.text, "immutable" in answer.headers["cache-control"]) == (content, True)
        addresses.append(address)
    assert addresses[0] != addresses[1]
    assert client.get(addresses[0]).status_code == 404
    assert client.get(addresses[1].replace("main.js", "conftest.py")).status_code == 404
