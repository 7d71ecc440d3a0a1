"""What a page weighs as it is served, and how often it asks the database; `-rP` prints it page by page.

Styles and scripts count compressed, as the server sends them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from tests.floor import Floor, signed_in
from tests.pages import PAGES, addresses, first_role, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("uploads")]

KB = 1000
STYLES, SCRIPTS, PAGE = 10 * KB, 25 * KB, 120 * 1024
QUERIES = 12
# Pages of more parts than that, each with the most it may ask. The list may only shrink.
MORE_QUERIES = {"account": 28}
# What every page shares; the rest of STYLES is for the screen's own.
SHARED_STYLES = 7 * KB
STORAGE = {**settings.STORAGES, "staticfiles": {"BACKEND": "cx_ops.style_sheets.StyleSheetStorage"}}
FILE = re.compile(r'"/static/([^"#]+)')
CLASSES = re.compile(r'class="([^"]*)"')
RULE = re.compile(r"\.([a-z][\w-]*)")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The static files as an installation serves them."""
    root = tmp_path_factory.mktemp("static")
    with override_settings(STORAGES=STORAGE, STATIC_ROOT=root):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield root


@pytest.fixture
def pages(collected: Path, floor: Floor) -> dict[str, str]:
    """The HTML of every page by name, as sent to the first who may open it."""
    browsers = {role: signed_in(person(floor, role)) for role in {first_role(name) for name in PAGES}}
    found = {name: browsers[first_role(name)].get(path) for name, path in addresses(floor).items()}
    return {name: answer.content.decode() for name, answer in found.items()}


def test_no_page_asks_the_database_often(floor: Floor) -> None:
    browsers = {role: signed_in(person(floor, role)) for role in {first_role(name) for name in PAGES}}
    often = {}
    for name, path in addresses(floor).items():
        browsers[first_role(name)].get(path)  # what is kept in the process is there by now
        with CaptureQueriesContext(connection) as asked:
            browsers[first_role(name)].get(path)
        print(f"{name:20} {len(asked):2} queries")  # noqa: T201 - the table
        if len(asked) > MORE_QUERIES.get(name, QUERIES):
            often[name] = len(asked)
    assert often == {}


def sent(file: Path) -> int:
    """The bytes of a file as sent to a browser that takes gzip."""
    compressed = file.with_name(file.name + ".gz")
    return (compressed if compressed.exists() else file).stat().st_size


def test_no_page_is_heavier_than_its_bar(pages: dict[str, str], collected: Path) -> None:
    heavy = []
    for name, html in pages.items():
        sizes = {file: sent(collected / file) for file in set(FILE.findall(html))}
        styles = sum(size for file, size in sizes.items() if file.endswith(".css"))
        scripts = sum(size for file, size in sizes.items() if file.endswith(".js"))
        page = len(html.encode()) + sum(sizes.values())
        print(f"{name:20} CSS {styles:6,}  JavaScript {scripts:6,}  page {page:7,}")  # noqa: T201 - the table
        assert styles > 0, name
        assert scripts > 0, name
        if styles > STYLES or scripts > SCRIPTS or page > PAGE:
            heavy.append(name)
    assert heavy == []


def test_what_all_pages_share_leaves_room_for_the_screens_own(collected: Path) -> None:
    [shared] = collected.glob("css/app.*.css")
    assert sent(shared) <= SHARED_STYLES


def test_every_page_loads_the_rules_of_what_it_shows(pages: dict[str, str], collected: Path) -> None:
    """A class that has rules in some sheet has them in one that the page loads."""
    rules = {str(file.relative_to(collected)): classes_of(file) for file in collected.glob("css/**/*.css")}
    styled = set[str]().union(*rules.values())
    bare = {}
    for name, html in pages.items():
        loaded = set[str]().union(*(rules.get(file, set()) for file in FILE.findall(html)))
        shown = {word for words in CLASSES.findall(html) for word in words.split()}
        if missing := shown & styled - loaded:
            bare[name] = missing
    assert bare == {}, "add the sheet that holds these to the block `styles` of the page"


def classes_of(file: Path) -> set[str]:
    return set(RULE.findall(file.read_text()))
