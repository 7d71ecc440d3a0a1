"""For tests that commit: afterwards only what migrations put there is left.

A flush of the tables would not leave that; a list of tables by hand forgets the newest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection
from pytest_django import DjangoDbBlocker

from core.bulk import execute

# Filled by migrations; of policies only drafts can be taken away, so a test that commits publishes none. People are
# deleted, not truncated, since these rows may name them.
SEEDED = {
    "insights_insighttype",
    "decisions_ownershippolicy",
    "decisions_ownershipcell",
    "decisions_authoritypolicy",
    "decisions_authorityband",
    "decisions_cooldown",
    "decisions_killswitch",
    "playbooks_playbook",
    "playbooks_playbookversion",
    "playbooks_step",
    "playbooks_servicelevel",
    "playbooks_closereason",
}
PEOPLE = {"core_user", "core_team", "core_businesscalendar"}
DJANGO = {"django_content_type", "django_migrations", "auth_permission", "auth_group"}
TAKE_AWAY = (
    "DELETE FROM decisions_ownershipcell USING decisions_ownershippolicy WHERE policy_id = version AND state = 'draft'",
    "DELETE FROM decisions_authorityband USING decisions_authoritypolicy WHERE policy_id = version AND state = 'draft'",
    "DELETE FROM decisions_ownershippolicy WHERE state = 'draft'",
    "DELETE FROM decisions_authoritypolicy WHERE state = 'draft'",
    "UPDATE core_team SET lead_id = NULL",
    "DELETE FROM core_user",
    "DELETE FROM core_team",
    "DELETE FROM core_businesscalendar",
    "UPDATE decisions_killswitch SET is_off = false, why = ''",
)


def tables_of_tests() -> list[str]:
    """Every table that only tests fill."""
    models = apps.get_models(include_auto_created=True)
    there = set(connection.introspection.table_names())
    return sorted({model._meta.db_table for model in models} & there - SEEDED - PEOPLE - DJANGO)


@contextmanager
def committing(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Lets the body commit, and takes away what it left."""
    with blocker.unblock():
        # pytest-django makes the test database only where a test of the session is marked with django_db.
        assert connection.settings_dict["NAME"].startswith("test_"), "run the whole module"
        try:
            yield
        finally:
            execute("SET cx_ops.may_rewrite = 'yes'")
            execute(f"TRUNCATE {', '.join(tables_of_tests())} CASCADE")
            for statement in TAKE_AWAY:
                execute(statement)
            execute("RESET cx_ops.may_rewrite")
