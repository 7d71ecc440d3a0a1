"""What somebody does to a task. Each view: load or 404, one service, and the page that follows.

A refused form is 422 with the form and what was typed, a task that has changed meanwhile is 409 with the same; both
work as a page of their own and as the part that htmx swaps.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.guards import WORKERS, PersonRequest, for_roles
from playbooks.forms import (
    CloseForm,
    HandOverForm,
    NoteForm,
    SnoozeForm,
    VersionedForm,
    WaitForm,
    snooze_presets,
    zone_now,
)
from playbooks.queries.deadlines import in_words
from playbooks.queries.outcomes import label_of
from playbooks.services.runs import RunRefused, complete_step, uncomplete_step
from playbooks.services.tasks import (
    TaskChanged,
    TaskRefused,
    acknowledge_task,
    add_note,
    assign_task,
    close_task,
    reopen_task,
    resume_task,
    snooze_task,
    wait_on_customer,
)
from playbooks.views.answers import Dialog, conflicted, move_on, refuse_close, show_dialog, stay, stay_refused
from playbooks.views.pages import load_or_404


@require_POST
@for_roles(*WORKERS)
def close(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """Close with an outcome; on to the next task of the list that was on the screen."""
    page = load_or_404(request, task_id)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return refuse_close(request, page, form)
    data = form.cleaned_data
    try:
        task = close_task(
            task_id=task_id,
            by=request.user,
            version=data["version"],
            outcome=data["outcome"],
            reason=data["reason"],
            note=data["note"],
            now=request.now,
        )
    except TaskChanged as change:
        return conflicted(request, page, str(change), form=form)
    except TaskRefused as refusal:
        _add_error(form, refusal)
        return refuse_close(request, page, form)
    words = {"account": page.task.account.name, "outcome": label_of(task.outcome)}
    return move_on(request, task, _("Closed %(account)s: %(outcome)s.") % words, undo="task_reopen")


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def snooze(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """Put it away until a moment in one's own zone; it comes back sooner if it gets worse."""
    page = load_or_404(request, task_id)
    presets = snooze_presets(request.now, zone_now(), page.task.expires_at)
    form = SnoozeForm(
        request.POST or None,
        presets=presets,
        zone=zone_now(),
        now=request.now,
        initial={"version": page.task.version, "preset": presets[0].value},
    )
    dialog = Dialog("playbooks/snooze.html", form, {"presets": presets})
    if request.method != "POST" or not form.is_valid():
        return show_dialog(request, page, dialog)
    data = form.cleaned_data
    try:
        task = snooze_task(
            task_id=task_id,
            by=request.user,
            version=data["version"],
            until=data["until"],
            reason=data["reason"],
            now=request.now,
        )
    except TaskChanged as change:
        return conflicted(request, page, str(change), dialog=dialog)
    except TaskRefused as refusal:
        _add_error(form, refusal)
        return show_dialog(request, page, dialog)
    words = {"account": page.task.account.name, "until": in_words(data["until"])}
    return move_on(request, task, _("Snoozed %(account)s until %(until)s.") % words, undo="task_resume")


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def wait(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """The customer has the next move: the later deadlines stand still."""
    page = load_or_404(request, task_id)
    form = WaitForm(request.POST or None, initial={"version": page.task.version})
    dialog = Dialog("playbooks/wait.html", form, {})
    if request.method != "POST" or not form.is_valid():
        return show_dialog(request, page, dialog)
    data = form.cleaned_data
    try:
        task = wait_on_customer(
            task_id=task_id,
            by=request.user,
            version=data["version"],
            next_step_on=data["next_step_on"],
            note=data["note"],
            now=request.now,
        )
    except TaskChanged as change:
        return conflicted(request, page, str(change), dialog=dialog)
    except TaskRefused as refusal:
        _add_error(form, refusal)
        return show_dialog(request, page, dialog)
    text = _("%(account)s waits for the customer.") % {"account": page.task.account.name}
    return move_on(request, task, text, undo="task_resume")


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def hand_over(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """Give it to somebody who is here, with what they need to know."""
    page = load_or_404(request, task_id)
    form = HandOverForm(request.POST or None, task=page.task, now=request.now, initial={"version": page.task.version})
    dialog = Dialog("playbooks/hand_over.html", form, {})
    if request.method != "POST" or not form.is_valid():
        return show_dialog(request, page, dialog)
    data = form.cleaned_data
    try:
        task = assign_task(
            task_id=task_id,
            by=request.user,
            version=data["version"],
            to=data["to"],
            note=data["note"],
            now=request.now,
        )
    except TaskChanged as change:
        return conflicted(request, page, str(change), dialog=dialog)
    except TaskRefused as refusal:
        _add_error(form, refusal)
        return show_dialog(request, page, dialog)
    words = {"account": page.task.account.name, "name": data["to"]}
    return move_on(request, task, _("Handed %(account)s to %(name)s.") % words, undo="")


@require_POST
@for_roles(*WORKERS)
def reopen(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """The inverse of a close, at any time."""
    page = load_or_404(request, task_id)
    form = VersionedForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else page.task.version
    try:
        reopen_task(task_id=task_id, by=request.user, version=version, now=request.now)
    except (TaskChanged, TaskRefused) as problem:
        return stay_refused(request, page, problem)
    return stay(request, task_id, _("Reopened %(account)s.") % {"account": page.task.account.name}, focus=True)


@require_POST
@for_roles(*WORKERS)
def resume(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """The inverse of a snooze, and of waiting on the customer."""
    page = load_or_404(request, task_id)
    form = VersionedForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else page.task.version
    try:
        resume_task(task_id=task_id, by=request.user, version=version, now=request.now)
    except (TaskChanged, TaskRefused) as problem:
        return stay_refused(request, page, problem)
    return stay(request, task_id, _("%(account)s is back.") % {"account": page.task.account.name}, focus=True)


@require_POST
@for_roles(*WORKERS)
def acknowledge(request: PersonRequest, task_id: UUID) -> HttpResponse:
    page = load_or_404(request, task_id)
    try:
        acknowledge_task(task_id=task_id, by=request.user, now=request.now)
    except (TaskChanged, TaskRefused) as problem:
        return stay_refused(request, page, problem)
    return stay(request, task_id, _("Acknowledged."))


@require_POST
@for_roles(*WORKERS)
def add_a_note(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """Write on the task. Takes the note of a close form too, when the close came too late."""
    page = load_or_404(request, task_id)
    form = NoteForm({"text": request.POST.get("text") or request.POST.get("note", "")})
    if not form.is_valid():
        return stay(request, task_id, "", error=_("Write the note first."))
    try:
        add_note(task_id=task_id, by=request.user, text=form.cleaned_data["text"], now=request.now)
    except (TaskChanged, TaskRefused) as problem:
        return stay_refused(request, page, problem)
    return stay(request, task_id, _("Note added."))


@require_POST
@for_roles(*WORKERS)
def tick_step(request: PersonRequest, task_id: UUID, run_step_id: UUID) -> HttpResponse:
    """`done=yes` ticks a step of the playbook, `done=no` unticks it."""
    page = load_or_404(request, task_id)
    if run_step_id not in {step.run_step_id for step in page.steps if step.may_tick}:
        return stay(request, task_id, "", error=_("This step cannot be ticked: the page was out of date."))
    done = request.POST.get("done") != "no"
    service = complete_step if done else uncomplete_step
    try:
        service(run_step_id=run_step_id, by=request.user, now=request.now)
    except (RunRefused, TaskChanged, TaskRefused) as problem:
        return stay_refused(request, page, problem)
    return stay(request, task_id, _("Step done.") if done else _("Step open again."))


def _add_error(form: VersionedForm, refusal: TaskRefused) -> None:
    field = getattr(refusal, "field", "") or None
    form.add_error(field if field in form.fields else None, str(refusal))
