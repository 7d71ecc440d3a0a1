"""What two feeds say, counted beforehand where a page would take long: it shows what was counted, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.queries.comparing import Comparison, compare, comparison, differences, kept_of
from accounts.services import keep_comparisons
from accounts.services.comparing import compare_anew
from accounts.services.kinds import ACCOUNTS
from accounts.services.switching import undo_switch
from core.models import User
from intake.models import Compared, ParallelRun
from intake.queries.parallel import kind_lines
from intake.rules import parallel as rules
from intake.services.parallel import stop_run
from tests.beside import LATER, bring, customer, switched
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is held counts as much."""
    monkeypatch.setattr("accounts.services.comparing.COUNTED_AT_ONCE", 0)


def shown(run: ParallelRun) -> Comparison:
    [line] = kind_lines(run)
    return comparison(run, ACCOUNTS, line, kept_of(run), ())


def test_little_is_counted_as_it_is_looked_at(run: ParallelRun) -> None:
    bring(run, customer("B", 1, tier="silver"))
    assert keep_comparisons(LATER) == 0
    assert (shown(run).as_of, shown(run).both) == (None, 1)


def test_much_is_counted_beforehand_and_says_when_and_what_came_since(run: ParallelRun, ops: User, much: None) -> None:
    bring(run, customer("B", 1, tier="silver"), customer("B", 2))
    now = compare(run, ACCOUNTS, ())
    assert keep_comparisons(LATER) == 1
    kept = shown(run)
    assert (kept.as_of, kept.since) == (LATER, 0)
    assert (kept.fields, kept.both, kept.only_old, kept.first) == (now.fields, 2, 1, now.first)
    bring(run, customer("B", 2, tier="silver"), customer("B", 3))
    assert (shown(run).both, shown(run).since) == (2, 2)
    assert keep_comparisons(LATER + rules.SOON / 2) == 0
    assert keep_comparisons(LATER + rules.SOON) == 1
    assert (shown(run).both, shown(run).since) == (3, 0)
    assert Compared.objects.count() == 1


def test_without_anything_new_it_is_counted_late(run: ParallelRun, much: None) -> None:
    bring(run, customer("B", 1))
    keep_comparisons(LATER)
    Account.objects.called("A1").update(archived_at=LATER)
    assert keep_comparisons(LATER + rules.LATE - timedelta(seconds=1)) == 0
    assert keep_comparisons(LATER + rules.LATE) == 1


def test_what_is_listed_is_as_it_is_now(run: ParallelRun, ops: User, much: None) -> None:
    bring(run, customer("B", 1, tier="silver"), customer("B", 2, tier="silver", region="apac"))
    keep_comparisons(LATER)
    bring(run, customer("B", 1), customer("B", 2, tier="tin", region="apac"))
    kept = shown(run)
    listed = differences(run, kept, ops, (), most=9)
    assert [(one.account, one.field, one.new) for one in listed] == [
        ("Fictional Firm 2", "region", "APAC"), ("Fictional Firm 2", "tier", "Tin"),
    ]  # fmt: skip
    assert [one.field for one in differences(run, kept, ops, (), of="region", state="different", most=9)] == ["region"]
    assert not differences(run, kept, ops, (), state="blank", most=9)
    assert [one.field for one in differences(run, kept, ops, {"accounts.tier"}, most=9)] == ["region"]
    assert len(differences(run, kept, ops, (), state="same", of="tier", most=9)) == 1
    assert differences(run, kept, make_user("lena", role="manager"), (), most=9) == []


def test_only_the_first_by_name_are_remembered(run: ParallelRun, ops: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.queries.comparing.REMEMBERED", 2)
    bring(run, *(customer("B", number, tier="silver") for number in (3, 2, 1)))
    found = compare(run, ACCOUNTS, ())
    assert found.fields[0].counts == {"different": 3}
    listed = differences(run, found, ops, (), most=9)
    assert [one.account for one in listed] == ["Fictional Firm 1", "Fictional Firm 2"]


def test_nothing_counted_outlives_its_run(run: ParallelRun, ops: User, much: None) -> None:
    bring(run, customer("B", 1, tier="silver"))
    keep_comparisons(LATER)
    switched(run, ops)
    assert not Compared.objects.exists()
    assert compare_anew(run_id=run.pk, now=LATER) == 0
    undo_switch(run_id=run.pk, by=ops, now=LATER)
    assert keep_comparisons(LATER) == 1
    stop_run(run_id=run.pk, by=ops, now=LATER)
    assert not Compared.objects.exists()


def test_the_page_says_when_it_was_counted_and_counts_now_if_asked(
    client: Client, run: ParallelRun, ops: User, much: None
) -> None:
    client.force_login(ops)
    page = reverse("parallel_run", args=[run.old.slug])
    again = reverse("parallel_compare", args=[run.old.slug])
    bring(run, customer("B", 1, tier="silver"))
    assert again not in client.get(page).content.decode()
    keep_comparisons(LATER)
    bring(run, customer("B", 2))
    text = client.get(page).content.decode()
    assert again in text
    assert "1 row has come since" in text
    assert client.post(again).status_code == 302
    assert "has come since" not in client.get(page).content.decode()
