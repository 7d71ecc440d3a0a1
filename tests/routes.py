"""Who may open what: every address of the screens, with the roles that may. A new one has to stand here."""

from __future__ import annotations

from dataclasses import dataclass

CSM, MANAGER, LEADER, OPS = "csm", "manager", "leader", "ops"
ROLES = (CSM, MANAGER, LEADER, OPS, "integration")
EVERYBODY = (CSM, MANAGER, LEADER, OPS)
WORKERS = (CSM, MANAGER)
# Operations has tasks about sources; of those on accounts it may open all and change none.
DOERS = (*WORKERS, OPS)
LEADS = (MANAGER, LEADER, OPS)
# Whom a foreign team's account is not foreign to.
SEES_ALL = (LEADER, OPS)


@dataclass(frozen=True)
class Route:
    """Who may, by which method, and which object the address names ("" for none)."""

    roles: tuple[str, ...]
    of: str = ""
    method: str = "get"


PUBLIC = {"login", "logout", "demo_sign_in", "theme", "healthz", "readyz", "metrics", "events_door", "posthog_door"}
ROUTES = {
    "home": Route(EVERYBODY),
    "start": Route((MANAGER, OPS)),
    "preferences": Route(EVERYBODY),
    "own_absence": Route(EVERYBODY, "", "post"),
    "own_absence_end": Route(EVERYBODY, "", "post"),
    "alerts": Route(LEADS),
    "mailbox": Route(EVERYBODY),
    "styleguide": Route(EVERYBODY),
    "queue": Route(DOERS),
    "queue_changes": Route(DOERS),
    "queue_rows": Route(DOERS),
    "queue_filter": Route(DOERS),
    "queue_bulk": Route(DOERS, method="post"),
    "queue_bulk_undo": Route(DOERS, "bulk", "post"),
    "view_save": Route(DOERS, method="post"),
    "view_delete": Route(DOERS, "view", "post"),
    "closed": Route(DOERS),
    "watch_list": Route(WORKERS),
    "new_task": Route(WORKERS, "account"),
    "task": Route(EVERYBODY, "task"),
    "task_acknowledge": Route(DOERS, "task", "post"),
    "task_claim": Route(DOERS, "task", "post"),
    "task_close": Route(DOERS, "task", "post"),
    "task_hand_over": Route(DOERS, "task"),
    "task_merge": Route(DOERS, "task"),
    "task_note": Route(DOERS, "task", "post"),
    "task_presence": Route(DOERS, "task"),
    "task_reopen": Route(DOERS, "task", "post"),
    "task_resume": Route(DOERS, "task", "post"),
    "task_skip": Route(DOERS, "task"),
    "task_snooze": Route(DOERS, "task"),
    "task_step": Route(DOERS, "step", "post"),
    "task_take_over": Route(DOERS, "task"),
    "task_undo": Route(DOERS, "task", "post"),
    "task_wait": Route(DOERS, "task"),
    "audit": Route(LEADS),
    "quarantine": Route((OPS,)),
    "quarantine_replay": Route((OPS,), "", "post"),
    "quarantine_discard": Route((OPS,), "", "post"),
    "tokens": Route((OPS,)),
    "token_revoke": Route((OPS,), "token", "post"),
    "account_live": Route(EVERYBODY, "account"),
    "look_up": Route((MANAGER, OPS), "source"),
    "new_pull": Route((MANAGER, OPS), "source"),
    "pull": Route(LEADS, "pull"),
    "run_pull": Route((MANAGER, OPS), "pull", "post"),
    "privacy": Route((MANAGER, OPS)),
    "person": Route((MANAGER, OPS), "contact"),
    "person_export": Route((MANAGER, OPS), "contact"),
    "erasure": Route((MANAGER, OPS), "erasure"),
    "erasure_drop": Route((MANAGER, OPS), "erasure", "post"),
    "consent": Route(WORKERS, "contact"),
    "webhooks": Route(LEADS),
    "webhook": Route(LEADS, "webhook"),
    "webhook_switch": Route((OPS,), "webhook", "post"),
    "webhook_rotate": Route((OPS,), "webhook", "post"),
    "webhook_test": Route((OPS,), "webhook", "post"),
    "webhook_replay": Route((OPS,), "webhook", "post"),
    "delivery_replay": Route((OPS,), "delivery", "post"),
    "health": Route((OPS,)),
    "dead_letters_replay": Route((OPS,), "stage", "post"),
    "team": Route(LEADS),
    "team_work": Route(LEADS),
    "team_give": Route((MANAGER,), "task", "post"),
    "leave": Route((MANAGER,), "person"),
    "leave_hand_over": Route((MANAGER,), "person", "post"),
    "leave_away": Route((MANAGER,), "person", "post"),
    "leave_back": Route((MANAGER,), "absence", "post"),
    "leave_deactivate": Route((MANAGER,), "person", "post"),
    "hand_over_undo": Route((MANAGER,), "hand_over", "post"),
    "accounts": Route(EVERYBODY),
    "account": Route(EVERYBODY, "account"),
    "account_said": Route(EVERYBODY, "account"),
    "account_merge": Route((MANAGER, OPS), "account", "post"),
    "account_split": Route((MANAGER, OPS), "account", "post"),
    "merge_undo": Route((MANAGER, OPS), "merge", "post"),
    "parked": Route(LEADS),
    "review": Route((MANAGER, OPS)),
    "review_alike": Route((MANAGER, OPS), method="post"),
    "review_judge": Route((MANAGER, OPS), "pair", "post"),
    "review_undo": Route((MANAGER, OPS), "pair", "post"),
    "field_policies": Route(LEADS),
    "matching_mode": Route((MANAGER, OPS), method="post"),
    "log_touch": Route(WORKERS, "account", "post"),
    "new_insight": Route(WORKERS, "account"),
    "portfolio": Route(EVERYBODY),
    "renewals": Route(EVERYBODY),
    "search": Route(EVERYBODY),
    "segments": Route(EVERYBODY),
    "new_segment": Route(EVERYBODY),
    "change_segment": Route(EVERYBODY, "segment", "post"),
    "change_forecast": Route(WORKERS, "contract", "post"),
    "decision": Route(EVERYBODY, "decision"),
    "house_rules": Route(LEADS),
    "house_rules_of": Route(LEADS, "rules"),
    "house_rule": Route((MANAGER,), "rule"),
    "house_rule_new": Route((MANAGER,), "rules"),
    "house_rule_remove": Route((MANAGER,), "rule", "post"),
    "ownership": Route(LEADS),
    "ownership_draft": Route((MANAGER,), "", "post"),
    "ownership_cell": Route((MANAGER,), "", "post"),
    "ownership_cell_remove": Route((MANAGER,), "", "post"),
    "ownership_publish": Route((MANAGER,), "policy", "post"),
    "ownership_discard": Route((MANAGER,), "policy", "post"),
    "ownership_take_back": Route((MANAGER,), "policy", "post"),
    "authority": Route(LEADS),
    "authority_draft": Route((MANAGER,), "", "post"),
    "authority_bands": Route((MANAGER,), "", "post"),
    "authority_bands_remove": Route((MANAGER,), "", "post"),
    "authority_calm": Route((MANAGER,), "", "post"),
    "authority_publish": Route((MANAGER,), "policy", "post"),
    "authority_discard": Route((MANAGER,), "policy", "post"),
    "authority_take_back": Route((MANAGER,), "policy", "post"),
    "switch": Route((MANAGER, LEADER), "", "post"),
    "fields": Route(LEADS),
    "field_class": Route((MANAGER, OPS), "", "post"),
    "weekly": Route(LEADS),
    "readiness": Route(LEADS),
    "sources": Route(LEADS),
    "new_source": Route((MANAGER, OPS)),
    "source": Route(LEADS, "source"),
    "edit_source": Route((MANAGER, OPS), "source"),
    "parallel_run": Route(LEADS, "parallel"),
    "parallel_switch": Route((MANAGER, OPS), "parallel", "post"),
    "parallel_stop": Route((MANAGER, OPS), "parallel", "post"),
    "parallel_undo": Route((MANAGER, OPS), "parallel", "post"),
    "imports": Route(LEADS),
    "import": Route(LEADS, "import"),
    "import_errors": Route(LEADS, "import"),
    "import_warnings": Route(LEADS, "import"),
    "import_columns": Route((MANAGER, OPS), "import", "post"),
    "import_confirm": Route((MANAGER, OPS), "import", "post"),
    "import_ids": Route((MANAGER, OPS), "import", "post"),
    "import_stop": Route((MANAGER, OPS), "import", "post"),
    "import_undo": Route((MANAGER, OPS), "import", "post"),
    "import_example": Route(LEADS, "kind"),
    "dead_letters": Route((OPS,)),
    "dead_letter_replay": Route((OPS,), "letter", "post"),
}
# Of these there is nothing foreign to those who may see any at all.
SHARED = (
    "import", "source", "letter", "policy", "token", "stage", "kind", "segment", "bulk", "view", "rule", "rules",
    "webhook", "delivery", "pull", "parallel",
)  # fmt: skip
# Of these only the one person who made it has any; another's id is not found (the tests of the queue go further).
ONE_PERSONS = {"dead_letter_replay": "letter_id", "queue_bulk_undo": "act_id", "view_delete": "view_id"}
