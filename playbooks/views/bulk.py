"""One act on many tasks: choose, see what will change and what is refused, do it, take it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from core.guards import DOERS, PersonRequest, for_roles
from core.models import Act
from playbooks.forms import DIALOG_IDS, BulkForm, read_order
from playbooks.models import Task
from playbooks.queries.queue import all_ids
from playbooks.queries.snoozing import moment_in_words, snooze_presets
from playbooks.services.bulk import MOST, Bulk, Chosen, change_many, choose, merge_targets, undo_many
from playbooks.services.tasks import TaskRefused, assign_task, dismiss_task, merge_task, snooze_task
from playbooks.views.pages import read_list

TITLES = {
    "assign": gettext_lazy("Hand over"),
    "snooze": gettext_lazy("Snooze"),
    "merge": gettext_lazy("Merge duplicates"),
    "dismiss": gettext_lazy("No longer relevant"),
}
# What is said of it once it is done.
DONE = {
    "assign": gettext_lazy("Handed over"),
    "snooze": gettext_lazy("Snoozed"),
    "merge": gettext_lazy("Merged"),
    "dismiss": gettext_lazy("Closed as no longer relevant"),
}
# What the button says that does it.
VERBS = {
    "assign": gettext_lazy("Hand over"),
    "snooze": gettext_lazy("Snooze"),
    "merge": gettext_lazy("Merge"),
    "dismiss": gettext_lazy("Close"),
}


@require_POST
@for_roles(*DOERS)
def change_selected(request: PersonRequest) -> HttpResponse:
    """First a preview of what will change and what is refused; with `confirm`, the change itself."""
    action = request.POST.get("action", "")
    listed = read_list(request)
    if action not in TITLES:
        messages.error(request, _("Choose what to do with the selected tasks."))
        return redirect(listed.url())
    everything = bool(request.POST.get("all"))
    ids = all_ids(listed.scope, listed.lane, most=MOST) if everything else read_order(request.POST.getlist("task"))
    chosen = _as_seen(choose(ids, by=request.user), request)
    presets = snooze_presets(request.now, request.user, None)
    data = request.POST if "asked" in request.POST else None
    form = BulkForm(data, action=action, presets=presets, now=request.now, auto_id=DIALOG_IDS)
    ready = form.is_valid() or not form.fields
    if not ready or "confirm" not in request.POST:
        plan = _change(request, action, chosen, form, preview=True) if ready else None
        return _show(request, action, chosen, form, plan)
    done = _change(request, action, chosen, form, preview=False)
    return _go_back(request, said_of(action, len(done.changed)), listed.url(), done)


@require_POST
@for_roles(*DOERS)
def undo_selected(request: PersonRequest, act_id: UUID) -> HttpResponse:
    """The inverse of one's own bulk act."""
    try:
        done = undo_many(act_id=act_id, by=request.user, now=request.now)
    except Act.DoesNotExist:
        raise Http404 from None
    count = len(done.changed)
    said = ngettext("%(n)d task is as it was.", "%(n)d tasks are as they were.", count) % {"n": count}
    if done.refused:
        left = len(done.refused)
        said += " " + ngettext(
            "%(n)d was left alone: somebody went on with it.",
            "%(n)d were left alone: somebody went on with them.",
            left,
        ) % {"n": left}
    return _go_back(request, said, read_list(request, lane=request.POST.get("lane", "")).url(), None)


def _as_seen(chosen: Sequence[Chosen], request: PersonRequest) -> list[Chosen]:
    """With the versions that the preview showed, where it was shown: what changed since is refused."""
    seen = dict(value.split(":", 1) for value in request.POST.getlist("seen") if ":" in value)
    return [
        one._replace(version=int(version)) if (version := seen.get(str(one.id), "")).isdigit() else one
        for one in chosen
    ]


def _change(request: PersonRequest, action: str, chosen: list[Chosen], form: BulkForm, *, preview: bool) -> Bulk:
    data = form.cleaned_data if form.is_bound and form.is_valid() else {}
    change = CHANGES[action](request, chosen, data)
    return change_many(chosen, change, action=action, by=request.user, now=request.now, preview=preview)


def _assign(request: PersonRequest, chosen: list[Chosen], data: dict[str, Any]) -> Callable[[Chosen], Task]:
    return lambda one: assign_task(
        task_id=one.id, by=request.user, version=one.version, to=data["to"], note=data["reason"], now=request.now
    )


def _snooze(request: PersonRequest, chosen: list[Chosen], data: dict[str, Any]) -> Callable[[Chosen], Task]:
    return lambda one: snooze_task(
        task_id=one.id, by=request.user, version=one.version, until=data["until"], reason=data["reason"],
        now=request.now,
    )  # fmt: skip


def _dismiss(request: PersonRequest, chosen: list[Chosen], data: dict[str, Any]) -> Callable[[Chosen], Task]:
    return lambda one: dismiss_task(
        task_id=one.id, by=request.user, version=one.version, reason=data["reason"], now=request.now
    )


def _merge(request: PersonRequest, chosen: list[Chosen], data: dict[str, Any]) -> Callable[[Chosen], Task]:
    targets = merge_targets(chosen)

    def merge(one: Chosen) -> Task:
        if one.id not in targets:
            kept = one.id in targets.values()
            raise TaskRefused(
                _("The others of this account are merged into it.")
                if kept
                else _("No other of its account is selected.")
            )
        return merge_task(task_id=one.id, into=targets[one.id], by=request.user, version=one.version, now=request.now)

    return merge


CHANGES = {"assign": _assign, "snooze": _snooze, "dismiss": _dismiss, "merge": _merge}


def said_of(action: str, count: int) -> str:
    """What one act did to many tasks, in words."""
    words = {"n": count, "what": DONE[action]}
    return ngettext("%(what)s: %(n)d task.", "%(what)s: %(n)d tasks.", count) % words


def _show(request: PersonRequest, action: str, chosen: list[Chosen], form: BulkForm, plan: Bulk | None) -> HttpResponse:
    context = {
        "action": action, "title": TITLES[action], "verb": VERBS[action], "chosen": chosen, "form": form,
        "plan": plan, "most": MOST, "becomes": _becomes(form) if plan else "",
        "url": request.get_full_path(), "queue_url": read_list(request).url(),
        "as_dialog": bool(request.htmx),
    }  # fmt: skip
    status = 422 if form.is_bound and form.errors else 200
    return render(
        request, "playbooks/bulk.html#dialog" if request.htmx else "playbooks/bulk.html", context, status=status
    )


def _becomes(form: BulkForm) -> str:
    """Until when, or whose, the tasks will be; "" where the title says it all."""
    until, to = (form.cleaned_data.get(name) if form.is_bound else None for name in ("until", "to"))
    if until:
        return _("snoozed until %(until)s") % {"until": moment_in_words(until)}
    return _("handed to %(name)s") % {"name": to} if to else ""


def _go_back(request: PersonRequest, said: str, url: str, done: Bulk | None) -> HttpResponse:
    """To the list anew, which offers to undo it."""
    if done is not None and done.act_id:
        url += f"&bulk={done.act_id}"
    else:
        messages.success(request, said)
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
