"""A real browser against a real server: the tests here are skipped, visibly, where there is no Chromium."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import connection
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from core.models import User
from playbooks.models import Task
from tests.committing import committing
from tests.floor import Floor

# Playwright's own event loop runs in this thread; Django's guard against that is for servers.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOW_TO = "no Chromium here: apt-get install chromium (or put one on the PATH), then run the tests again"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason=HOW_TO))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": CHROMIUM, "args": FLAGS}


class Requests:
    """Counts what the server is answering: a browser that is closed does not wait for the answer, our clean-up must."""

    def __init__(self) -> None:
        self.running, self.lock = 0, threading.Lock()
        request_started.connect(self.begin)
        request_finished.connect(self.end)

    def begin(self, **_: Any) -> None:
        with self.lock:
            self.running += 1

    def end(self, **_: Any) -> None:
        with self.lock:
            self.running -= 1

    def wait(self) -> None:
        deadline = time.monotonic() + 10
        while self.running > 0 and time.monotonic() < deadline:
            time.sleep(0.02)


@pytest.fixture(scope="session")
def requests() -> Requests:
    return Requests()


@pytest.fixture
def _django_db_helper(django_db_setup: None, django_db_blocker: DjangoDbBlocker, requests: Requests) -> Iterator[None]:
    """What the mark `django_db` does here: a test commits, so that the server sees it.

    While Playwright's loop runs, Django keeps a connection of its own for it, which nobody else would close.
    """
    with committing(django_db_blocker):
        requests.running = 0
        yield
        requests.wait()
    connection.close()


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[LiveServer]:
    running = LiveServer("localhost")
    yield running
    running.stop()


@pytest.fixture
def floor(_django_db_helper: None, settings: Any, tmp_path: Path) -> Floor:
    settings.CX_DATA_DIR = tmp_path
    return Floor()


@dataclass
class Desk:
    """Somebody at their browser. `errors` holds what the console complained of, but for what a test `provokes`."""

    page: Page
    base: str
    errors: list[str] = field(default_factory=list)
    provokes: str = "status of 4"  # that the server refused something is logged by the browser itself, and not wrong

    def open(self, path: str) -> Any:
        """Go to a page and wait until its scripts run."""
        answer = self.page.goto(self.base + path)
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return answer

    def press(self, key: str, path: str) -> int:
        """Press a key that asks the server for something below `path`; the status of its answer."""
        with self.page.expect_response(lambda answer: path in answer.url) as found:
            self.page.keyboard.press(key)
        found.value.finished()
        return found.value.status

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()


class Desks:
    """Makes desks: each with its own log-in."""

    def __init__(self, new_context: Any, base: str) -> None:
        self.new_context, self.base, self.made = new_context, base, list[Desk]()

    def of(self, user: User, **context: Any) -> Desk:
        opened: BrowserContext = self.new_context(viewport={"width": 1320, "height": 860}, **context)
        opened.set_default_timeout(10_000)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        opened.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.base}])
        desk = Desk(opened.new_page(), self.base)
        self.made.append(desk)
        desk.page.on("console", lambda message: note(desk, message))
        desk.page.on("pageerror", lambda error: desk.errors.append(str(error)))
        return desk


def note(desk: Desk, message: ConsoleMessage) -> None:
    """Keep what went wrong, which a breach of the content security policy is too."""
    if message.type in ("error", "warning") and not re.search(desk.provokes, message.text):
        desk.errors.append(f"{message.text} ({desk.page.url})")


@pytest.fixture
def desks(new_context: Any, server: LiveServer) -> Iterator[Desks]:
    """Whatever a test does with them: nothing may have gone wrong in any of its consoles."""
    made = Desks(new_context, server.url)
    yield made
    assert [error for desk in made.made for error in desk.errors] == []


NAMES = ("Acme Paper", "Bluebell Dental", "Copperfield Tools")


def lay_out(floor: Floor, names: tuple[str, ...] = NAMES) -> list[Task]:
    """Urgent tasks of Ana's in Now, the most valuable first."""
    for number, name in enumerate(names):
        floor.task(account=floor.new_account(name, arr_amount=900_000 - 10_000 * number))
    Task.objects.update(lane="now")
    return list(Task.objects.select_related("account").order_by("-priority"))


@pytest.fixture
def tasks(floor: Floor) -> list[Task]:
    return lay_out(floor)


@pytest.fixture
def desk(floor: Floor, desks: Desks, tasks: list[Task]) -> Desk:
    desk = desks.of(floor.ana)
    desk.open("/queue/")
    return desk
