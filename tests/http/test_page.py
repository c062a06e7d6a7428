"""The page at `/`: what it loads, what it asks, and what somebody sees of it in a browser."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tfcold.http import Limits
from tfcold.http.page import page_of

Running = Any  # of conftest.py, see there
CHROMIUM = os.environ.get("TFCOLD_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="module")
def odd(odd_bundle: Path, serving: Any, titles: dict[str, str]) -> Iterator[Running]:
    with serving(odd_bundle, Limits(poll_seconds=1), titles) as server:
        yield server


# -- without a browser -------------------------------------------------------------------------------------------------


def test_page_loads_nothing_from_elsewhere(toy: Running) -> None:
    answer = toy.client.get("/")
    policy = answer.headers["content-security-policy"]

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+|\bsrc=|<link|@import|url\(", answer.text) == []
    assert re.findall(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", answer.text) == []
    assert re.findall(r'\son\w+="|\sstyle="', answer.text) == []  # the policy would refuse them
    for kind in ("script", "style"):
        (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_script_speaks_of_what_is_there(toy: Running) -> None:
    """Every id that the script looks up is in the page, every path it asks is a route, every field has a label."""
    text = page_of()[0].decode()
    ids = set(re.findall(r'\bid="([\w-]+)"', text))

    assert set(re.findall(r'\bat\("([\w-]+)"\)', text)) <= ids
    assert {"from-text", "from-user", "from-history"} <= ids
    assert set(re.findall(r'<label for="([\w-]+)"', text)) <= ids
    for path in re.findall(r'ask\("(/ui/\w+)', text):
        assert toy.client.get(path).status_code in (200, 405)


def test_what_the_page_asks(toy: Running, odd: Running, titles: dict[str, str]) -> None:
    about = toy.client.get("/ui/about").json()
    assert (about["name"], about["version"], about["sizes"]["items"]) == ("toy", 1, 30)
    assert about["signatures"]["recommend"]["k"] == {"kind": "i", "shape": []}
    assert "recommend_from_text" in odd.client.get("/ui/about").json()["signatures"]

    assert toy.client.get("/ui/users?search=U2").json() == {"users": ["u2", "u20", "u21", "u22", "u23"]}
    assert odd.client.get("/ui/items?search=5th COMET").json()["items"] == [
        {"item_id": "m5", "title": titles["m5"], "is_cold": False},
        {"item_id": "m15", "title": titles["m15"], "is_cold": True},  # every third one is
        {"item_id": "m25", "title": titles["m25"], "is_cold": False},
        {"item_id": "m35", "title": titles["m35"], "is_cold": False},
    ]
    assert len(odd.client.get("/ui/items").json()["items"]) == 20
    described = toy.client.post("/ui/describe", json={"item_id": ["i28", "i1", "é"]}).json()["items"]
    assert [one["is_cold"] for one in described] == [True, False, True]
    assert described[1]["title"]
    assert described[2]["title"] is None


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"item_id": "a"}', b'{"item_id": [1]}', b'{"item_id": [NaN]}', b"{}"]
)
def test_describe_names_a_mistake(toy: Running, content: bytes) -> None:
    answer = toy.client.post("/ui/describe", content=content)

    assert answer.status_code == 400
    assert re.search("`item_id`|JSON", answer.json()["error"])
    assert toy.client.get("/ui/users?search=" + "x" * 201).status_code == 400


# -- in a browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="needs `pip install playwright` to drive a browser")
    with api.sync_playwright() as playwright:
        try:
            # a container's root has no sandbox to give
            running = playwright.chromium.launch(
                executable_path=CHROMIUM, args=FLAGS, chromium_sandbox=os.getuid() != 0
            )
        except api.Error as error:
            pytest.skip(
                f"needs Chromium: install it, or run `playwright install chromium` ({str(error).splitlines()[0]})"
            )
        yield running
        running.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A tab that fails the test if the page logs an error or asks another machine."""
    tab = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    tab.set_default_timeout(20_000)
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    tab.on("request", lambda request: asked.append(request.url))
    yield tab
    tab.close()
    assert [text for text in said if "400 (Bad Request)" not in text and "favicon" not in text] == []
    assert {re.sub(r":\d+/.*", "", url) for url in asked} == {"http://127.0.0.1"}


def rows_of(page: Any) -> list[list[str]]:
    return [row.locator("td").all_text_contents() for row in page.locator("#list tbody tr").all()]


def listed(page: Any) -> list[list[str]]:
    page.get_by_role("button", name="Recommend").click()
    page.locator("#note", has_text=re.compile(r"^\d+ items, ")).wait_for()
    return rows_of(page)


@pytest.mark.slow
def test_sentence_in_a_browser(page: Any, odd: Running, titles: dict[str, str]) -> None:
    """The odd bundle begins at the item after as many places as the text has letters: m3 for `sea`, cold; m4, warm."""
    page.goto(odd.url)
    page.get_by_label("Sentence", exact=True).fill("sea")
    page.get_by_label("How many").fill("3")

    assert listed(page) == [
        ["1", titles["m3"], "m3", "-4.0000", "cold"],
        ["2", titles["m4"], "m4", "-5.0000", "warm"],
        ["3", titles["m5"], "m5", "-6.0000", "warm"],
    ]
    assert page.locator("#note").text_content().startswith("3 items, 1 of them cold")
    assert page.title() == "odd"
    assert page.get_by_label("a user").is_disabled()  # this bundle has no `recommend`


@pytest.mark.slow
def test_titles_are_text_in_a_browser(page: Any, odd: Running, titles: dict[str, str]) -> None:
    page.goto(odd.url)
    page.get_by_label("Sentence", exact=True).fill("x" * 40)  # 40 items: begins at the first

    assert listed(page)[0][1] == titles["m0"]
    assert titles["m0"].startswith("<img src=x onerror=")
    assert page.locator("img").count() == 0
    assert page.title() == "odd"


@pytest.mark.slow
def test_user_and_history_in_a_browser(page: Any, toy: Running) -> None:
    page.goto(toy.url)
    page.get_by_text("holds no encoder").wait_for()
    assert page.get_by_label("a sentence").is_disabled()
    assert page.get_by_label("a user").is_enabled()
    page.get_by_label("User id", exact=True).fill("u1")
    page.get_by_label("How many").fill("5")
    answer = toy.predict({"signature_name": "recommend", "inputs": {"user_id": ["u1"], "k": 5, "exclude": [[]]}})
    outputs = answer.json()["outputs"]

    rows = listed(page)
    assert [row[2] for row in rows] == outputs["item_id"][0]
    assert [float(row[3]) for row in rows] == pytest.approx(outputs["score"][0], rel=1e-4)
    assert all(row[1] != row[2] for row in rows)  # titles of the bundle's own
    page.locator("#users option").first.wait_for(state="attached")

    page.get_by_label("items somebody liked").check()
    assert not page.get_by_label("User id", exact=True).is_visible()
    page.get_by_label("Find an item").fill("i1")
    page.locator("#found button").filter(has_text="(i1)").click()
    page.locator("#found button").filter(has_text="(i11)").click()
    assert page.get_by_label("Item ids").input_value() == "i1\ni11\n"
    asked = {"signature_name": "recommend_from_history", "inputs": {"item_id": [["i1", "i11"]], "k": 5}}
    expected = toy.predict(asked).json()["outputs"]["item_id"][0]
    assert [row[2] for row in listed(page)] == expected


@pytest.mark.slow
def test_mistakes_are_shown_in_a_browser(page: Any, toy: Running) -> None:
    page.goto(toy.url)
    button = page.get_by_role("button", name="Recommend")
    button.click()
    page.get_by_text("Type something first").wait_for()

    page.get_by_label("User id", exact=True).fill("x" * 70_000)
    button.click()
    page.get_by_text("`inputs.user_id[0]` must be at most 65536 bytes").wait_for()
    assert not page.locator("#list").is_visible()

    page.get_by_label("User id", exact=True).fill("u1")
    assert len(listed(page)) == 20
    assert page.get_by_role("alert").text_content() == ""
