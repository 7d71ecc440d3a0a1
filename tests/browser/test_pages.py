"""Every screen, from the addresses: as it opens, refused, overtaken, with each of its dialogs, without scripts.

Nothing that axe finds in light and dark, no control without a name, nothing too wide on a phone or at 200 %, no error
in the console.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.test import Client
from django.urls import resolve, reverse
from playwright.sync_api import Locator

from tests.browser.conftest import Desk, Desks
from tests.browser.looking import barriers, faults, faults_of_dialog, is_too_wide
from tests.floor import Floor, signed_in
from tests.integration.test_access import objects_of
from tests.pages import ROLES, addresses, first_role, person, route_of
from tests.routes import ROUTES

# A reader sees a page without what others may change on it; who that is, is the last of ROLES that may open it.
READER = ROLES[-1]
# What a form sends in which nothing was filled in.
EMPTY = {"csrfmiddlewaretoken": "sent"}
# What a form that was filled in long ago sends: fields of every form, and a version that is over.
STALE = {
    "version": "999", "seen": "0", "outcome": "lost", "reason": "They said so.", "note": "They said so.",
    "preset": "day", "day": "2099-01-01", "next_step_on": "2099-01-01",
}  # fmt: skip
# Some of the dialogs there are, so that looking at all of them cannot come to look at none.
DIALOGS = {"task_snooze", "task_hand_over", "task_wait", "task_skip", "task_merge", "task_take_over", "queue_filter"}
AT_LEAST = {
    422: {"task_close", "task_snooze", "task_hand_over", "tokens", "preferences", "new_task"},
    409: {"task_close", "task_snooze", "task_wait"},
}
KINDS = "() => [...document.querySelectorAll('main *')].map((element) => element.tagName + element.className)"
OPENERS = "[data-dialog], [hx-target='#dialog-content']"


def test_every_page(floor: Floor, desks: Desks) -> None:
    """As the first who may open it, and as a reader where that shows something else."""
    paths, shown, wrong = addresses(floor), dict[str, set[str]](), {}
    for role in ROLES:
        desk = desks.of(person(floor, role))
        for name, path in paths.items():
            if role == first_role(name) or (role == READER and role in route_of(name).roles):
                assert desk.open(path).status == 200, path
                kinds = set(desk.page.evaluate(KINDS))
                if not kinds <= shown.get(name, set()) and (found := faults(desk)):
                    wrong[role, path] = found
                shown[name] = kinds
        desk.page.context.close()
    assert wrong == {}


def refused(client: Client, path: str, data: dict[str, str], status: int) -> Any:
    """The answer to a form, if it has this status; nothing is kept."""
    with transaction.atomic():
        answer = client.post(path, data)
        transaction.set_rollback(True)
    return answer if answer.status_code == status else None


def show(desk: Desk, path: str, answer: Any) -> None:
    """Look at an answer as the browser would have got it."""
    headers = {"Content-Type": "text/html", "Content-Security-Policy": answer["Content-Security-Policy"]}
    desk.page.route(desk.base + path, lambda route: route.fulfill(body=answer.content, headers=headers), times=1)
    desk.open(path)


def test_every_form_refused_and_overtaken(floor: Floor, desks: Desks) -> None:
    """The forms are those that answer so; `AT_LEAST` are some of them, so that this cannot come to look at none."""
    objects, wrong = objects_of(floor, floor.new_account("Bluebell Dental")), {}
    seen: dict[int, set[str]] = {422: set(), 409: set()}
    for role in ROLES:
        desk, client = desks.of(person(floor, role)), signed_in(person(floor, role))
        for name in (name for name in ROUTES if first_role(name) == role):
            path = reverse(name, kwargs=objects.get(ROUTES[name].of, {}))
            for data, status in ((EMPTY, 422), (STALE, 409)):
                if (answer := refused(client, path, data, status)) is None:
                    continue
                seen[status].add(name)
                show(desk, path, answer)
                if found := barriers(desk):
                    wrong[path, status] = found
        desk.page.context.close()
    assert wrong == {}
    assert {status: AT_LEAST[status] - seen[status] for status in seen} == {422: set(), 409: set()}


def openers(desk: Desk) -> list[Locator]:
    """The controls of the page that open a dialog, each once."""
    found = desk.page.locator("main").locator(OPENERS).all()
    return [opener for opener in found if opener.is_visible()]


def opens(opener: Locator) -> str:
    """What dialog it opens: the name of its address, or its id."""
    address = opener.get_attribute("hx-get")
    return resolve(urlsplit(address).path).url_name or "" if address else str(opener.get_attribute("data-dialog"))


def look_at_dialogs(desk: Desk, seen: set[str]) -> dict[str, list[str]]:
    """What is wrong with the dialogs of the page as it stands, but those `seen`, which these then are too."""
    wrong = {}
    for number in range(len(openers(desk))):
        opener = openers(desk)[number]
        if (name := opens(opener)) in seen:
            continue
        seen.add(name)
        opener.click()
        desk.page.locator("dialog:modal").wait_for()
        if found := faults_of_dialog(desk):
            wrong[name] = found
        desk.page.keyboard.press("Escape")
        desk.page.locator("dialog:modal").wait_for(state="detached")
    return wrong


def test_every_dialog(floor: Floor, desks: Desks) -> None:
    """Of every page that opens some, by each who works there; those of the frame are the same everywhere."""
    paths, seen, wrong = addresses(floor), set[str](), {}
    for role in ("csm", "manager", "ops"):
        desk, client = desks.of(person(floor, role)), signed_in(person(floor, role))
        for name, path in paths.items():
            if role in route_of(name).roles and has_openers(client.get(path)):
                desk.open(path)
                wrong |= look_at_dialogs(desk, seen)
        desk.page.context.close()
    assert wrong == {}
    assert seen >= DIALOGS


def has_openers(answer: Any) -> bool:
    """Whether the page itself, without its frame, may open a dialog."""
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return "data-dialog" in main or "#dialog-content" in main


def test_the_dialogs_of_the_frame(floor: Floor, desks: Desks) -> None:
    wrong = {}
    desk = desks.of(person(floor, "csm"))
    for key in ("?", "Control+k"):
        desk.open("/queue/")
        desk.page.keyboard.press(key)
        desk.page.locator("dialog:modal").wait_for()
        if found := faults_of_dialog(desk):
            wrong[key, 0] = found
        desk.page.keyboard.press("Escape")
    desk.page.evaluate("document.querySelector('#confirm-dialog').showModal()")
    if found := faults_of_dialog(desk):
        wrong["confirm", 0] = found
    assert wrong == {}


def test_every_page_without_scripts(floor: Floor, desks: Desks) -> None:
    """Each shows its heading and nothing that only scripts can use."""
    paths, wrong = addresses(floor), []
    for role in ROLES:
        page = desks.of(person(floor, role), java_script_enabled=False).page
        for name, path in paths.items():
            if role != first_role(name):
                continue
            page.goto(desks.base + path)
            if not page.locator("h1").first.is_visible() or page.locator(".needs-js:visible").count():
                wrong.append(path)
        page.context.close()
    assert wrong == []


def test_on_a_phone_the_list_and_the_task_are_two_pages(floor: Floor, desks: Desks) -> None:
    task = floor.task()
    desk = desks.of(floor.ana)
    desk.page.set_viewport_size({"width": 360, "height": 780})
    desk.open(f"/queue/?lane={task.lane}")
    assert not desk.page.locator("#task-title").is_visible()
    desk.page.locator(".row").first.click()
    desk.page.locator("#task-title").wait_for(state="visible")
    assert not desk.page.locator("#rows").is_visible()
    assert not is_too_wide(desk)
    desk.page.locator(".back a").click()
    desk.page.wait_for_url(f"**/queue/?lane={task.lane}#task-{task.pk}")
    assert desk.page.locator(f"#task-{task.pk}").is_visible()


def test_signed_out_pages(floor: Floor, desks: Desks) -> None:
    desk = desks.of(floor.ana)
    desk.page.context.clear_cookies()
    desk.open("/queue/")
    assert "/login/?next=/queue/" in desk.page.url
    assert faults(desk) == []
    desk.page.fill("#id_username", "ana")
    desk.page.fill("#id_password", "wrong")
    desk.page.keyboard.press("Enter")
    desk.page.locator(".notice.error, .error-summary").first.wait_for()
    assert barriers(desk) == []
    desk.page.fill("#id_username", "ana")
    desk.page.fill("#id_password", "correct horse battery")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**/queue/")
