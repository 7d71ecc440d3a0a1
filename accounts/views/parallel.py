"""A new feed beside the one it is to replace: begun, compared, switched to or stopped, and the switch undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import DifferencesForm, RunForm, SwitchForm
from accounts.queries.comparing import Comparison, Difference, all_differences, comparison, differences, kept_of
from accounts.queries.policies import current_version
from accounts.queries.shown import in_words, label_of
from accounts.services.comparing import compare_anew
from accounts.services.switching import Switched, check_undo, switch_over, undo_switch
from accounts.views.review import JUDGES
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from intake.enums import RunStatus
from intake.models import ParallelRun, Source
from intake.queries import namespace_of
from intake.queries.parallel import KindLine, calling_by_ids_of, kind_lines, run_of
from intake.queries.privacy import hidden_fields, kept_fields
from intake.queries.sources import find_source
from intake.services.kinds import find
from intake.services.parallel import RunOver, RunRefused, ending_kinds, start_run, stop_run
from intake.services.sources import SourceRefused

SHOWN = 25
COLUMNS: tuple[Column[Difference], ...] = (
    Column(gettext_lazy("Account"), lambda one: one.account),
    Column(gettext_lazy("Field"), lambda one: one.field),
    Column(gettext_lazy("How"), lambda one: one.state.label),
    Column(gettext_lazy("Old value"), lambda one: one.old),
    Column(gettext_lazy("Old since"), lambda one: one.old_at),
    Column(gettext_lazy("New value"), lambda one: one.new),
    Column(gettext_lazy("New since"), lambda one: one.new_at),
)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def show_run(request: PersonRequest, slug: str) -> HttpResponseBase:
    """The run beside a source, compared field by field; without one, a form that begins one."""
    old, run = _found(request, slug)
    if request.method == "POST":
        return _start(request, old, run)
    if wants_csv(request):
        rows = _all(request, run) if run and run.status == RunStatus.RUNNING else iter(())
        return csv_file(f"differences-{slug}", COLUMNS, rows)
    return _page(request, old, run)


@require_POST
@for_roles(*JUDGES)
def switch_run(request: PersonRequest, slug: str) -> HttpResponse:
    """`do=try`: what a switch would change; else the switch."""
    old, run = _found(request, slug)
    if run is None:
        return redirect("parallel_run", slug=slug)
    version = current_version()
    if request.POST.get("do") == "try":
        return _preview(request, old, run, SwitchForm(initial={"seen": version}))
    form = SwitchForm(request.POST, initial={"seen": version})
    if form.is_valid():
        terms = form.cleaned_data
        try:
            done = switch_over(run_id=run.pk, seen=terms["seen"], why=terms["why"], by=request.user, now=request.now)
        except RunOver as over:
            return _page(request, *_found(request, slug), problem=str(over), status=409)
        except RunRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _switched_words(done))
            return redirect("parallel_run", slug=slug)
    return _preview(request, old, run, form)


@require_POST
@for_roles(*LEADS)
def count_again(request: PersonRequest, slug: str) -> HttpResponse:
    """Compare the feeds as they are now, where what was counted last is shown."""
    _old, run = _found(request, slug)
    if run is not None:
        compare_anew(run_id=run.pk, now=request.now)
    return redirect("parallel_run", slug=slug)


@require_POST
@for_roles(*JUDGES)
def stop(request: PersonRequest, slug: str) -> HttpResponse:
    """End the run; nothing of it stays."""
    _old, run = _found(request, slug)
    if run is not None:
        try:
            stop_run(run_id=run.pk, by=request.user, now=request.now)
        except RunOver as over:
            return _page(request, *_found(request, slug), problem=str(over), status=409)
        messages.success(request, _("Stopped. What %s had brought is dropped, and it is switched off.") % run.new)
    return redirect("parallel_run", slug=slug)


@require_POST
@for_roles(*JUDGES)
def undo(request: PersonRequest, slug: str) -> HttpResponse:
    """Take a switch back."""
    _old, run = _found(request, slug)
    if run is not None:
        try:
            done = undo_switch(run_id=run.pk, by=request.user, now=request.now)
        except RunOver as over:
            return _page(request, *_found(request, slug), problem=str(over), status=409)
        except RunRefused as refused:
            return _page(request, *_found(request, slug), problem=str(refused), status=422)
        words = _("%(old)s is back in its place: what %(new)s had brought is taken back, and compared again.")
        said = words % {"old": run.old, "new": run.new}
        if done.kept or done.stays:
            rest = _("%(n)d stay, because something later has written them or they cannot be taken back.")
            said = f"{said} {rest % {'n': done.kept + done.stays}}"
        messages.success(request, said)
    return redirect("parallel_run", slug=slug)


def _start(request: PersonRequest, old: Source, run: ParallelRun | None) -> HttpResponse:
    if not _may(request):
        return _page(request, old, run, status=403)
    form = RunForm(request.POST, old=old)
    if form.is_valid():
        try:
            start_run(old=old, by=request.user, now=request.now, **form.cleaned_data)
        except (RunRefused, SourceRefused) as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("It runs: what the new feed brings from now on is compared here."))
            return redirect("parallel_run", slug=old.slug)
    return _page(request, old, run, form=form, status=422)


def _found(request: PersonRequest, slug: str) -> tuple[Source, ParallelRun | None]:
    old = find_source(slug)
    if old is None:
        raise Http404
    return old, run_of(old, request.user)


def _may(request: PersonRequest) -> bool:
    return request.user.role in JUDGES or request.user.is_superuser


def _page(
    request: PersonRequest, old: Source, run: ParallelRun | None, *, form: RunForm | None = None, problem: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {
        "source": old, "run": run, "problem": problem, "may_settle": _may(request),
        "form": form or RunForm(old=old),
        "is_running": run is not None and run.status == RunStatus.RUNNING,
        "may_undo": run is not None and run.status == RunStatus.SWITCHED and _may_undo(run, request),
    }  # fmt: skip
    if run is not None and context["is_running"]:
        context |= _compared(request, run)
    return render(request, "accounts/parallel.html", context, status=status)


def _compared(request: PersonRequest, run: ParallelRun) -> dict[str, Any]:
    lines, hidden = kind_lines(run), hidden_fields(request.user)
    found = _compare(run, lines, hidden)
    filters = DifferencesForm(request.GET, found=found)
    kind, of, state = filters.chosen()
    shown: list[Difference] = []
    for one in found:
        if len(shown) < SHOWN and kind in ("", one.kind.name):
            shown += differences(run, one, request.user, hidden, of=of, state=state, most=SHOWN - len(shown))
    return {
        "as_of": min((one.as_of for one in found if one.as_of), default=None),
        "since": sum(one.since for one in found),
        "kinds": lines, "found": found, "fields": [line for one in found for line in one.fields], "filters": filters,
        "shown": shown, "is_full": len(shown) == SHOWN, "query": f"?{request.GET.urlencode()}" if request.GET else "",
        "is_filtered": bool(of or state),
    }  # fmt: skip


def _compare(run: ParallelRun, lines: Sequence[KindLine], hidden: frozenset[str]) -> list[Comparison]:
    kept = kept_of(run)
    return [
        comparison(run, find(line.kind), line, kept, hidden) for line in lines if line.held and find(line.kind).said
    ]


def _all(request: PersonRequest, run: ParallelRun) -> Iterator[Difference]:
    """Every difference that is asked for, without the fields that may not leave."""
    hidden = hidden_fields(request.user) | kept_fields()
    found = _compare(run, kind_lines(run), hidden)
    kind, of, state = DifferencesForm(request.GET, found=found).chosen()
    wanted = [one.kind for one in found if kind in ("", one.kind.name)]
    return chain.from_iterable(all_differences(run, one, request.user, hidden, of=of, state=state) for one in wanted)


def _may_undo(run: ParallelRun, request: PersonRequest) -> bool:
    try:
        check_undo(run, request.now)
    except RunRefused:
        return False
    return True


def _preview(request: PersonRequest, old: Source, run: ParallelRun, form: SwitchForm) -> HttpResponse:
    """The page that says what a switch would do; or why there can be none now."""
    done, problem = None, ""
    try:
        done = switch_over(run_id=run.pk, seen=0, by=request.user, now=request.now, preview=True)
    except RunOver as over:
        return _page(request, old, run, problem=str(over), status=409)
    except RunRefused as refused:
        problem = str(refused)
    lines = kind_lines(run)
    context = {
        "source": old, "run": run, "form": form, "problem": problem,
        "left_alone": sum(one.only_old for one in _compare(run, lines, frozenset()) if one.kind.name == "accounts"),
        "done": _shown(done, hidden_fields(request.user)) if done else None,
        "ending": ending_kinds(lines), "calling": calling_by_ids_of(run.old, but=run.new),
        "same_ids": namespace_of(run.new) == namespace_of(run.old),
    }  # fmt: skip
    return render(request, "accounts/parallel_switch.html", context, status=422 if form.is_bound else 200)


CARRIED = {
    "owner": gettext_lazy("Owner"), "backup": gettext_lazy("Backup"), "runbook": gettext_lazy("Runbook"),
    "cadence_hours": gettext_lazy("Expected"),
}  # fmt: skip


def _shown(done: Switched, hidden: frozenset[str]) -> dict[str, Any]:
    shown = [one for one in done.examples if f"accounts.{one.field}" not in hidden]
    words = in_words((one.field, one.before, one.after) for one in shown)
    return {
        "accounts": done.accounts, "made": done.made, "is_whole": done.is_whole,
        "fields": [(label_of(name), count) for name, count in done.fields.most_common()],
        "records": [(kind, sorted(counts.items()), sum(counts.values())) for kind, counts in done.records.items()],
        "has_scores": any(find(kind).near for kind in done.records),
        "refused": done.refused.most_common(5),
        "rules": [label_of(name) for name in done.rules],
        "carried": [str(CARRIED[name]) for name in done.carried],
        "examples": [(one, *said) for one, said in zip(shown, words, strict=True)],
    }  # fmt: skip


def _switched_words(done: Switched) -> str:
    count = done.accounts
    words = ngettext(
        "Switched. %d account shows something else now.", "Switched. %d accounts show something else now.", count
    )
    return words % count
