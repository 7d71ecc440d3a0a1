"""Who is believed about which field: the rules in force, what others would change, publishing, going back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.enums import Matching
from accounts.forms import ModeForm, PolicyForm
from accounts.models import FieldPolicy, MatchingMode
from accounts.queries.shown import in_words, label_of
from accounts.rules.projection import Policy, read_policy
from accounts.services.bolder import try_relaxed
from accounts.services.policies import Effect, PolicyRefused, publish_policy, set_matching
from core.enums import Role
from core.guards import LEADS, PersonRequest, for_roles
from intake.models import Source
from intake.queries.privacy import hidden_fields

VERSIONS = 6


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def show_fields(request: PersonRequest) -> HttpResponse:
    """POST `do=try` says what the rules would change, `do=publish` publishes; `?version=` fills in older rules,
    `?source=` shows what it would change to match that source's records otherwise.
    """
    versions = list(FieldPolicy.objects.select_related("published_by")[:VERSIONS])
    newest = versions[0].version if versions else 0
    in_force = read_policy(versions[0].rules if versions else {})
    if request.method != "POST":
        old = FieldPolicy.objects.filter(version=_number(request.GET.get("version"))).first()
        policy = read_policy(old.rules) if old else in_force
        form = PolicyForm(policy=policy, version=newest)
        form.compare(policy, in_force)
        return _page(request, form, versions, old=old)
    form = PolicyForm(request.POST, policy=Policy({}), version=newest)
    if not form.is_valid():
        return _page(request, form, versions, status=422)
    form.compare(form.policy(), in_force)
    preview = request.POST.get("do") != "publish" or request.user.role == Role.LEADER
    given: dict[str, Any] = {
        "policy": form.policy(),
        "seen": form.cleaned_data["seen"],
        "by": request.user,
        "now": request.now,
    }
    try:
        effect = publish_policy(**given, why=form.cleaned_data["why"], preview=preview)
    except PolicyRefused as refusal:
        form.add_error("why", str(refusal))
        with suppress(PolicyRefused):
            effect = publish_policy(**given, why=form.data.get("why", ""), preview=True)
            return _page(request, form, versions, effect=effect, status=422)
        return _page(request, form, versions, status=422)
    if preview:
        return _page(request, form, versions, effect=effect)
    count = effect.accounts
    words = ngettext(
        "Published. %d account shows something else now.", "Published. %d accounts show something else now.", count
    )
    messages.success(request, words % count)
    return redirect("field_policies")


@require_POST
@for_roles(Role.MANAGER, Role.OPS)
def set_mode(request: PersonRequest) -> HttpResponse:
    """How boldly a source's new records are matched."""
    form = ModeForm(request.POST)
    if form.is_valid():
        source = form.cleaned_data["source"]
        set_matching(source=source, mode=Matching(form.cleaned_data["mode"]), by=request.user, now=request.now)
        how = {Matching.STRICT: _("strictly"), Matching.RELAXED: _("relaxed")}[Matching(form.cleaned_data["mode"])]
        messages.success(
            request, _("New records of %(source)s are matched %(how)s from now on.") % {"source": source, "how": how}
        )
    else:
        messages.error(request, _("Choose a source and how its records are matched."))
    return redirect("field_policies")


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else 0


def _page(
    request: PersonRequest, form: PolicyForm, versions: list[FieldPolicy], *, effect: Effect | None = None,
    old: FieldPolicy | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    relaxed = set(MatchingMode.objects.filter(mode=Matching.RELAXED).values_list("source_id", flat=True))
    sources = list(Source.objects.filter(person=None, is_active=True).order_by("name"))
    asked = next((source for source in sources if source.slug == request.GET.get("source")), None)
    context: dict[str, Any] = {
        "form": form,
        "versions": versions,
        "effect": _shown(effect, hidden_fields(request.user)) if effect else None,
        "old": old,
        "strict": [source for source in sources if source.pk not in relaxed],
        "relaxed": [source for source in sources if source.pk in relaxed],
        "asked": asked,
        "boldness": try_relaxed(asked) if asked and asked.pk not in relaxed else None,
        "may_publish": request.user.role in (Role.MANAGER, Role.OPS) or request.user.is_superuser,
    }
    return render(request, "accounts/fields.html", context, status=status)


def _shown(effect: Effect, hidden: frozenset[str]) -> dict[str, Any]:
    shown = [one for one in effect.examples if f"accounts.{one[1].field}" not in hidden]
    words = in_words((change.field, change.before, change.after) for _name, change in shown)
    return {
        "accounts": effect.accounts,
        "refused": effect.refused,
        "fields": [(label_of(field), count) for field, count in effect.fields.most_common()],
        "examples": [(name, *said) for (name, _change), said in zip(shown, words, strict=True)],
        "changes": sum(effect.fields.values()),
    }
