"""Texts that name a person, elsewhere than in columns of their own: each with where it stands, and its page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.services.scrubbing import Found, Word, leaves
from playbooks.models import Task

OF_TASK = "SELECT account_id FROM playbooks_task AS t WHERE t.id = task_id"
# What is not a person's place, in the words of the screens.
CALLED = {
    "accounts_account": _("Accounts"),
    "accounts_activity": _("Other activities"),
    "accounts_contact": _("Other contacts"),
    "accounts_contactevent": _("Contacts as they were before"),
    "accounts_accountevent": _("Accounts as they were before"),
    "accounts_event": _("Other events"),
    "accounts_fieldvalue": _("What sources said"),
    "core_act": _("Audit trail"),
    "core_alert": _("Alerts"),
    "insights_insight": _("Other insights"),
    "intake_record": _("Other records as they arrived"),
    "intake_recordkey": _("Keys of records that arrived"),
    "core_mail": _("Mailbox"),
    "playbooks_effect": _("E-mails of playbooks"),
    "playbooks_task": _("Tasks"),
    "playbooks_tasknote": _("Notes on tasks"),
    "playbooks_taskevent": _("Earlier wording of tasks"),
    "accounts_erasure": _("The reason given for an erasure"),
}
# The page that shows a row, and the column that its address is made of; others are looked for on their account's.
PAGES = {
    "accounts_contact": ("contact", "id"),
    "insights_insight": ("decision", "id"),
    "playbooks_task": ("task", "id"),
    "playbooks_taskevent": ("task", "pgh_obj_id"),
    "playbooks_tasknote": ("task", "task_id"),
}
# What a row is known by, told before the words that name the person.
KNOWN_BY = {
    "accounts_activity": ("summary",),
    "accounts_fieldvalue": ("field",),
    "core_mail": ("subject",),
    "intake_record": ("kind", "external_id"),
    "playbooks_effect": ("subject",),
}
MOMENTS = (
    "at", "happened_at", "landed_at", "sent_at", "raised_at", "received_at", "observed_at", "scored_at", "opened_at",
    "prepared_at", "pgh_created_at", "created_at", "recorded_at",
)  # fmt: skip


class Text(NamedTuple):
    """A row that names the person: what kind it is, when it is of, its words that name them, and the columns they
    stand in. `account` is empty where it is on none; `url` where no page shows it."""

    table: str
    label: str
    at: datetime | None
    words: str
    columns: dict[str, Any]
    account: str
    url: str


def account_columns() -> dict[str, str]:
    """By table the expression that says on which account a row is."""
    tables = {model._meta.db_table: column for model in apps.get_models() if (column := _column(model))}
    return tables | {Account._meta.db_table: "id"}


def _column(model: type[Model]) -> str:
    for name, to, column in (("account", Account, "account_id"), ("task", Task, OF_TASK)):
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            continue
        if getattr(field, "column", None) == f"{name}_id" and field.related_model is to:
            return column
    return ""


def texts_of(found: Iterable[Found], words: Sequence[Word], taken: Mapping[str, Collection[str]]) -> list[Text]:
    """What was found, to be read, but for the rows of `taken`: by table the keys of those that have a place."""
    keys = {model._meta.db_table: getattr(model._meta.pk, "column", None) for model in apps.get_models()}
    labels = _labels()
    texts = [
        _text(one, words, labels.get(one.table, one.table))
        for one in found
        if str(one.row.get(keys.get(one.table) or "")) not in taken.get(one.table, ())
    ]
    return sorted(texts, key=lambda text: (text.label, text.at.isoformat() if text.at else ""))


def _text(found: Found, words: Sequence[Word], label: str) -> Text:
    known = {name: found.row[name] for name in KNOWN_BY.get(found.table, ())}
    columns = known | found.holding(words)
    said = dict.fromkeys(text for value in columns.values() for text in leaves(value, words))
    moments = (parse_datetime(found.row[name]) for name in MOMENTS if isinstance(found.row.get(name), str))
    url = reverse("account", args=[found.of]) if found.of else ""
    if found.table in PAGES:
        name, column = PAGES[found.table]
        url = reverse(name, args=[found.row[column]])
    at = next((moment for moment in moments if moment), None)
    said = dict.fromkeys(map(str, known.values())) | said
    return Text(found.table, label, at, " · ".join(said), columns, found.of, url)


def left_of(left: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    """What a receipt leaves somebody to look at: what kind of text, and its page; "" where it is a whole table."""
    labels = _labels()
    return [(labels.get(one["table"], one["table"]), _page_of_left(one)) for one in left]


def _page_of_left(one: Mapping[str, str]) -> str:
    name = "task" if one["table"] in PAGES else "account"
    return reverse(name, args=[one["on"]]) if one.get("on") else ""


def _labels() -> dict[str, str]:
    models = {model._meta.db_table: capfirst(str(model._meta.verbose_name)) for model in apps.get_models()}
    return models | {table: str(words) for table, words in CALLED.items()}
