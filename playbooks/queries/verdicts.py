"""Decisions with what became of them: the task and the run of the item they are about."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet, Subquery

from decisions.models import Decision
from intake.models import RecordKey, Source
from playbooks.models import Run, Task


def with_work(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """`decisions`, each with `task_id` and `run_id`: the newest of its item, None where there is none.

    A task that is a step of a run is not the item's own.
    """
    tasks = Task.objects.filter(item=OuterRef("item_id"), run_step=None).order_by("-id").values("id")
    runs = Run.objects.filter(item=OuterRef("item_id"), automated=True).order_by("-id").values("id")
    return decisions.select_related("owner").annotate(task_id=Subquery(tasks[:1]), run_id=Subquery(runs[:1]))


def about_external_id(decisions: QuerySet[Decision], external_id: str) -> QuerySet[Decision]:
    """Those about insights that a source sent under `external_id`."""
    # The key begins with the source: naming all of them lets PostgreSQL use it.
    keys = RecordKey.objects.filter(
        source_id__in=list(Source.objects.values_list("id", flat=True)), kind="insights", external_id=external_id
    )
    return decisions.filter(insight__in=list(keys.values_list("record_id", flat=True)))
