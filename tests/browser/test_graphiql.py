"""GraphiQL in a real browser, from our own origin only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from starlette.applications import Starlette

from tests.api.conftest import SECRETS, bearer, client_on
from timeline.values.roles import Role
from timeline.web import graphiql

RUN = re.compile("^Execute query")
TABS = [
    "TrilateralMeetings",
    "KoreaAndTheUnitedStates",
    "InProgress",
    "WhoSpokeForSouthKorea",
    "ForeignMinister",
    "UnnamedSpeakers",
    "FivePercent",
    "OnOneDay",
    "AsOf",
    "LiveFeed",
]


def test_the_page_at_the_root_leads_to_graphiql(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="GraphiQL").click()
    expect(page).to_have_url(re.compile("/graphiql$"))
    expect(page).to_have_title("Timeline GraphiQL")
    expect(page.get_by_role("tab").first).to_be_visible()


def test_every_example_has_a_tab_named_after_its_operation(page: Page) -> None:
    page.goto("/graphiql")
    expect(page.locator(".graphiql-tab-button")).to_have_text(TABS)


def test_the_first_example_is_answered_with_one_click(page: Page) -> None:
    page.goto("/graphiql")
    page.get_by_role("button", name=RUN).click()
    answer = page.get_by_label("Result Window")
    expect(answer).to_contain_text("Kuala Lumpur")
    expect(answer).to_contain_text("Park Yoon-joo")


def test_an_example_runs_with_its_variables(page: Page) -> None:
    page.goto("/graphiql")
    page.get_by_role("button", name="InProgress").click()
    page.wait_for_timeout(2_000)  # GraphiQL takes a moment to read the name of a tab's operation.
    expect(page.get_by_label("Variables").first).to_contain_text("2025-07-10")
    page.get_by_role("button", name=RUN).click()
    expect(page.get_by_label("Result Window")).to_contain_text("meeting/alliance-consultations")


def test_the_live_feed_runs_over_a_websocket(page: Page) -> None:
    page.goto("/graphiql")
    page.get_by_role("button", name="LiveFeed").click()
    page.wait_for_timeout(2_000)  # GraphiQL takes a moment to read the name of a tab's operation.
    page.get_by_role("button", name=RUN).click()
    expect(page.get_by_label("Result Window")).to_contain_text('"position": 47')


def test_a_link_may_bring_its_own_query(page: Page) -> None:
    page.goto("/graphiql?query=query%20Asked%20%7B%20places%20%7B%20nodes%20%7B%20name%20%7D%20%7D%20%7D")
    expect(page.get_by_role("tab", name="Asked")).to_be_visible()
    page.get_by_role("button", name=RUN).click()
    answer = page.get_by_label("Result Window")
    expect(answer).to_contain_text("Kuala Lumpur")
    expect(answer).to_contain_text("Seoul")


UNMERGE = """mutation Unmerge {
  unmerge(input: { appendId: "browser", id: "meeting/seoul-trichod", reason: "it was not merged" }) {
    version userErrors { code role }
  }
}"""


def test_a_token_in_the_headers_lets_its_holder_write_and_is_forgotten_with_the_page(page: Page) -> None:
    page.goto(f"/graphiql?query={quote(UNMERGE)}")
    page.get_by_role("button", name=RUN).click()
    answer = page.get_by_label("Result Window")
    expect(answer).to_contain_text("FORBIDDEN")
    page.get_by_role("button", name="Headers").click()
    page.locator('.monaco-editor[data-uri$="headers.json"]').click()
    page.keyboard.insert_text(json.dumps({"Authorization": bearer(Role.EDITOR)["authorization"]}))
    page.get_by_role("button", name=RUN).click()
    expect(answer).to_contain_text('"userErrors": []')
    assert SECRETS[Role.EDITOR] not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")


@pytest.mark.parametrize(("path", "ours"), [("/", "body"), ("/graphiql", "header")])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_ours_on_a_page_is_accessible(page: Page, path: str, ours: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    page.locator("a").first.wait_for()
    found = Axe().run(page, context=ours).response["violations"]
    assert [(each["id"], each["help"]) for each in found if each["impact"] in ("serious", "critical")] == []


def test_the_workers_check_a_query_as_it_is_written(page: Page) -> None:
    page.goto("/graphiql?query=%7B%20noSuchField%20%7D")
    expect(page.locator(".graphiql-query-editor .squiggly-error")).to_be_visible()


def test_the_way_out_of_the_editor_is_told_and_works(page: Page) -> None:
    page.goto("/graphiql")
    expect(page.get_by_text("Tab stays in the editor")).to_be_visible()
    editor = page.locator(".graphiql-query-editor .monaco-editor").first
    editor.click()
    page.keyboard.press("Control+m")
    page.keyboard.press("Tab")
    assert not editor.evaluate("node => node.contains(document.activeElement)")


def test_without_its_bundle_the_page_says_how_to_build_it(tmp_path: Path) -> None:
    with client_on(Starlette(routes=graphiql.routes(list, bundle=tmp_path))) as client:
        answer = client.request("GET", "/graphiql")
    assert answer.status_code == 503
    assert "python3 dev.py ui" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_files_are_kept_for_ever_under_an_address_of_their_content(tmp_path: Path) -> None:
    addresses = []
    for content in ("one", "two"):
        (tmp_path / "main.js").write_text(content)
        with client_on(Starlette(routes=graphiql.routes(list, bundle=tmp_path))) as client:
            (address,) = re.findall(r'src="([^"]+/main\.js)"', client.request("GET", "/graphiql").text)
            answer = client.request("GET", address, headers={"accept-encoding": "identity"})
            assert (answer.text, "immutable" in answer.headers["cache-control"]) == (content, True)
            addresses.append(address)
            others = [
                client.request("GET", path).status_code for path in (addresses[0], address.replace("main.js", "x.py"))
            ]
    assert addresses[0] != addresses[1]
    assert others == [404, 404]
