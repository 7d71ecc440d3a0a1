"""Records that a stage gave up on, and their way back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Max
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from core.export import Column, csv_file, wants_csv
from core.guards import OPS, PersonRequest, for_roles
from core.models import DeadLetter
from core.stages import RowUnfit, replay_dead_letter, replay_dead_letters
from cx_ops.pipeline import BY_NAME
from intake.queries import records_by_id

SHOWN = 100
SENTENCES = 5
FILE_ROWS = 500
COLUMNS: tuple[Column[DeadLetter], ...] = (
    Column(gettext_lazy("Stage"), lambda letter: letter.stage),
    Column(gettext_lazy("Record"), lambda letter: letter.record_id),
    Column(gettext_lazy("What went wrong"), lambda letter: letter.error),
    Column(gettext_lazy("Attempts"), lambda letter: letter.attempts),
    Column(gettext_lazy("Gave up"), lambda letter: letter.died_at),
    Column(gettext_lazy("Replayed"), lambda letter: letter.replayed_at),
    Column(gettext_lazy("Replayed by"), lambda letter: letter.replayed_by),
)


@require_safe
@for_roles(*OPS)
def show_dead_letters(request: PersonRequest) -> HttpResponseBase:
    """Those that wait for somebody first, then those that were replayed."""
    letters = DeadLetter.objects.select_related("replayed_by")
    waiting = letters.filter(replayed_at=None)
    if wants_csv(request):
        return csv_file("dead-letters", COLUMNS, letters.iterator(FILE_ROWS))
    shown, replayed = list(waiting[:SHOWN]), list(letters.exclude(replayed_at=None).order_by("-replayed_at")[:20])
    records = records_by_id(letter.record_id for letter in (*shown, *replayed))
    context = {
        "waiting": [(letter, records.get(letter.record_id)) for letter in shown],
        "count": waiting.count(),
        "stages": waiting.order_by("stage").values_list("stage").annotate(n=Count("id")),
        "replayed": [
            (letter, records.get(letter.record_id), *fate)
            for letter, fate in zip(replayed, _fates(replayed), strict=True)
        ],
    }
    return render(request, "cx_ops/dead_letters.html", context)


def _fates(letters: Sequence[DeadLetter]) -> Iterator[tuple[str, str]]:
    """What became of each letter since it was replayed, in words, with the tone of that."""
    ids = {letter.record_id for letter in letters}
    died = DeadLetter.objects.filter(record_id__in=ids).values_list("stage", "record_id").annotate(at=Max("died_at"))
    last = {(stage, id): at for stage, id, at in died.order_by()}
    waits = {
        (stage, id)
        for stage in {letter.stage for letter in letters} & BY_NAME.keys()
        for id in BY_NAME[stage].pending._default_manager.filter(id__in=ids).values_list("id", flat=True)
    }
    for letter in letters:
        if last[letter.stage, letter.record_id] > letter.died_at:
            yield _("Came back"), "bad"
        elif (letter.stage, letter.record_id) in waits:
            yield _("Waits"), "info"
        else:
            yield _("Worked"), "good"


@require_POST
@for_roles(*OPS)
def replay_stage(request: PersonRequest, stage: str) -> HttpResponse:
    """Put all of one stage back in front of it."""
    if stage not in BY_NAME:
        raise Http404
    done = replay_dead_letters(stage, stages=BY_NAME, by=request.user, now=request.now)
    if done.count or not done.unfit:
        words = ngettext("%(n)d record is on its way again.", "%(n)d records are on their way again.", done.count)
        messages.success(request, words % {"n": done.count})
    for sentence in done.unfit[:SENTENCES]:
        messages.error(request, sentence)
    if more := len(done.unfit[SENTENCES:]):
        words = ngettext("%(n)d more stays here as well.", "%(n)d more stay here as well.", more)
        messages.error(request, words % {"n": more})
    return redirect("dead_letters")


@require_POST
@for_roles(*OPS)
def replay(request: PersonRequest, letter_id: UUID) -> HttpResponse:
    """Put one back in front of the stage that gave up on it."""
    try:
        replay_dead_letter(letter_id, stages=BY_NAME, by=request.user, now=request.now)
    except DeadLetter.DoesNotExist:
        if not DeadLetter.objects.filter(pk=letter_id).exists():
            raise Http404 from None
        messages.warning(request, _("It was replayed already."))
    except RowUnfit as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("It is on its way again. If it fails once more, it comes back here."))
    return redirect("dead_letters")
