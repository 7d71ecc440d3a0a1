"""What must hold in the database at any moment (TRUST.md). Each is a query of the rows that break it."""

from __future__ import annotations

from itertools import islice

from django.apps import apps
from django.db.models import ForeignKey
from pghistory.models import Event

from accounts.services import unsettled_accounts
from core.bulk import database_now, fetch_all
from decisions.queries.arms import misdrawn

SHOWN = 20

INVARIANTS = {
    "every accepted insight has exactly one decision, waits, or is a dead letter": """
        SELECT r.id FROM intake_record AS r
        WHERE r.kind = 'insights'
          AND NOT EXISTS (SELECT 1 FROM decisions_decision AS d WHERE d.insight_id = r.id)
          AND NOT (EXISTS (SELECT 1 FROM intake_import AS m
                  WHERE m.id = r.import_id AND m.status IN ('undoing', 'undone'))
              AND NOT EXISTS (SELECT 1 FROM insights_insight AS i WHERE i.id = r.id)
              AND NOT EXISTS (SELECT 1 FROM intake_recordkey AS k WHERE k.record_id = r.id))
          AND NOT EXISTS (SELECT 1 FROM accounts_parked AS p WHERE p.record_id = r.id)
          AND NOT EXISTS (SELECT 1 FROM core_deadletter AS x WHERE x.record_id = r.id AND x.replayed_at IS NULL)
          AND NOT (r.recorded_at > clock_timestamp() - interval '10 minutes' AND (
              EXISTS (SELECT 1 FROM intake_landed AS p WHERE p.id = r.id)
              OR EXISTS (SELECT 1 FROM accounts_resolved AS p WHERE p.id = r.id)
              OR EXISTS (SELECT 1 FROM insights_believed AS p WHERE p.id = r.id)))""",
    "a decision has the account, type and confidence of its insight": """
        SELECT d.insight_id FROM decisions_decision AS d JOIN insights_insight AS i ON i.id = d.insight_id
        WHERE (d.account_id, d.type_id, d.confidence) IS DISTINCT FROM (i.account_id, i.type_id, i.confidence)""",
    "an insight came as a record": """
        SELECT i.id FROM insights_insight AS i
        WHERE NOT EXISTS (SELECT 1 FROM intake_record AS r WHERE r.id = i.id)""",
    "what waits for its account is in the landing log": """
        SELECT p.record_id FROM (SELECT record_id FROM accounts_parked UNION ALL SELECT id FROM accounts_released) AS p
        WHERE NOT EXISTS (SELECT 1 FROM intake_record AS r WHERE r.id = p.record_id)""",
    "no pending row without a batch, so that nothing lies where nobody looks": """
        SELECT p.id FROM (
            SELECT id, batch_id FROM intake_landed UNION ALL SELECT id, batch_id FROM accounts_resolved
            UNION ALL SELECT id, batch_id FROM accounts_released
            UNION ALL SELECT id, batch_id FROM insights_believed UNION ALL SELECT id, batch_id FROM decisions_decided
            UNION ALL SELECT id, batch_id FROM playbooks_closedtask) AS p
        WHERE NOT EXISTS (SELECT 1 FROM core_batch AS b WHERE b.id = p.batch_id)""",
    "no two open items for one account, type and slot": """
        SELECT min(id::text) FROM decisions_item WHERE closed_at IS NULL
        GROUP BY account_id, type_id, slot HAVING count(*) > 1""",
    "an open item has one active task or one live run, or waits for dispatch": """
        SELECT i.id FROM decisions_item AS i WHERE i.closed_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM playbooks_task AS t WHERE t.item_id = i.id AND t.closed_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM playbooks_run AS r WHERE r.item_id = i.id AND r.status = 'live')
          AND NOT EXISTS (SELECT 1 FROM decisions_decision AS d JOIN decisions_decided AS p ON p.id = d.insight_id
                          WHERE d.item_id = i.id)
          AND NOT EXISTS (SELECT 1 FROM decisions_decision AS d JOIN core_deadletter AS x
                          ON x.record_id = d.insight_id AND x.stage = 'dispatch' AND x.replayed_at IS NULL
                          WHERE d.item_id = i.id)""",
    "no active task and no live run of a closed item": """
        SELECT t.id FROM playbooks_task AS t JOIN decisions_item AS i ON i.id = t.item_id
        WHERE t.closed_at IS NULL AND i.closed_at IS NOT NULL
        UNION ALL
        SELECT r.id FROM playbooks_run AS r JOIN decisions_item AS i ON i.id = r.item_id
        WHERE r.status = 'live' AND i.closed_at IS NOT NULL""",
    "every task of an item has the decision that asked for it": """
        SELECT id FROM playbooks_task WHERE item_id IS NOT NULL AND decision_id IS NULL AND run_step_id IS NULL""",
    "every e-mail of a run left once": """
        SELECT min(id::text) FROM playbooks_effect WHERE run_step_id IS NOT NULL
        GROUP BY run_step_id HAVING count(*) > 1""",
    "no automated run began while its switch was off": """
        SELECT r.id FROM playbooks_run AS r JOIN decisions_decision AS d ON d.insight_id = r.insight_id
        WHERE r.automated AND d.suppressed_by = 'kill_switch'""",
    "a decision of the control group has an account that was held out, or was merged with one": """
        SELECT d.insight_id FROM decisions_decision AS d WHERE d.suppressed_by = 'hold_out'
          AND NOT EXISTS (SELECT 1 FROM decisions_allocation AS a
              WHERE a.held AND a.type_id = d.type_id AND (a.account_id = d.account_id OR a.account_id IN (
                  SELECT m.merged_id FROM accounts_merge AS m WHERE m.undone_at IS NULL)))""",
    "nothing is done about what is held out": """
        SELECT d.insight_id FROM decisions_decision AS d WHERE d.suppressed_by = 'hold_out'
          AND (d.item_id IS NOT NULL
              OR EXISTS (SELECT 1 FROM playbooks_task AS t WHERE t.decision_id = d.insight_id)
              OR EXISTS (SELECT 1 FROM playbooks_run AS r WHERE r.insight_id = d.insight_id)
              OR EXISTS (SELECT 1 FROM playbooks_watch AS w WHERE w.last_insight_id = d.insight_id)
              OR EXISTS (SELECT 1 FROM decisions_decided AS p WHERE p.id = d.insight_id))""",
    "an arm of a hold-out is of its type": """
        SELECT a.id FROM decisions_allocation AS a JOIN decisions_holdout AS h ON h.id = a.hold_out_id
        WHERE a.type_id <> h.type_id""",
    "nobody is held out once a hold-out is over": """
        SELECT a.id FROM decisions_allocation AS a JOIN decisions_holdout AS h ON h.id = a.hold_out_id
        WHERE a.held AND a.released_at IS NULL AND h.ended_at IS NOT NULL""",
    "the policy versions a decision names are published": """
        SELECT d.insight_id FROM decisions_decision AS d
        WHERE NOT EXISTS (SELECT 1 FROM decisions_authoritypolicy AS p
                          WHERE p.version = d.authority_version AND p.state = 'published')
           OR NOT EXISTS (SELECT 1 FROM decisions_ownershippolicy AS p
                          WHERE p.version = d.ownership_version AND p.state = 'published')""",
    "an assignee may see the account": """
        SELECT t.id FROM playbooks_task AS t JOIN core_user AS u ON u.id = t.assignee_id
        JOIN accounts_account AS a ON a.id = t.account_id
        WHERE t.closed_at IS NULL AND u.role = 'csm' AND NOT u.is_superuser
          AND a.team_id IS DISTINCT FROM u.team_id
          AND NOT EXISTS (SELECT 1 FROM accounts_accountperson AS p WHERE p.account_id = a.id AND p.user_id = u.id)
          AND NOT EXISTS (SELECT 1 FROM accounts_grant AS g WHERE g.account_id = a.id AND g.user_id = u.id)""",
    "an event without an account waits for something that is looked for": """
        SELECT e.id FROM accounts_event AS e WHERE e.account_id IS NULL AND NOT EXISTS (
            SELECT 1 FROM accounts_awaited AS w WHERE CASE WHEN e.about_value <> ''
                THEN w.value = e.about_value AND w.kind = e.about_kind
                     AND w.namespace_id IS NOT DISTINCT FROM e.about_namespace
                ELSE w.value = e.user_id AND w.kind = 'user' AND w.namespace_id = e.source_id END)""",
    "an event has the key under which it may come only once": """
        SELECT e.id FROM accounts_event AS e
        WHERE NOT EXISTS (SELECT 1 FROM accounts_eventkey AS k WHERE k.id = e.id)""",
    "an import's rows add up": """
        SELECT id FROM intake_import WHERE status = 'done'
          AND rows_done <> (SELECT coalesce(sum(value::int), 0) FROM jsonb_each_text(counts))""",
    "what a source calls an account is the key by which it is found": """
        SELECT l.id FROM accounts_link AS l LEFT JOIN accounts_accountkey AS k
          ON k.value = l.external_id AND k.kind = 'external_id' AND k.namespace_id = l.namespace_id
        WHERE l.revoked_at IS NULL AND l.namespace_id IS NOT NULL AND k.account_id IS DISTINCT FROM l.account_id""",
    "nothing that a feed brings beside another is believed": """
        SELECT x.id FROM intake_parallelrun AS r JOIN (
            SELECT l.id, l.source_id, (v.value->>1)::timestamptz AS at
            FROM accounts_link AS l, jsonb_each(l.values) AS v WHERE l.revoked_at IS NULL
            UNION ALL SELECT id, source_id, landed_at FROM intake_record) AS x ON x.source_id = r.new_id
        WHERE r.status = 'running' AND x.at > coalesce(r.resumed_at, r.started_at) + interval '1 minute'""",
    "nothing but its own history names a merged account": """
        SELECT x.id FROM (
            SELECT id, account_id FROM accounts_link UNION ALL SELECT id, account_id FROM accounts_contact
            UNION ALL SELECT id, account_id FROM accounts_contract
            UNION ALL SELECT id, account_id FROM accounts_activity
            UNION ALL SELECT id, account_id FROM accounts_ledgerentry
            UNION ALL SELECT id, account_id FROM insights_insight
            UNION ALL SELECT id, account_id FROM decisions_item
            UNION ALL SELECT id, account_id FROM playbooks_task) AS x
        JOIN accounts_merge AS m ON m.merged_id = x.account_id AND m.undone_at IS NULL
        WHERE m.recorded_at < clock_timestamp() - interval '10 minutes'""",
    "records of one contact are of one account, and one of them stands for all": """
        SELECT c.id FROM accounts_contact AS c JOIN accounts_contact AS h ON h.id = c.same_as_id
        WHERE h.account_id <> c.account_id OR h.same_as_id IS NOT NULL
           OR (h.shown = '{}' AND h.external_id <> 'erased-' || h.id)
        UNION ALL
        SELECT h.id FROM accounts_contact AS h WHERE h.shown <> '{}'
          AND NOT EXISTS (SELECT 1 FROM accounts_contact AS c WHERE c.same_as_id = h.id)""",
    "an erased person occurs nowhere": """
        WITH said AS (
            SELECT id::text AS row, email FROM accounts_contact WHERE email <> ''
            UNION ALL SELECT id::text, email FROM accounts_link WHERE email <> ''
            UNION ALL SELECT id::text, fields->>'email' FROM accounts_account
            UNION ALL SELECT pgh_id::text, email FROM accounts_contactevent WHERE email <> ''
            UNION ALL SELECT id::text, traits->>'email' FROM accounts_visitor
            UNION ALL SELECT id::text, evidence->>'value' FROM accounts_pair WHERE first_contact_id IS NOT NULL
            UNION ALL SELECT id::text, contact_ref->>'email' FROM insights_insight WHERE contact_ref IS NOT NULL
            UNION ALL SELECT id::text, payload->>'email' FROM intake_record WHERE kind = 'contacts'
            UNION ALL SELECT id::text, address FROM playbooks_effect
            UNION ALL SELECT id::text, jsonb_array_elements_text("to") FROM core_mail)
        SELECT said.row FROM said JOIN accounts_erasedkey AS k
            ON k.digest = sha256(convert_to('cx-ops erased e-mail ' || lower(trim(said.email)), 'UTF8'))
        WHERE EXISTS (SELECT FROM accounts_erasedkey)
        UNION ALL SELECT a.id::text FROM accounts_accountkey AS a JOIN accounts_erasedkey AS k ON k.digest = sha256(
            convert_to(concat('cx-ops erased account ', a.namespace_id, ' ', a.kind, ' ', a.value), 'UTF8'))
        WHERE EXISTS (SELECT FROM accounts_erasedkey)""",
    "a closed task with an outcome has its outcome recorded, or waits for it": """
        SELECT t.id FROM playbooks_task AS t WHERE t.closed_at IS NOT NULL AND t.account_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM outcomes_outcome AS o WHERE o.task_id = t.id)
          AND NOT EXISTS (SELECT 1 FROM playbooks_closedtask AS c WHERE c.id = t.id)
          AND NOT EXISTS (SELECT 1 FROM core_deadletter AS x WHERE x.record_id = t.id AND x.stage = 'measure')""",
}


def broken_invariants() -> dict[str, list[str]]:
    """Every invariant with the ids of up to `SHOWN` rows that break it."""
    found = {
        name: [str(id) for (id,) in fetch_all(f"{query} LIMIT {SHOWN}")]
        for name, query in (INVARIANTS | dangling_references()).items()
    }
    unsettled = islice(unsettled_accounts(now=database_now()), SHOWN)
    return found | {
        "accounts show what holds of what is said about them": [str(id) for id in unsettled],
        "who is held out was drawn by its salt": list(islice(misdrawn(), SHOWN)),
    }


def dangling_references() -> dict[str, str]:
    """An invariant for each reference that the database does not check row by row (`core.bulk.BULK`)."""
    return {
        f"{model._meta.label}.{field.name} is there": f"""
            SELECT a."{model._meta.pk.column}" FROM "{model._meta.db_table}" AS a
            WHERE a."{field.column}" IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM "{field.related_model._meta.db_table}" AS b
                WHERE b."{field.target_field.column}" = a."{field.column}")"""  # noqa: S608 - our models' names  # nosec B608
        for model in apps.get_models()
        if not issubclass(model, Event)  # a history outlives what it tells of
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey) and not field.db_constraint  # type: ignore[attr-defined]
    }
