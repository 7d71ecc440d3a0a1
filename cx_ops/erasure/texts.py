"""Texts that name a person, elsewhere than in columns of their own: in which table, on which account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from playbooks.models import Task

OF_TASK = "SELECT account_id FROM playbooks_task AS t WHERE t.id = task_id"
# What is not a person's place, in the words of the screens.
CALLED = {
    "accounts_account": _("Accounts"),
    "accounts_activity": _("Activities"),
    "accounts_fieldvalue": _("What sources said"),
    "core_act": _("Audit trail"),
    "core_alert": _("Alerts"),
    "insights_insight": _("Insights"),
    "intake_record": _("Other records as they arrived"),
    "core_mail": _("Mailbox"),
    "playbooks_effect": _("E-mails of playbooks"),
    "playbooks_task": _("Tasks"),
    "playbooks_tasknote": _("Notes on tasks"),
    "playbooks_taskevent": _("Earlier wording of tasks"),
    "accounts_erasure": _("The reason given here"),
}


class Text(NamedTuple):
    """So many texts of a kind name the person, on an account or on none."""

    label: str
    account: Account | None
    number: int


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


def texts_of(left: Iterable[dict[str, Any]], accounts: QuerySet[Account]) -> list[Text]:
    """What a prepared erasure listed, to be read; accounts that the reader may not see are not named."""
    listed = list(left)
    known = accounts.in_bulk([one["account"] for one in listed if one.get("account")])
    named = {str(pk): account for pk, account in known.items()}
    labels = _labels()
    return [
        Text(labels.get(one["table"], one["table"]), named.get(one.get("account", "")), one.get("count", 1))
        for one in listed
    ]


def _labels() -> dict[str, str]:
    models = {model._meta.db_table: capfirst(str(model._meta.verbose_name)) for model in apps.get_models()}
    return models | {table: str(words) for table, words in CALLED.items()}
