"""Small makers of rows, with plainly fictional names. Each takes what matters to the test and fills in the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from django.db import transaction

from accounts.enums import AccountRole
from accounts.models import (
    Account,
    AccountKey,
    AccountPerson,
    Activity,
    Contact,
    Contract,
    Erasure,
    Link,
    Merge,
    Pair,
)
from core.enums import Role
from core.models import Organisation, Team, User
from core.stages import leave
from decisions.models import Allocation, HoldOut
from insights.enums import ModelState
from insights.models import Believed, Insight, ModelVersion
from intake.enums import Happening, Scope, SourceMode
from intake.models import ApiToken, Held, ParallelRun, Pull, Source, Webhook
from intake.services import create_token
from intake.services.parallel import start_run
from intake.services.pulls import PullTerms, create_pull
from intake.services.webhooks import create_webhook, send_test

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
_number = count(1)


def make_team(name: str = "", **fields: Any) -> Team:
    return Team.objects.create(name=name or f"Team {next(_number)}", **fields)


def make_user(username: str = "", role: str = Role.CSM, **fields: Any) -> User:
    name = username or f"user{next(_number)}"
    return User.objects.create_user(
        name, email=f"{name}@example.com", password="correct horse battery", role=role, **fields
    )


def make_source(slug: str = "", **fields: Any) -> Source:
    name = slug or f"source-{next(_number)}"
    return Source.objects.create(slug=name, name=name.title(), **fields)


def make_webhook(by: User, **fields: Any) -> Webhook:
    """A webhook to a place of the own machine where nobody answers, with a test on its way."""
    known: dict[str, Any] = {"url": "http://127.0.0.1:1/", "happenings": [Happening.DECISION_MADE]}
    source = fields.pop("source", None) or make_source(mode=SourceMode.PROPAGATE)
    hook, _secret = create_webhook(source=source, by=by, now=NOW, **(known | fields))
    send_test(hook=hook, by=by, now=NOW)
    return hook


def make_pull(source: Source, by: User, url: str = "http://127.0.0.1:1/a.csv", **terms: Any) -> Pull:
    """A pull of accounts, every day, from a place of the own machine where nobody answers."""
    known = {"every_hours": 24} if "at_time" not in terms else {}
    return create_pull(source=source, kind="accounts", terms=PullTerms(url=url, **(known | terms)), by=by, now=NOW)


def make_run(by: User, **fields: Any) -> ParallelRun:
    """A feed beside another, each with one record about an account, of which one field differs."""
    old, new = make_source(), make_source()
    account = make_account(tier="gold", **fields)
    values = {"name": [account.name, NOW.isoformat(), "1"], "tier": ["gold", NOW.isoformat(), "1"]}
    Link.objects.create(
        account=account, source_id=old.pk, namespace_id=old.pk, external_id="A1", rule="new", actor="test",
        created_at=NOW, values=values,
    )  # fmt: skip
    run = start_run(old=old, new=new, by=by, now=NOW)
    Held.objects.create(
        run=run, kind="accounts", external_id="B1", account_id=account.pk, at=NOW, landed_at=NOW,
        values={"name": [account.name, NOW.isoformat()], "tier": ["silver", NOW.isoformat()]},
        payload=json.dumps({"external_id": "B1", "name": account.name, "tier": "silver"}),
    )  # fmt: skip
    return run


def make_erasure(contact: Contact, by: User) -> Erasure:
    """A prepared one."""
    return Erasure.objects.create(contact=contact, reason="A letter of 1 March", prepared_by=by, prepared_at=NOW)


def make_organisation(**fields: Any) -> Organisation:
    return Organisation.objects.update_or_create(id=1, defaults={"name": "Fictional Holding"} | fields)[0]


def make_account(
    name: str = "",
    *,
    external_id: str = "",
    source: Source | None = None,
    csm: User | None = None,
    **fields: Any,
) -> Account:
    """An account, of its CSM's team unless told, known to `source` by `external_id` when both are given."""
    team = fields.pop("team", csm.team if csm else None)
    account = Account.objects.create(
        name=name or f"Fictional Company {next(_number)}",
        team=team,
        created_at=NOW,
        source_id=source.id if source else None,
        **fields,
    )
    if csm:
        AccountPerson.objects.create(account=account, role=AccountRole.CSM, user=csm)
    if external_id and source:
        AccountKey.objects.create(account=account, namespace_id=source.id, kind="external_id", value=external_id)
    return account


def make_pair(one: Account, other: Account, **fields: Any) -> Pair:
    """Two accounts that share a domain, waiting for a person."""
    first, second = sorted((one, other), key=lambda account: account.pk)
    evidence = {"value": "shared.example", "name_score": 40, "holders": 1, "why": "name"}
    known = {"rule": "domain", "pattern": "domain:name", "evidence": evidence, "found_at": NOW}
    return Pair.objects.create(first=first, second=second, **(known | fields))


def make_merge(survivor: Account, merged: Account, by: User) -> Merge:
    """A merge that moved nothing."""
    return Merge.objects.create(survivor=survivor, merged=merged, rule="person", why="the same", by=by, at=NOW)


def make_contract(account: Account, **fields: Any) -> Contract:
    """A term of a year that has 200 days left, of the account's revenue."""
    today = NOW.date()
    terms: dict[str, Any] = {
        "starts_on": today - timedelta(days=165),
        "ends_on": today + timedelta(days=200),
        "arr_amount": account.arr_amount,
        "arr_currency": account.arr_currency,
        "external_id": f"ct-{next(_number)}",
        "source_id": uuid4(),
    }
    return Contract.objects.create(account=account, **(terms | fields))


def make_contact(account: Account, name: str = "Cy Example", **fields: Any) -> Contact:
    known: dict[str, Any] = {"source_id": uuid4(), "external_id": f"co-{next(_number)}"}
    return Contact.objects.create(account=account, name=name, **(known | fields))


def make_activity(account: Account, kind: str = "call", **fields: Any) -> Activity:
    known: dict[str, Any] = {
        "happened_at": NOW, "summary": "A talk", "source_id": uuid4(), "external_id": f"ac-{next(_number)}",
    }  # fmt: skip
    return Activity.objects.create(account=account, kind=kind, **(known | fields))


def make_insight(account: Account, confidence: str = "0.93", *, source: Source, **fields: Any) -> Insight:
    """A believed insight of a checked model, left for the decide stage."""
    values: dict[str, Any] = {
        "type_id": "churn_risk",
        "model": "house-logit",
        "model_version": "1",
        "external_id": f"sc-{next(_number)}",
        "horizon_days": 90,
        "scored_at": NOW,
        "accepted_at": NOW,
    }
    insight = Insight.objects.create(
        account=account, source=source, confidence=Decimal(confidence), **(values | fields)
    )
    ModelVersion.objects.get_or_create(
        source=source,
        model=insight.model,
        version=insight.model_version,
        defaults={"state": ModelState.CHECKED, "first_seen_at": NOW},
    )
    with transaction.atomic():
        leave(Believed, ["account_id"], [(insight.id, account.id)], stage="decide")
    return insight


def make_token(source: Source, *scopes: Scope, **fields: Any) -> tuple[ApiToken, str]:
    """A token and its text; may do everything unless told."""
    return create_token(source=source, name="test", scopes=scopes or list(Scope), now=NOW, **fields)


def make_hold_out(by: User, **fields: Any) -> HoldOut:
    """A hold-out of churn risks that runs; of what a person acts on a tenth, of what is automated three tenths."""
    values: dict[str, Any] = {
        "type_id": "churn_risk", "human_share": Decimal("0.10"), "automated_share": Decimal("0.30"), "salt": "salt",
        "begins_at": NOW - timedelta(days=1), "ends_at": NOW + timedelta(days=90), "why": "Does calling help?",
        "signed_at": NOW - timedelta(days=1),
    }  # fmt: skip
    return HoldOut.objects.create(signed_by=by, **(values | fields))


def make_allocation(hold_out: HoldOut, insight: Insight, **fields: Any) -> Allocation:
    """The arm that an account was drawn into because of `insight`; held out unless told."""
    values: dict[str, Any] = {
        "held": True, "chance": Decimal("0.10"), "stratum": "human/none/unknown", "block": next(_number), "slot": 0,
        "allotted_at": NOW,
    }  # fmt: skip
    known = {"hold_out": hold_out, "account_id": insight.account_id, "type_id": insight.type_id, "insight": insight}
    return Allocation.objects.create(**(known | values | fields))
