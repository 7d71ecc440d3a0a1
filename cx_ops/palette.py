"""What one can go to by typing a few letters: accounts, contacts, tasks, colleagues' queues, screens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from accounts.enums import Stakeholder
from accounts.models import Account, Contact
from accounts.queries.find import find_by_words, find_contacts
from core.context import nav_lines
from core.guards import WORKERS
from core.models import User
from core.templatetags.cx import words_of
from playbooks.models import Task
from playbooks.queries.queue import queue_choices

ACCOUNTS, CONTACTS, TASKS, QUEUES = 8, 8, 5, 5
# Nobody types more than this to find something.
LONGEST = 100


class Hit(NamedTuple):
    """Somewhere to go."""

    icon: str
    title: str
    note: str
    url: str


class Group(NamedTuple):
    """Hits of one sort, under a heading."""

    label: str
    hits: list[Hit]


def find_hits(request: HttpRequest, user: User, text: str) -> list[Group]:
    """Everything that `user` may go to and that has `text` in its name, by sort; without a text, the screens."""
    text = text.strip()[:LONGEST]
    found = find_by_words(user, text, ACCOUNTS + 1)
    accounts = found[:ACCOUNTS]
    rest = [_all_accounts(text)] if len(found) > ACCOUNTS else []
    groups = [
        Group(_("Accounts"), [*(_of_account(account) for account in accounts), *rest]),
        _people(find_contacts(user, text, CONTACTS + 1)),
        Group(_("Tasks"), [_of_task(task) for task in _tasks(user, text, accounts)]),
        Group(_("Queues"), _queues(user, text)),
        Group(_("Screens"), _screens(request, text)),
    ]
    return [group for group in groups if group.hits]


def _of_account(account: Account) -> Hit:
    note = " · ".join(part for part in (words_of(account.tier), account.domain) if part)
    return Hit("accounts", account.name, note, reverse("account", args=[account.pk]))


def _all_accounts(text: str) -> Hit:
    title = _("All accounts with “%(text)s”") % {"text": text}
    return Hit("portfolio", title, _("More than these"), f"{reverse('portfolio')}?{urlencode({'who': '', 'q': text})}")


def _people(found: list[Contact]) -> Group:
    label = (
        _("Contacts")
        if len(found) <= CONTACTS
        else _("Contacts: of your accounts first; more of the name finds others")
    )
    return Group(label, [_of_contact(contact) for contact in found[:CONTACTS]])


def _of_contact(contact: Any) -> Hit:
    """With the account, and what to know before calling them."""
    left, role = contact.shows_left_on, Stakeholder(contact.shows_stakeholder or Stakeholder.UNKNOWN)
    marks = [
        _("left %(day)s") % {"day": formats.date_format(left, "j M Y")} if left else "",
        _("do not contact") if contact.shows_do_not_contact else "",
        str(role.label) if role != Stakeholder.UNKNOWN else "",
    ]
    note = " · ".join([contact.account.name, *filter(None, marks)])
    return Hit("user", contact.shows_name, note, reverse("contact", args=[contact.pk]))


def _tasks(user: User, text: str, accounts: Iterable[Account]) -> Iterable[Task]:
    """Open tasks on the accounts found, and one's own that are called so: few enough to look through."""
    if not text:
        return []
    about = Q(account__in=[account.pk for account in accounts]) | Q(assignee=user, title__icontains=text)
    tasks = Task.objects.active().filter(about).visible_to(user).select_related("account", "source", "assignee")
    return tasks.order_by("due_at", "pk")[:TASKS]


def _of_task(task: Task) -> Hit:
    note = f"{task.about} · {task.assignee or _('nobody yet')}"
    return Hit("queue", task.title, note, reverse("task", args=[task.pk]))


def _queues(user: User, text: str) -> list[Hit]:
    """Queues of colleagues and teams, for those who may open them."""
    if not text or (user.role not in WORKERS and not user.is_superuser):
        return []
    named = [(key, label) for key, label in queue_choices(user) if _is_in(text, label)]
    url = reverse("queue")
    return [Hit("user", label, _("Queue"), f"{url}?who={key}") for key, label in named[:QUEUES]]


def _screens(request: HttpRequest, text: str) -> list[Hit]:
    lines: list[dict[str, Any]] = nav_lines(request)
    return [Hit(line["icon"], str(line["label"]), "", line["url"]) for line in lines if _is_in(text, line["label"])]


def _is_in(text: str, label: object) -> bool:
    return text.casefold() in str(label).casefold()
