"""The customers that everything is measured on, made set by set: people, accounts, what is held about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from core.bulk import execute, fetch_all
from core.enums import Role
from core.models import Organisation, Team, User
from intake.enums import Scope
from intake.models import Source
from intake.services import create_token

TEAM_SIZE = 25
# An id that sorts like a UUIDv7 made `ago` milliseconds before now, for row `n`.
ORDERED_ID = (
    "(lpad(to_hex((extract(epoch FROM %(now)s::timestamptz) * 1000)::bigint - {ago}), 12, '0')"
    " || '7' || substr(md5('{salt}' || n), 1, 3) || '8' || substr(md5('{salt}' || n), 5, 15))::uuid"
)
# What a measured run leaves, in any order: emptied together.
WORK = (
    "intake_record", "intake_recordkey", "intake_landed", "accounts_parked", "accounts_released", "accounts_resolved",
    "insights_insight", "insights_believed", "insights_withdrawn", "decisions_decision", "decisions_stream",
    "decisions_item", "decisions_decided", "playbooks_task", "playbooks_run", "playbooks_runstep", "playbooks_watch",
    "core_act", "core_alert", "core_batch", "playbooks_capcounter", "playbooks_inflow",
)  # fmt: skip


@dataclass(frozen=True)
class Book:
    """A made-up company with its customers: who owns them, and the token that sends insights about them."""

    source_id: UUID
    token: str
    owners: tuple[UUID, ...]
    accounts: int
    now: datetime

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class NotEmpty(Exception):
    """The database holds something: the benchmarks fill and empty tables, so they want one of their own."""


def check_is_empty() -> None:
    """Raises `NotEmpty`."""
    [(accounts, records)] = fetch_all(
        "SELECT EXISTS (SELECT FROM accounts_account), EXISTS (SELECT FROM intake_record)"
    )
    if accounts or records:
        raise NotEmpty("This database is in use. Run ./cx bench without DATABASE_URL, or give it an empty database.")


def make_book(*, accounts: int, owners: int, now: datetime) -> Book:
    """People, accounts with a revenue and a CSM each, and a source whose ids are A1, A2, …"""
    people = _people(owners)
    source = Source.objects.create(slug="bench", name="Scores of the benchmark")
    _, token = create_token(source=source, name="bench", scopes=[*Scope], now=now)
    names = {"n": accounts, "owners": owners, "source": source.id, "now": now}
    for statement in (ACCOUNTS, KEYS, PEOPLE):
        execute(statement, names)
    refresh_statistics()
    return Book(source.id, token, tuple(people), accounts, now)


def _people(count: int) -> list[UUID]:
    teams = [Team.objects.create(name=f"Team {n}") for n in range(-(-count // TEAM_SIZE))]
    lead = User(username="lead", email="lead@example.com", role=Role.MANAGER, team=teams[0])
    people = [
        User(username=f"csm-{n}", email=f"csm-{n}@example.com", role=Role.CSM, team=teams[n // TEAM_SIZE])
        for n in range(count)
    ]
    User.objects.bulk_create([lead, *people])
    Team.objects.update(lead=lead)
    Organisation.objects.update_or_create(id=1, defaults={"name": "Example Ltd", "catch_all": lead})
    return [person.id for person in people]


# Account n belongs to CSM number n modulo their count; its revenue grows with n, so that priorities differ.
ACCOUNTS = f"""
INSERT INTO accounts_account (id, name, domain, segment, tier, region, stage, arr_amount, arr_currency, fields,
                              team_id, created_at)
SELECT {ORDERED_ID.format(ago="10000000", salt="account")}, 'Customer ' || n, 'c' || n || '.example.com', 'b2b',
       CASE n %% 10 WHEN 0 THEN 'strategic' ELSE 'digital' END, 'emea', 'live', 1000 + n, 'USD', '{{}}',
       u.team_id, %(now)s
FROM generate_series(1, %(n)s) AS n JOIN core_user AS u ON u.username = 'csm-' || (n %% %(owners)s)
"""  # noqa: S608 - ORDERED_ID is above
KEYS = """
INSERT INTO accounts_accountkey (account_id, namespace_id, kind, value)
SELECT id, %(source)s, 'external_id', 'A' || substr(name, 10) FROM accounts_account
"""
PEOPLE = """
INSERT INTO accounts_accountperson (account_id, role, user_id)
SELECT a.id, 'csm', u.id FROM accounts_account AS a
JOIN core_user AS u ON u.username = 'csm-' || (substr(a.name, 10)::int %% %(owners)s)
"""


def hold_insights(book: Book, *, first: int, last: int) -> None:
    """Hold insights number `first` to `last`, spread over all accounts, older with every round, each decided."""
    names = {"first": first, "last": last, "now": book.now, "source": book.source_id, "accounts": book.accounts}
    for statement in (HELD_INSIGHTS, HELD_DECISIONS, HELD_STREAMS):
        execute(statement, names)
    refresh_statistics()


HELD_ID = ORDERED_ID.format(ago="5000000 + n", salt="held")
HELD_INSIGHTS = f"""
INSERT INTO insights_insight (id, account_id, type_id, source_id, model, model_version, external_id, confidence,
    horizon_days, scored_at, reason, factors, talking_points, accepted_at)
SELECT {HELD_ID}, k.account_id, 'churn_risk', %(source)s, 'house-logit', '1', 'held-' || n, 0.3, 90,
       %(now)s - make_interval(days => 2 + n / %(accounts)s), '', '[]', '[]', %(now)s
FROM generate_series(%(first)s::int, %(last)s::int) AS n
JOIN accounts_accountkey AS k ON k.namespace_id = %(source)s AND k.value = 'A' || (1 + n %% %(accounts)s)
"""  # noqa: S608 - HELD_ID is above
HELD_DECISIONS = f"""
INSERT INTO decisions_decision (insight_id, account_id, type_id, confidence, band_lower, band_upper, band_response,
    response, suppressed_by, authority_version, ownership_version, owner_path, reasons, playbook, inputs,
    code_version, decided_at)
SELECT i.id, i.account_id, i.type_id, i.confidence, 0, 0.5, 'record', 'record', '', 1, 1, '[]', '[]', '', '{{}}',
       'bench', i.accepted_at
FROM generate_series(%(first)s::int, %(last)s::int) AS n JOIN insights_insight AS i ON i.id = {HELD_ID}
"""  # noqa: S608 - HELD_ID is above
HELD_STREAMS = """
INSERT INTO decisions_stream (account_id, type_id, source_id, model, band, response, bound, entered_at, lower_scores,
    scored_at, expires_at)
SELECT k.account_id, 'churn_risk', %(source)s, 'house-logit', 'record', 'record', 0, %(now)s - interval '2 days', 0,
       %(now)s - interval '2 days', %(now)s + interval '88 days'
FROM generate_series(%(first)s::int, %(last)s::int) AS n
JOIN accounts_accountkey AS k ON k.namespace_id = %(source)s AND k.value = 'A' || (1 + n %% %(accounts)s)
ON CONFLICT DO NOTHING
"""


def open_tasks(book: Book, *, first: int, last: int) -> None:
    """Open tasks number `first` to `last`, the same number for every CSM; one in twenty in Now, half in Today."""
    names = {"first": first, "last": last, "now": book.now, "accounts": book.accounts, "owners": len(book.owners)}
    execute(TASKS, names)
    refresh_statistics()


TASKS = f"""
INSERT INTO playbooks_task (id, title, text, status, lane, urgent, priority, priority_parts, due_at, snooze_reason,
    back_to, flag, evidence_count, expires_at, opened_at, outcome, outcome_reason, outcome_note, version, account_id,
    type_id, assignee_id, team_id)
SELECT {ORDERED_ID.format(ago="3000000 + n", salt="task")}, 'Act on the risk of ' || a.name, '', 'open',
       CASE WHEN m %% 20 = 0 THEN 'now' WHEN m %% 20 < 12 THEN 'today' ELSE 'later' END, m %% 20 = 0, n,
       '[["revenue exposed", "12000.00", "yearly recurring revenue"]]',
       %(now)s + make_interval(hours => 1 + n %% 200), '', '', '', 1, %(now)s + interval '80 days', %(now)s, '', '', '',
       1, a.id, 'churn_risk', u.id, u.team_id
FROM (SELECT n, n / %(owners)s AS m FROM generate_series(%(first)s::int, %(last)s::int) AS n) AS task
JOIN core_user AS u ON u.username = 'csm-' || (n %% %(owners)s)
JOIN accounts_accountkey AS k ON k.value = 'A' || (1 + (n - 1) %% %(accounts)s)
JOIN accounts_account AS a ON a.id = k.account_id
"""  # noqa: S608 - ORDERED_ID is above


def empty(*tables: str) -> None:
    """Truncate tables, those that are append-only too."""
    names = ", ".join(f'"{table}"' for table in tables)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL cx_ops.may_rewrite = 'yes'")
        cursor.execute(f"TRUNCATE {names} CASCADE")


def refresh_statistics() -> None:
    """What autovacuum would have done by the time that matters."""
    execute("VACUUM ANALYZE")
    execute("CHECKPOINT")
