"""Where somebody stands who is an account: everything that hangs on the account, beside what `places` knows of people.

What is left is what decisions, outcomes and money are counted by: amounts, days, types, groups, and no word of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db.models import CharField, Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.enums import KeyKind
from accounts.models import (
    Account,
    AccountKey,
    Activity,
    Contract,
    FieldValue,
    LedgerEntry,
    Link,
    Merge,
    Pair,
    RedLineFlag,
    SegmentMember,
)
from core.bulk import execute, fetch_all
from core.models import Act, User
from cx_ops.erasure.person import Person
from cx_ops.erasure.place import ERASED_NAME, Place
from insights.models import Insight
from intake.models import Delivery, Held, LookedUp
from playbooks.models import Effect, Run, Task, TaskNote, Watch

ERASED = "Erased"
# Sayings by which decisions are understood and money is counted: no word of theirs.
KEPT = ("arr", "renews_on", "customer_since", "segment", "tier", "region", "stage")
EMPTY_LINK = dict.fromkeys(("domain", "email", "subscription", "tax_id", "phone", "born_on", "address"), "")
CLAIMED = "SELECT id FROM insights_insight WHERE account_id = ANY(%s)"
# Whether accounts are parts of it, whether work on it is open, whether something is on its way to a decision.
STANDING = """
SELECT EXISTS (SELECT FROM accounts_account WHERE parent_id = ANY(%s)),
    EXISTS (SELECT FROM playbooks_task WHERE account_id = ANY(%s) AND closed_at IS NULL)
        OR EXISTS (SELECT FROM playbooks_run WHERE account_id = ANY(%s) AND status = 'live'),
    EXISTS (SELECT FROM accounts_resolved WHERE account_id = ANY(%s))
        OR EXISTS (SELECT FROM insights_believed WHERE account_id = ANY(%s))
"""
# What others call them is in columns that are unique, and in the history of rows: by (table, set, where).
CALLED = (
    ("accounts_link", "external_id = 'erased-' || id", "account_id = ANY(%s)"),
    ("accounts_contract", "external_id = 'erased-' || id", "account_id = ANY(%s)"),
    ("accounts_activity", "external_id = 'erased-' || id", "account_id = ANY(%s)"),
    ("accounts_ledgerentry", "external_id = 'erased-' || id", "account_id = ANY(%s)"),
    ("insights_insight", "external_id = 'erased-' || id", "account_id = ANY(%s)"),
    ("insights_retraction", "why = 'Erased'", f"insight_id IN ({CLAIMED})"),
    ("intake_recordkey", "external_id = 'erased-' || record_id", f"record_id IN ({CLAIMED})"),
    ("accounts_event", "about_value = ''", "account_id = ANY(%s)"),
    ("accounts_accountevent", f"name = '{ERASED_NAME}', domain = '', fields = '{{}}'", "pgh_obj_id = ANY(%s)"),
    ("accounts_accountkeyevent", "value = 'erased'", "account_id = ANY(%s)"),
    ("accounts_contractevent", "external_id = 'erased-' || pgh_obj_id", "account_id = ANY(%s)"),
    ("accounts_linkevent", "external_id = 'erased-' || pgh_obj_id, evidence = '{}', "
     + ", ".join(f"{name} = ''" for name in EMPTY_LINK), "account_id = ANY(%s)"),
    ("playbooks_taskevent", "title = 'Erased', text = '', outcome_note = '', snooze_reason = '', flag = ''",
     "account_id = ANY(%s)"),
)  # fmt: skip


def may_be_somebody(words: Iterable[str], people: Iterable[tuple[str, str]]) -> bool:
    """Whether an account of these names and addresses can be one person, where these people are known at it.

    Whoever has the account's name or address is the account; beside them nobody else, else one person at most.
    """
    own = {word.strip().lower() for word in words}
    each = [(name.strip().lower(), email.lower()) for name, email in people]
    others = {email or name for name, email in each if name not in own and email not in own}
    themselves = any(name in own or email in own for name, email in each)
    return len(others) + themselves <= 1


def why_not_yet(person: Person) -> str:
    """Why the account cannot be erased as somebody; `""` if it can."""
    if not may_be_somebody(person.own_words, person.at_own):
        return gettext(
            "Several people are known at it. If the account is a company, erase the person among its contacts."
        )
    [(is_parent, is_open, is_coming)] = fetch_all(STANDING, [person.own] * 5)
    if is_parent:
        return gettext("Other accounts are part of it, so it is nobody: erase the person among its contacts.")
    if is_open:
        return gettext("Work on it is still open. Close its tasks and stop its playbooks first.")
    if is_coming:
        return gettext("Something about them is just being decided. Try again in a minute.")
    return ""


def blank_own(person: Person, *, by: User, now: datetime) -> None:
    """What the places do not hold: the account leaves all lists, nothing names it, its records are its no longer."""
    for table, changes, where in CALLED if person.own else ():
        execute(f'UPDATE "{table}" SET {changes} WHERE {where}', [person.own])  # noqa: S608 - ours  # nosec B608
    Account.objects.filter(pk__in=person.own, archived_at=None).update(archived_at=now)
    links = Link.objects.filter(account__in=person.own, revoked_at=None)
    links.update(revoked_at=now, revoked_by=by, revoked_why=ERASED)


def records(person: Person) -> Q:
    """What arrived about the accounts: of itself, of what hangs on it, and what was claimed."""
    if not person.own:
        return Q(pk__in=[])
    same = {"source_id": OuterRef("source_id"), "external_id": OuterRef("external_id"), "account__in": person.own}
    return (
        (Q(kind="accounts") & Exists(Link.objects.filter(**same)))
        | (Q(kind="contracts") & Exists(Contract.objects.filter(**same)))
        | (Q(kind__in=("orders", "revenue")) & Exists(LedgerEntry.objects.filter(**same)))
        | (Q(kind__in=("activities", "tickets", "conversations", "surveys")) & Exists(Activity.objects.filter(**same)))
        | Q(pk__in=Insight.objects.filter(account__in=person.own).values("pk"))
    )


def _said(person: Person) -> QuerySet[FieldValue]:
    found = FieldValue.objects.filter(account__in=person.own)
    return found.exclude(field__in=KEPT).exclude(field__startswith="people.")


def _asked(person: Person) -> QuerySet[LookedUp]:
    keys = [value for _space, kind, value in person.own_keys if kind == KeyKind.EXTERNAL_ID]
    return LookedUp.objects.filter(external_id__in=keys)


def _told(person: Person) -> QuerySet[Delivery]:
    about = Q(subject_id__in=person.own)
    for id in person.own:
        about |= Q(body__contains=str(id))
    return Delivery.objects.filter(about if person.own else Q(pk__in=[]))


def _acts(person: Person) -> QuerySet[Act]:
    tasks = Task.objects.filter(account__in=person.own).annotate(key=Cast("pk", CharField())).values("key")
    on_tasks = Q(subject_type="task", subject_id__in=tasks)
    return Act.objects.filter(on_tasks | Q(subject_type="account", subject_id__in=[str(id) for id in person.own]))


def _held(person: Person) -> QuerySet[Held]:
    called = Link.objects.filter(
        account__in=person.own, source_id=OuterRef("run__new_id"), external_id=OuterRef("external_id")
    )
    return Held.objects.filter(Q(account_id__in=person.own) | Exists(called))


def _of(model: type[Model]) -> Callable[[Person], QuerySet[Any]]:
    return lambda person: model._default_manager.filter(account__in=person.own)


# Before the places of contacts: some are found by what those take away.
BEFORE = (
    Place("own_held", _("Their records of feeds that run beside others"), _held,
          ("kind", "external_id", "landed_at", "payload"), None),
    Place("own_looked_up", _("What other systems said of them"), _asked, ("fetched_at", "values"), None),
    Place("own_told", _("What other systems were told of them"), _told, ("created_at", "body"), None),
    Place("own_insights", _("Insights about them"), _of(Insight),
          ("type_id", "scored_at", "confidence", "probability", "reason", "factors", "talking_points"),
          {"factors": [], "talking_points": [], "contact_ref": None}),
    Place("own_notes", _("Notes on tasks about them"),
          lambda who: TaskNote.objects.filter(task__account__in=who.own), ("at", "text"), {"text": ERASED}),
    Place("own_tasks", _("Tasks about them"), _of(Task),
          ("opened_at", "title", "text", "outcome", "outcome_note"),
          {"title": ERASED, "text": "", "outcome_note": "", "snooze_reason": "", "flag": ""}),
    Place("own_runs", _("Playbooks at work for them"), _of(Run), ("started_at", "ended_why"), {"ended_why": ""}),
    Place("own_effects", _("E-mails about them"),
          lambda who: Effect.objects.filter(run_step__run__account__in=who.own), ("created_at", "subject", "body"),
          {"subject": ERASED, "body": "", "html": ""}),
    Place("own_acts", _("What we did, in our words"), _acts, ("at", "verb", "why"), {"why": "", "data": {}}),
    Place("own_watches", _("Watch lists"), _of(Watch),
          ("type_id", "first_at", "last_at"), None),
    Place("own_segments", _("Segments"), _of(SegmentMember),
          ("segment__name",), None),
    Place("own_red_lines", _("Red lines"), _of(RedLineFlag),
          ("kind", "since", "why"), {"why": ""}),
    Place("own_merges", _("Merges"),
          lambda who: Merge.objects.filter(Q(survivor__in=who.own) | Q(merged__in=who.own)), ("at", "rule", "why"),
          {"evidence": {}, "why": ERASED, "moved": {}, "before": {}, "undone_why": ""}),
    Place("own_pairs", _("Accounts that may be theirs"),
          lambda who: Pair.objects.filter(Q(first__in=who.own) | Q(second__in=who.own)),
          ("rule", "evidence", "verdict"), None),
)  # fmt: skip
# After them: records and events are found by these.
AFTER = (
    Place("own_contracts", _("Contracts"), _of(Contract),
          ("external_id", "starts_on", "ends_on", "arr_amount", "arr_currency")),
    Place("own_money", _("Orders and payments"), _of(LedgerEntry),
          ("external_id", "kind", "happened_on", "amount", "currency")),
    Place("own_values", _("What sources said of them"), _said, ("field", "value", "observed_at"), None),
    Place("own_links", _("Their records in sources"), _of(Link),
          ("external_id", "rule", "values"), {"values": {}, "evidence": {}, **EMPTY_LINK}),
    Place("own_keys", _("What sources call them"), _of(AccountKey),
          ("kind", "value"), None),
    Place("own", _("Their account"), lambda who: Account.objects.filter(pk__in=who.own),
          ("name", "domain", "segment", "tier", "region", "stage", "fields", "arr_amount", "arr_currency", "renews_on",
           "customer_since"),
          {"name": ERASED_NAME, "domain": "", "fields": {}}),
)  # fmt: skip
