"""One act on many tasks: each by its own service, so that each rule holds; a preview, and one undo for all.

There is no closing with an outcome in bulk: forty tasks closed as "resolved" by one click would prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce

from core.models import Act, User
from core.services import record_act
from playbooks.models import Task
from playbooks.services.taking import TaskChanged, TaskRefused
from playbooks.services.undoing import undo_task

MOST = 200


class Chosen(NamedTuple):
    """A task that was selected, as it was seen."""

    id: UUID
    version: int
    subject_id: UUID
    account: str
    title: str


@dataclass
class Bulk:
    """What changed, and what was refused with the reason. `act_id` undoes it; None where nothing changed."""

    changed: list[Chosen] = field(default_factory=list)
    refused: list[tuple[Chosen, str]] = field(default_factory=list)
    act_id: UUID | None = None


Change = Callable[[Chosen], Task]


def choose(ids: Sequence[UUID], *, by: User) -> list[Chosen]:
    """The tasks of these ids that `by` may see, in their order; the first 200."""
    subject = Coalesce("account_id", "source_id"), Coalesce("account__name", "source__name")
    rows = Task.objects.visible_to(by).filter(pk__in=ids[:MOST]).values_list("id", "version", *subject, "title")
    found = {row[0]: Chosen(*row) for row in rows}
    return [found[id] for id in ids[:MOST] if id in found]


@transaction.atomic
def change_many(
    chosen: Sequence[Chosen], change: Change, *, action: str, by: User, now: datetime, preview: bool = False
) -> Bulk:
    """Do `change` to each; what is refused is left as it is. preview: say what would happen, and change nothing."""
    done = Bulk()
    versions: dict[str, int] = {}
    for one in chosen:
        try:
            with transaction.atomic():
                task = change(one)
        except (TaskChanged, TaskRefused) as refusal:
            done.refused.append((one, str(refusal)))
        else:
            done.changed.append(one)
            versions[str(one.id)] = task.version
    if preview:
        transaction.set_rollback(True)
    elif versions:
        done.act_id = record_act("bulk", by, by=by, now=now, why=action, data={"action": action, "tasks": versions}).pk
    return done


@transaction.atomic
def undo_many(*, act_id: UUID, by: User, now: datetime) -> Bulk:
    """Take one's own bulk act back where nobody went on since. Raises `Act.DoesNotExist`."""
    act = Act.objects.get(pk=act_id, verb="bulk", by=by)
    versions = {UUID(id): version for id, version in act.data["tasks"].items()}
    chosen = [one._replace(version=versions[one.id]) for one in choose(list(versions), by=by)]
    undo = lambda one: undo_task(task_id=one.id, by=by, version=one.version, now=now)  # noqa: E731
    return change_many(chosen, undo, action="undo", by=by, now=now)


def merge_targets(chosen: Sequence[Chosen]) -> dict[UUID, UUID]:
    """Which task each one is merged into: the first selected of its account or source. The firsts are not there."""
    first: dict[UUID, UUID] = {}
    return {one.id: kept for one in chosen if (kept := first.setdefault(one.subject_id, one.id)) != one.id}
