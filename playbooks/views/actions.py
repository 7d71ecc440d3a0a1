"""What somebody does to a task. Each view: load or 404, one service, and the page that follows.

A refused form is 422 with the form and what was typed, a task that has changed meanwhile is 409 with the same; both
work as a page of their own and as the part that htmx swaps.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.enums import ActivityKind
from core.guards import DOERS, PersonRequest, for_roles
from playbooks.forms import CloseForm, NoteForm, VersionedForm
from playbooks.models import Task
from playbooks.queries.outcomes import label_of
from playbooks.services.runs import RunRefused, complete_step, uncomplete_step
from playbooks.services.tasks import (
    TaskChanged,
    TaskRefused,
    acknowledge_task,
    add_note,
    claim_task,
    close_task,
    reopen_task,
    resume_task,
    undo_task,
)
from playbooks.services.touches import tell_touch
from playbooks.views import deeds
from playbooks.views.answers import (
    Dialog,
    conflicted,
    move_on,
    refuse_close,
    refuse_note,
    show_dialog,
    stay,
    stay_refused,
)
from playbooks.views.pages import load_or_404, task_or_404

TaskView = Callable[..., HttpResponse]


@require_POST
@for_roles(*DOERS)
def close(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """Close with an outcome; on to the next task of the list that was on the screen."""
    form = CloseForm(request.POST)
    if not form.is_valid():
        return refuse_close(request, load_or_404(request, task_id), form)
    data = form.cleaned_data
    try:
        task = close_task(
            task_id=task_id, by=request.user, version=data["version"], outcome=data["outcome"], reason=data["reason"],
            note=data["note"], now=request.now,
        )  # fmt: skip
    except Task.DoesNotExist:
        raise Http404 from None
    except TaskChanged as change:
        return conflicted(request, task_or_404(request, task_id), str(change), form=form)
    except TaskRefused as refusal:
        _add_error(form, refusal)
        return refuse_close(request, load_or_404(request, task_id), form)
    words = {"account": task.about, "outcome": label_of(task.outcome) if task.outcome else ""}
    said = _("Closed %(account)s: %(outcome)s.") if task.outcome else _("%(account)s goes to your lead.")
    return move_on(request, task, said % words, may_undo=bool(task.outcome))


def _through_form(deed: deeds.Deed) -> TaskView:
    """The view of a deed: its form as a dialog or a page, then the next task."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @for_roles(*DOERS)
    def view(request: PersonRequest, task_id: UUID) -> HttpResponse:
        seen = task_or_404(request, task_id)
        form = deed.form(request, seen)
        dialog = Dialog(deed, form)
        if request.method != "POST" or not form.is_valid():
            return show_dialog(request, seen, dialog)
        try:
            task = deed.do(request, task_id, form.cleaned_data)
        except TaskChanged as change:
            return conflicted(request, seen, str(change), dialog=dialog)
        except TaskRefused as refusal:
            _add_error(form, refusal)
            return show_dialog(request, seen, dialog)
        said = deed.said(seen, form.cleaned_data)
        return stay(request, task_id, said) if deed.stays else move_on(request, task, said, may_undo=deed.may_undo)

    return view  # type: ignore[return-value]


snooze = _through_form(deeds.SNOOZE)
wait = _through_form(deeds.WAIT)
hand_over = _through_form(deeds.HAND_OVER)
merge = _through_form(deeds.MERGE)
skip = _through_form(deeds.SKIP)
take_over = _through_form(deeds.TAKE_OVER)


def _by_button(service: Callable[..., Task], said: object) -> TaskView:
    """The view of what one button does; `said` names the {account}."""

    @require_POST
    @for_roles(*DOERS)
    def view(request: PersonRequest, task_id: UUID) -> HttpResponse:
        form = VersionedForm(request.POST)
        version = form.cleaned_data["version"] if form.is_valid() else 0
        try:
            task = service(task_id=task_id, by=request.user, version=version, now=request.now)
        except Task.DoesNotExist:
            raise Http404 from None
        except (TaskChanged, TaskRefused, RunRefused) as problem:
            return stay_refused(request, task_or_404(request, task_id), problem)
        return stay(request, task_id, str(said) % {"account": task.about}, focus=True)

    return view  # type: ignore[return-value]


reopen = _by_button(reopen_task, gettext_lazy("Reopened %(account)s."))
resume = _by_button(resume_task, gettext_lazy("%(account)s is back."))
undo_last = _by_button(undo_task, gettext_lazy("%(account)s is as it was."))


@require_POST
@for_roles(*DOERS)
def acknowledge(request: PersonRequest, task_id: UUID) -> HttpResponse:
    task = task_or_404(request, task_id)
    try:
        acknowledge_task(task_id=task_id, by=request.user, now=request.now)
    except (TaskChanged, TaskRefused) as problem:
        return stay_refused(request, task, problem)
    return stay(request, task_id, _("Acknowledged."))


@require_POST
@for_roles(*DOERS)
def add_a_note(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """Write on the task, what was said in a call or a meeting too: that is a touch of its account.

    Takes the note of a close form too, when the close came too late.
    """
    task = task_or_404(request, task_id)
    kind = request.POST.get("kind", "") if task.account_id else ""
    form = NoteForm({"text": request.POST.get("text") or request.POST.get("note", ""), "kind": kind})
    if not form.is_valid():
        return refuse_note(request, load_or_404(request, task_id), _("Write the note first."))
    told = {"task_id": task_id, "text": form.cleaned_data["text"], "by": request.user, "now": request.now}
    try:
        if kind:
            tell_touch(kind=ActivityKind(kind), **told)
        else:
            add_note(**told)
    except (TaskChanged, TaskRefused) as problem:
        return stay_refused(request, task, problem)
    return stay(request, task_id, _("Logged on the task and on the account.") if kind else _("Note added."))


@require_POST
@for_roles(*DOERS)
def tick_step(request: PersonRequest, task_id: UUID, run_step_id: UUID) -> HttpResponse:
    """`done=yes` ticks a step of the playbook, `done=no` unticks it; to tick is to work on the task."""
    page = load_or_404(request, task_id)
    if run_step_id not in {step.run_step_id for step in page.steps if step.may_tick}:
        return stay(request, task_id, "", error=_("This step cannot be ticked: the page was out of date."))
    done = request.POST.get("done") != "no"
    service = complete_step if done else uncomplete_step
    try:
        claim_task(task_id=task_id, by=request.user, now=request.now)
        service(run_step_id=run_step_id, by=request.user, now=request.now)
    except (RunRefused, TaskChanged, TaskRefused) as problem:
        return stay_refused(request, page.task, problem)
    return stay(request, task_id, _("Step done.") if done else _("Step open again."))


def _add_error(form: VersionedForm, refusal: TaskRefused) -> None:
    field = getattr(refusal, "field", "") or None
    if field in form.fields:
        form.fields[field].required = True
    form.add_error(field if field in form.fields else None, str(refusal))
