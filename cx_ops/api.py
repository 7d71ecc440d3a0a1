"""The one table of the API's routes, under /api/v1/. Names are fixed by the public contract."""

from __future__ import annotations

from django.urls import URLPattern, path

from accounts.api import views as accounts
from cx_ops import api_docs
from insights.api import views as insights
from intake.api import openapi as _schemes  # noqa: F401 - registers how callers prove who they are
from intake.api import views as intake
from outcomes.api import views as outcomes
from playbooks.api import actions, decisions, runs, tasks

urlpatterns: list[URLPattern] = [
    path("schema/", api_docs.schema, name="api-schema"),
    path("docs/", api_docs.docs, name="api-docs"),
    path("insights", insights.Insights.as_view(), name="api-insights"),
    path("insights/bulk", insights.InsightsBulk.as_view(), name="api-insights-bulk"),
    path("insights/<uuid:id>", insights.OneInsight.as_view(), name="api-insight"),
    path("insights/<uuid:id>/retract", insights.RetractInsight.as_view(), name="api-insight-retract"),
    path("accounts", accounts.Accounts.as_view(), name="api-accounts"),
    path("accounts/bulk", accounts.AccountsBulk.as_view(), name="api-accounts-bulk"),
    path("accounts/<uuid:id>", accounts.OneAccount.as_view(), name="api-account"),
    path("contacts/bulk", accounts.ContactsBulk.as_view(), name="api-contacts-bulk"),
    path("contracts/bulk", accounts.ContractsBulk.as_view(), name="api-contracts-bulk"),
    path("activities/bulk", accounts.ActivitiesBulk.as_view(), name="api-activities-bulk"),
    path("events/bulk", accounts.EventsBulk.as_view(), name="api-events-bulk"),
    path("decisions", decisions.Decisions.as_view(), name="api-decisions"),
    path("decisions/<uuid:id>", decisions.OneDecision.as_view(), name="api-decision"),
    path("tasks", tasks.Tasks.as_view(), name="api-tasks"),
    path("tasks/<uuid:id>", tasks.OneTask.as_view(), name="api-task"),
    path("tasks/<uuid:id>/close", actions.CloseTask.as_view(), name="api-task-close"),
    path("tasks/<uuid:id>/snooze", actions.SnoozeTask.as_view(), name="api-task-snooze"),
    path("tasks/<uuid:id>/assign", actions.AssignTask.as_view(), name="api-task-assign"),
    path("runs", runs.Runs.as_view(), name="api-runs"),
    path("outcomes", outcomes.Outcomes.as_view(), name="api-outcomes"),
    path("imports", intake.Imports.as_view(), name="api-imports"),
    path("imports/<uuid:id>", intake.OneImport.as_view(), name="api-import"),
    path("imports/<uuid:id>/confirm", intake.ConfirmImport.as_view(), name="api-import-confirm"),
    path("imports/<uuid:id>/stop", intake.StopImport.as_view(), name="api-import-stop"),
    path("imports/<uuid:id>/undo", intake.UndoImport.as_view(), name="api-import-undo"),
    path("imports/<uuid:id>/errors", intake.ImportErrors.as_view(), name="api-import-errors"),
    path("imports/<uuid:id>/warnings", intake.ImportWarnings.as_view(), name="api-import-warnings"),
]
