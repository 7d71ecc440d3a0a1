"""Where the rows are that acts were done to: an act names them by type and id, since `core` knows no customer."""

from __future__ import annotations

from typing import NamedTuple


class Subject(NamedTuple):
    """Where the rows of one type are: the table `s` (with joins), its key's type, its account and its name in SQL.

    `url`: the address that shows one, and `link` what that takes in SQL where it is not the id. `open`: every lead may
    know it, since it is about no account.
    """

    rows: str
    account: str
    name: str
    key: str = "uuid"
    url: str = ""
    open: bool = False
    link: str = ""


NO_ACCOUNT = "NULL::uuid"
SUBJECTS = {
    "task": Subject("playbooks_task s", "s.account_id", "s.title", url="task"),
    "item": Subject(
        "decisions_item s JOIN insights_insighttype y ON y.slug = s.type_id", "s.account_id", "lower(y.name)"
    ),
    "run": Subject(
        """playbooks_run s JOIN playbooks_playbookversion v ON v.id = s.version_id
        JOIN playbooks_playbook b ON b.slug = v.playbook_id""",
        "s.account_id", "b.name",
    ),
    "runstep": Subject(
        """playbooks_runstep s JOIN playbooks_run r ON r.id = s.run_id
        JOIN playbooks_step p ON p.id = s.step_id""",
        "r.account_id", "p.title",
    ),
    "effect": Subject(
        """playbooks_effect s LEFT JOIN playbooks_runstep t ON t.id = s.run_step_id
        LEFT JOIN playbooks_run r ON r.id = t.run_id""",
        "r.account_id", "s.subject",
    ),
    "insight": Subject(
        "insights_insight s JOIN insights_insighttype y ON y.slug = s.type_id", "s.account_id", "lower(y.name)",
        url="decision",
    ),
    "activity": Subject("accounts_activity s", "s.account_id", "s.summary"),
    "contract": Subject("accounts_contract s", "s.account_id", "s.external_id"),
    "account": Subject("accounts_account s", "s.id", "s.name", url="account"),
    "segment": Subject("accounts_segment s", NO_ACCOUNT, "s.name", open=True),
    "user": Subject(
        "core_user s", NO_ACCOUNT, "coalesce(nullif(trim(s.first_name || ' ' || s.last_name), ''), s.username)"
    ),
    "team": Subject("core_team s", NO_ACCOUNT, "s.name", open=True),
    "source": Subject("intake_source s", NO_ACCOUNT, "s.name", url="source", open=True, link="s.slug"),
    "parallelrun": Subject(
        "intake_parallelrun s JOIN intake_source o ON o.id = s.old_id JOIN intake_source n ON n.id = s.new_id",
        NO_ACCOUNT, "n.name || ' beside ' || o.name", open=True,
    ),
    "trouble": Subject("intake_trouble s", NO_ACCOUNT, "s.title", open=True),
    "fieldprivacy": Subject("intake_fieldprivacy s", NO_ACCOUNT, "s.field", key="text", open=True),
    "fieldpolicy": Subject(
        "accounts_fieldpolicy s", NO_ACCOUNT, "'version ' || s.version", key="integer", open=True
    ),
    "apitoken": Subject(
        "intake_apitoken s JOIN intake_source o ON o.id = s.source_id", NO_ACCOUNT, "s.name", url="source",
        link="o.slug",
    ),
    "import": Subject("intake_import s", NO_ACCOUNT, "s.filename", url="import", open=True),
    "contact": Subject("accounts_contact s", "s.account_id", "s.name"),
    "erasure": Subject(
        "accounts_erasure s LEFT JOIN accounts_contact c ON c.id = s.contact_id",
        "coalesce(s.account_id, c.account_id)", "right(s.id::text, 8)", url="erasure",
    ),
    "lookup": Subject(
        "intake_lookup s JOIN intake_source o ON o.id = s.source_id", NO_ACCOUNT, "o.name", url="source", open=True,
        link="o.slug",
    ),
    "pull": Subject(
        "intake_pull s JOIN intake_source o ON o.id = s.source_id", NO_ACCOUNT, "s.kind || ' from ' || o.name",
        url="pull", open=True,
    ),
    "webhook": Subject(
        "intake_webhook s JOIN intake_source o ON o.id = s.source_id", NO_ACCOUNT, "o.name", url="webhook", open=True
    ),
    "delivery": Subject(
        """intake_delivery s JOIN intake_webhook w ON w.id = s.webhook_id
        JOIN intake_source o ON o.id = w.source_id""",
        NO_ACCOUNT, "o.name", open=True,
    ),
    "ownershippolicy": Subject(
        "decisions_ownershippolicy s", NO_ACCOUNT, "'version ' || s.version", key="bigint", open=True
    ),
    "authoritypolicy": Subject(
        "decisions_authoritypolicy s", NO_ACCOUNT, "'version ' || s.version", key="bigint", open=True
    ),
    "playbookversion": Subject(
        "playbooks_playbookversion s JOIN playbooks_playbook b ON b.slug = s.playbook_id", NO_ACCOUNT,
        "b.name || ' ' || s.number", open=True,
    ),
    "insighttype": Subject("insights_insighttype s", NO_ACCOUNT, "s.name", key="text", open=True),
    "killswitch": Subject(
        "decisions_killswitch s", NO_ACCOUNT,
        "coalesce((SELECT y.name FROM insights_insighttype y WHERE s.scope = 'type' AND y.slug = s.value),"
        " trim(s.scope || ' ' || s.value))",
        key="bigint", open=True,
    ),
    "holdout": Subject(
        "decisions_holdout s JOIN insights_insighttype y ON y.slug = s.type_id", NO_ACCOUNT, "lower(y.name)", open=True
    ),
    "allocation": Subject(
        "decisions_allocation s JOIN insights_insighttype y ON y.slug = s.type_id", "s.account_id", "lower(y.name)"
    ),
    "servicelevel": Subject(
        "playbooks_servicelevel s", NO_ACCOUNT, "'service level ' || coalesce(nullif(s.tier, ''), 'default')",
        key="bigint", open=True,
    ),
    "closereason": Subject("playbooks_closereason s", NO_ACCOUNT, "s.name", key="bigint", open=True),
    "cooldown": Subject(
        "decisions_cooldown s", NO_ACCOUNT, "'cool-down after ' || replace(s.outcome, '_', ' ')"
        " || coalesce(', ' || (SELECT y.name FROM insights_insighttype y WHERE y.slug = s.type_id), '')",
        key="bigint", open=True,
    ),
    "businesscalendar": Subject("core_businesscalendar s", NO_ACCOUNT, "s.name", key="bigint", open=True),
    "fxrate": Subject(
        "accounts_fxrate s", NO_ACCOUNT, "s.currency || ' from ' || s.on_day", key="bigint", open=True
    ),
    "organisation": Subject("core_organisation s", NO_ACCOUNT, "s.name", key="smallint", open=True),
    "dead_letter": Subject("core_deadletter s", NO_ACCOUNT, "s.stage"),
}  # fmt: skip
KEYS = {
    "fieldprivacy": "s.field",
    "insighttype": "s.slug",
    "fieldpolicy": "s.version",
    "ownershippolicy": "s.version",
    "authoritypolicy": "s.version",
}


def key_of(type: str) -> str:
    return KEYS.get(type, "s.id")
