"""What the frame of every page shows: the main navigation and the person."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from core.enums import Role
from core.guards import DOERS, LEADS, OPS, PEOPLE, WORKERS

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class Entry(NamedTuple):
    """One line of the navigation. `below`: the name of the line that it unfolds under while one is there."""

    label: _StrOrPromise
    name: str
    icon: str
    roles: tuple[Role, ...]
    key: str = ""
    section: _StrOrPromise = ""
    below: str = ""


ENTRIES = (
    Entry(_("Queue"), "queue", "queue", DOERS, "g q"),
    Entry(_("Portfolio"), "portfolio", "portfolio", PEOPLE, "g a"),
    Entry(_("Renewals"), "renewals", "revenue", PEOPLE, "g r"),
    Entry(_("Segments"), "segments", "accounts", PEOPLE, "g s"),
    Entry(_("Watch list"), "watch_list", "eye", WORKERS, "g w"),
    Entry(_("Recently closed"), "closed", "history", DOERS, "g c"),
    Entry(_("Mailbox"), "mailbox", "mail", PEOPLE),
    Entry(_("Imports"), "imports", "import", (*LEADS,), "g d", _("Data")),
    Entry(_("Waiting rows"), "parked", "clock", LEADS, "", _("Data"), below="imports"),
    Entry(_("Sources"), "sources", "data", LEADS, "g f", _("Data")),
    Entry(_("Webhooks"), "webhooks", "arrow-right", LEADS, "", _("Data"), below="sources"),
    Entry(_("API tokens"), "tokens", "lock", OPS, "", _("Data"), below="sources"),
    Entry(_("Weekly review"), "weekly", "journey", LEADS, "", _("Data")),
    Entry(_("Readiness"), "readiness", "check", LEADS, "", _("Data")),
    Entry(_("Doubtful pairs"), "review", "help", (Role.MANAGER, Role.OPS), "", _("Data")),
    Entry(_("Privacy"), "privacy", "user", (Role.MANAGER, Role.OPS), "", _("Data")),
    Entry(_("System health"), "health", "check-circle", OPS, "", _("Data")),
    Entry(_("Quarantine"), "quarantine", "offline", OPS, "", _("Data"), below="health"),
    Entry(_("Dead letters"), "dead_letters", "alert", OPS, "", _("Data"), below="health"),
    Entry(_("Ownership matrix"), "ownership", "matrix", LEADS, "g o", _("Policies")),
    Entry(_("Authority"), "authority", "shield", LEADS, "g b", _("Policies")),
    Entry(_("Who is believed"), "field_policies", "filter", LEADS, "", _("Policies")),
    Entry(_("Proof"), "proof", "proof", (Role.LEADER,), "g p", _("Manage")),
    Entry(_("Team"), "team", "team", LEADS, "g t", _("Manage")),
    Entry(_("House rules"), "house_rules", "note", LEADS, "g h", _("Manage")),
    Entry(_("Audit trail"), "audit", "ticket", LEADS, "", _("Manage")),
    Entry(_("Alerts"), "alerts", "flag", LEADS, "", _("Manage")),
    Entry(_("Back office"), "admin:index", "settings", (Role.MANAGER, Role.OPS), "", _("Manage")),
)


def frame(request: HttpRequest) -> dict[str, object]:
    """The context of templates/base.html for somebody who is signed in; nothing for anybody else."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {
        "nav": SimpleLazyObject(lambda: unfolded(nav_lines(request))),  # a part of a page has none
        "user_label": str(user),
        "user_role": user.title or user.get_role_display(),
        "keys": "on" if user.single_keys else "off",
        "search_url": reverse("search"),
    }


def nav_lines(request: HttpRequest) -> list[dict[str, object]]:
    """The screens that somebody who is signed in may open, in the order of the navigation."""
    lines = [_line(entry) for entry in ENTRIES if _is_for(entry, request.user)]
    around = [line for line in lines if request.path.startswith(str(line["url"])) and line["url"] != "/"]
    if around:  # the nearest: a screen may have its address under another's
        max(around, key=lambda line: len(str(line["url"])))["current"] = True
    return lines


def unfolded(lines: list[dict[str, object]]) -> list[dict[str, object]]:
    """The lines without those that hang below another one, unless somebody is there."""
    here = {line["below"] or line["name"] for line in lines if line["current"]}
    return [line for line in lines if not line["below"] or line["below"] in here]


def _is_for(entry: Entry, user: object) -> bool:
    if entry.name == "mailbox" and settings.EMAIL_HOST:  # messages leave, none stays here
        return False
    if entry.name.startswith("admin:"):
        return bool(getattr(user, "is_staff", False))
    return getattr(user, "role", "") in entry.roles or bool(getattr(user, "is_superuser", False))


def _line(entry: Entry) -> dict[str, object]:
    try:
        url = reverse(entry.name)
    except NoReverseMatch:
        url = "/"
    return {
        "name": entry.name,
        "label": entry.label,
        "below": entry.below,
        "url": url,
        "icon": entry.icon,
        "key": entry.key,
        "section": entry.section,
        "current": False,
    }
