"""What is kept of a row that changed: by whom, and that nothing is looked up by an exception a row."""

from __future__ import annotations

import pghistory
import pgtrigger
import pytest

from accounts.models import Account
from core.bulk import fetch_all
from tests.factories import make_account

pytestmark = pytest.mark.django_db


def contexts() -> list[dict[str, object] | None]:
    events = Account.pgh_event_model.objects.order_by("pgh_id").select_related("pgh_context")  # type: ignore[attr-defined]
    return [event.pgh_context and event.pgh_context.metadata for event in events]


def test_a_changed_row_says_by_whom_where_that_is_known() -> None:
    account = make_account("Acme")
    Account.objects.filter(pk=account.pk).update(name="Acme Foods")
    with pghistory.context(user=7):
        Account.objects.filter(pk=account.pk).update(name="Acme Mills")
    assert contexts() == [None, {"user": 7}]


def test_triggers_can_be_left_out_and_come_back() -> None:
    account = make_account("Acme")
    with pgtrigger.ignore():
        Account.objects.filter(pk=account.pk).update(name="Acme Foods")
    assert contexts() == []
    assert fetch_all("SELECT current_setting('pgtrigger.ignore')") == [("{}",)]
    Account.objects.filter(pk=account.pk).update(name="Acme Mills")
    assert contexts() == [None]
