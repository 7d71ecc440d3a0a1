"""What can be done to a task through a form: which form, which service, and what is said when it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.guards import PersonRequest
from playbooks.forms import (
    DIALOG_IDS,
    HandOverForm,
    MergeForm,
    SkipForm,
    SnoozeForm,
    TakeOverForm,
    VersionedForm,
    WaitForm,
)
from playbooks.models import Task
from playbooks.queries.deadlines import in_words, next_deadline
from playbooks.queries.snoozing import snooze_presets, zone_now
from playbooks.queries.terms import Limit, limit_of, term_of
from playbooks.services.tasks import (
    assign_task,
    merge_task,
    skip_task,
    snooze_task,
    take_over_task,
    wait_on_customer,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise


class Deed(NamedTuple):
    """`name` is that of its address, `means` what it does in words, `fields` a template where a list is not enough.

    `do` raises what its service raises; `stays` on the task afterwards, instead of going on to the next.
    """

    name: str
    title: StrOrPromise
    button: StrOrPromise
    means: StrOrPromise
    form: Callable[[PersonRequest, Task], VersionedForm]
    do: Callable[[PersonRequest, UUID, dict[str, Any]], Task]
    said: Callable[[Task, dict[str, Any]], str]
    may_undo: bool = True
    stays: bool = False
    fields: str = ""


def _filled(request: PersonRequest, task: Task, **more: Any) -> dict[str, Any]:
    return {"data": request.POST or None, "initial": {"version": task.version} | more, "auto_id": DIALOG_IDS}


def _limit_of(request: PersonRequest, task: Task) -> Limit | None:
    today = request.now.date()
    return limit_of(task.expires_at, term_of(task, today), today, zone_now())


def _snooze_form(request: PersonRequest, task: Task) -> VersionedForm:
    limit, due = _limit_of(request, task), next_deadline(task, request.now)
    presets = snooze_presets(request.now, request.user, limit)
    filled = _filled(request, task, preset=presets[0].value)
    return SnoozeForm(**filled, presets=presets, zone=zone_now(), now=request.now, limit=limit, due=due)


def _snooze(request: PersonRequest, task_id: UUID, data: dict[str, Any]) -> Task:
    return snooze_task(
        task_id=task_id, by=request.user, version=data["version"], until=data["until"], reason=data["reason"],
        now=request.now,
    )  # fmt: skip


def _wait(request: PersonRequest, task_id: UUID, data: dict[str, Any]) -> Task:
    return wait_on_customer(
        task_id=task_id, by=request.user, version=data["version"], next_step_on=data["next_step_on"],
        note=data["note"], now=request.now,
    )  # fmt: skip


def _hand_over(request: PersonRequest, task_id: UUID, data: dict[str, Any]) -> Task:
    return assign_task(
        task_id=task_id, by=request.user, version=data["version"], to=data["to"], note=data["note"], now=request.now
    )


def _merge(request: PersonRequest, task_id: UUID, data: dict[str, Any]) -> Task:
    return merge_task(task_id=task_id, into=data["into"].pk, by=request.user, version=data["version"], now=request.now)


def _skip(request: PersonRequest, task_id: UUID, data: dict[str, Any]) -> Task:
    return skip_task(task_id=task_id, by=request.user, reason=data["reason"], now=request.now)


def _take_over(request: PersonRequest, task_id: UUID, data: dict[str, Any]) -> Task:
    return take_over_task(task_id=task_id, by=request.user, note=data["note"], now=request.now)


SNOOZE = Deed(
    "task_snooze", gettext_lazy("Snooze"), gettext_lazy("Snooze"),
    gettext_lazy("You put it off until a day: it comes back by itself, or sooner if it gets worse."),
    _snooze_form, _snooze,
    lambda task, data: _("Snoozed %(account)s until %(until)s.")
    % {"account": task.about, "until": in_words(data["until"])},
    fields="playbooks/_snooze_fields.html",
)  # fmt: skip
WAIT = Deed(
    "task_wait", gettext_lazy("Pause for the customer"), gettext_lazy("Pause"),
    gettext_lazy("It is the customer’s turn: the task rests until you ask again, its deadlines with it."),
    lambda request, task: WaitForm(**_filled(request, task), limit=_limit_of(request, task)), _wait,
    lambda task, data: _("%(account)s waits for the customer.") % {"account": task.about},
)  # fmt: skip
HAND_OVER = Deed(
    "task_hand_over", gettext_lazy("Hand over"), gettext_lazy("Hand over"),
    gettext_lazy("Somebody else takes it, with its facts, steps and notes."),
    lambda request, task: HandOverForm(**_filled(request, task), task=task, now=request.now), _hand_over,
    lambda task, data: _("Handed %(account)s to %(name)s.") % {"account": task.about, "name": data["to"]},
)  # fmt: skip
MERGE = Deed(
    "task_merge", gettext_lazy("Merge as a duplicate"), gettext_lazy("Merge"),
    gettext_lazy("Another task is about the same: its signals are added there, and this one is closed as a duplicate."),
    lambda request, task: MergeForm(**_filled(request, task), task=task, user=request.user), _merge,
    lambda task, data: _("Merged %(account)s: “%(title)s” goes on.")
    % {"account": task.about, "title": data["into"].title},
    fields="playbooks/_merge_fields.html",
)  # fmt: skip
SKIP = Deed(
    "task_skip", gettext_lazy("Skip for now"), gettext_lazy("Skip"),
    gettext_lazy("You go on to the next one. This one stays as it is, where it is in the queue."),
    lambda request, task: SkipForm(**_filled(request, task)), _skip,
    lambda task, data: _("Skipped %(account)s.") % {"account": task.about},
)  # fmt: skip
TAKE_OVER = Deed(
    "task_take_over", gettext_lazy("Take over"), gettext_lazy("Take over"),
    gettext_lazy("You work on it now instead of them; they are told why."),
    lambda request, task: TakeOverForm(**_filled(request, task)), _take_over,
    lambda task, data: _("You are working on %(account)s now.") % {"account": task.about},
    may_undo=False, stays=True,
)  # fmt: skip

# What the buttons of a task say of themselves, by the name of the deed.
MEANS = {deed.name: deed.means for deed in (SNOOZE, WAIT, HAND_OVER, MERGE, SKIP)}
