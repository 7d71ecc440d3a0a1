"""One choke point per model: whatever somebody can list has `visible_to`, and views go through it."""

from __future__ import annotations

import ast

import pytest
from django.apps import apps
from django.db.models import Model

from core.models import Pending
from tests.architecture.sources import PACKAGES, ROOMS, at, is_in, nodes, python_files

INTERNAL = "written and read by the pipeline alone"
PARENT = "seen only through the row it belongs to"
SETTING = "configuration: edited in the admin by those it lets in, read by the rules"
# Models that no list shows by themselves. A new model is either given `visible_to` or stands here with the reason.
NOT_LISTED = {
    "accounts.AccountKey": PARENT,
    "accounts.AccountPerson": PARENT,
    "accounts.Awaited": INTERNAL,
    "accounts.EventKey": INTERNAL,
    "accounts.Consent": PARENT,
    "accounts.ErasedKey": INTERNAL,
    "accounts.FxRate": SETTING,
    "accounts.Grant": INTERNAL,
    "accounts.FieldPolicy": SETTING,
    "accounts.MatchingMode": SETTING,
    "accounts.Merge": PARENT,
    "accounts.Parked": INTERNAL,
    "accounts.Prior": INTERNAL,
    "accounts.TierRevenue": SETTING,
    "accounts.Visitor": INTERNAL,
    "core.Absence": PARENT,
    "core.Act": PARENT,
    "core.Batch": INTERNAL,
    "core.BusinessCalendar": SETTING,
    "core.DeadLetter": INTERNAL,
    "core.Heartbeat": INTERNAL,
    "core.Organisation": SETTING,
    "core.StoredResponse": INTERNAL,
    "decisions.AuthorityBand": SETTING,
    "decisions.AuthorityPolicy": SETTING,
    "decisions.CoolDown": SETTING,
    "decisions.KillSwitch": SETTING,
    "decisions.OwnershipCell": SETTING,
    "decisions.OwnershipPolicy": SETTING,
    "decisions.Stream": INTERNAL,
    "insights.InsightType": SETTING,
    "insights.ModelVersion": SETTING,
    "insights.Retraction": PARENT,
    "intake.Announcement": INTERNAL,
    "intake.Compared": PARENT,
    "intake.Held": PARENT,
    "intake.LookedUp": PARENT,
    "intake.PullRun": PARENT,
    "intake.ApiToken": SETTING,
    "intake.DeliveryAttempt": PARENT,
    "intake.Shipment": PARENT,
    "intake.FieldPrivacy": SETTING,
    "intake.FieldProfile": PARENT,
    "intake.Record": INTERNAL,
    "intake.RecordKey": INTERNAL,
    "intake.RejectedRow": PARENT,
    "intake.RowName": INTERNAL,
    "intake.RowWarning": PARENT,
    "intake.Source": SETTING,
    "intake.SourceMapping": SETTING,
    "playbooks.CapCounter": INTERNAL,
    "playbooks.CloseReason": SETTING,
    "playbooks.Effect": INTERNAL,
    "playbooks.Inflow": INTERNAL,
    "playbooks.Playbook": SETTING,
    "playbooks.PlaybookVersion": SETTING,
    "playbooks.Presence": PARENT,
    "playbooks.RunStep": PARENT,
    "playbooks.ServiceLevel": SETTING,
    "playbooks.Step": SETTING,
    "playbooks.TaskNote": PARENT,
}
# Models whose rows everybody who is signed in may read, so that a view may list them as they are.
OPEN_TO_ALL = {name.split(".")[1] for name, why in NOT_LISTED.items() if why == SETTING}
# Models whose rows may be listed by the row they belong to, which was found by `visible_to`.
BY_PARENT = {name.split(".")[1] for name, why in NOT_LISTED.items() if why == PARENT}


def own_models() -> list[type[Model]]:
    """Models of the rooms, without the pipeline's pending rows and pghistory's event tables."""
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in ROOMS and not issubclass(model, Pending) and not hasattr(model, "pgh_tracked_model")
    ]


def has_sight(model: type[Model]) -> bool:
    return hasattr(model._default_manager.all(), "visible_to")


@pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
def test_a_model_has_visible_to_or_a_reason(model: type[Model]) -> None:
    assert has_sight(model) != (model._meta.label in NOT_LISTED)


def test_the_list_of_reasons_names_models() -> None:
    assert set(NOT_LISTED) - {model._meta.label for model in own_models()} == set()


# What a statement that begins with `Model.objects` must hold: the choke point, or the person's own rows.
BOUNDED = ("visible_to(", "visible_rows(", "told_to(", "=request.user")


def bare_lists(path: str) -> list[tuple[str, str]]:
    """(model, finding) for each `Model.objects` in a view whose statement is not bounded by who is asking."""
    return [
        (use.value.id, at(path, use, use.value.id))
        for statement in nodes(path, ast.stmt)
        if not any(isinstance(child, ast.stmt) for child in ast.walk(statement) if child is not statement)
        for use in ast.walk(statement)
        if isinstance(use, ast.Attribute) and use.attr == "objects" and isinstance(use.value, ast.Name)
        if not any(bound in ast.unparse(statement) for bound in BOUNDED)
        if not (use.value.id in BY_PARENT and ".filter(" in ast.unparse(statement))
    ]


# Views that read a model in another way, each with the reason.
ALLOWED = {
    ("core/views/session.py", "User"): "the demo's log-in page has a button per demonstration log-in",
    ("playbooks/api/answers.py", "User"): "whoever may give work away names a colleague by user name",
    ("cx_ops/views/dead_letters.py", "DeadLetter"): "for operations alone, who see everything",
}


def view_files() -> list[str]:
    return [
        path
        for path in python_files(*PACKAGES)
        if is_in(path, "views", "api") and not path.startswith(("core/api/", "cx_ops/api"))
    ]


def test_views_list_only_what_is_visible() -> None:
    found = [
        finding
        for path in view_files()
        for model, finding in bare_lists(path)
        if model not in OPEN_TO_ALL and (path, model) not in ALLOWED
    ]
    assert found == [], "begin with .visible_to(request.user), or with a query that does"


def test_the_list_of_other_ways_shrinks() -> None:
    used = {(path, model) for path in view_files() for model, _ in bare_lists(path)}
    assert set(ALLOWED) - used == set()
