"""What is settled about a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from core.models import User
from intake.enums import ScoreMeaning, SourceMode
from intake.models import Source
from intake.queries.sources import owners
from intake.services.sources import SourceTerms

HOURS_A_YEAR = 24 * 366


class SourceForm(forms.Form):
    """A source: its name, who answers for it, when it is expected, and what to do when it breaks."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("As colleagues call the system, such as “Billing”."),
        error_messages={"required": _("Give the system's name.")},
    )  # fmt: skip
    slug = forms.SlugField(
        label=_("Short name"), max_length=60, required=False,
        help_text=_("Letters, digits and -; programs use it. Made of the name when empty, and kept for good."),
        error_messages={"invalid": _("Use letters, digits, - and _ without spaces.")},
    )  # fmt: skip
    owner = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.none(), empty_label=_("Choose a person"),
        help_text=_("Gets a task when nothing comes, much less comes than usual, or it looks different."),
        error_messages={"required": _("Choose who answers for it: a feed that nobody owns dies unnoticed.")},
    )  # fmt: skip
    backup = forms.ModelChoiceField(
        label=_("Backup"), queryset=User.objects.none(), required=False, empty_label=_("Nobody"),
        help_text=_("Gets it while the owner is away or has left."),
    )  # fmt: skip
    cadence_hours = forms.IntegerField(
        label=_("Expected every … hours"), required=False, min_value=1, max_value=HOURS_A_YEAR,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("24 is daily, 168 weekly. Empty: it comes whenever it comes, and is never late."),
    )  # fmt: skip
    runbook = forms.CharField(
        label=_("Runbook"), required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 7}),
        help_text=_("What to do when it breaks, step by step: where to look, whom to call. It stands in the task."),
    )  # fmt: skip
    mode = forms.ChoiceField(
        label=_("How it is connected"), choices=SourceMode.choices,
        help_text=_(
            "Copied in: it sends records, which are kept here. Told by webhook: it is told what happens here. "
            "Looked up live: it is asked when somebody opens an account, and only its last answer is kept."
        ),
    )  # fmt: skip
    score_meaning = forms.ChoiceField(
        label=_("Its scores say"), choices=ScoreMeaning.choices,
        help_text=_("Matters only where it sends scores. A probability is watched, not acted on, until it is checked."),
    )  # fmt: skip
    account_namespace = forms.ModelChoiceField(
        label=_("Whose account ids it uses"), queryset=Source.objects.none(), required=False,
        empty_label=_("Its own"), help_text=_("If it names accounts by the ids of another system, choose that one."),
    )  # fmt: skip
    is_active = forms.BooleanField(
        label=_("In use"), required=False, initial=True,
        help_text=_("Off: its tokens and files are refused, and nobody is told that it is silent."),
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any] | None = None, *, source: Source | None = None) -> None:
        super().__init__(data, initial=_initial(source) if source else None)
        named = [pk for pk in (source.owner_id, source.backup_id) if pk] if source else []
        people = User.objects.filter(Q(pk__in=owners().order_by().values("pk")) | Q(pk__in=named))
        for name in ("owner", "backup"):
            self._choices(name).queryset = people.order_by("first_name", "username")
        others = Source.objects.systems().filter(account_namespace=None).exclude(pk__in=[source.pk] if source else [])
        self._choices("account_namespace").queryset = others
        if source is not None:
            del self.fields["slug"]

    def _choices(self, name: str) -> forms.ModelChoiceField[Any]:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        return field

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if "slug" in self.fields and not data.get("slug") and data.get("name"):
            data["slug"] = slugify(data["name"])[:60]
            if not data["slug"] and "slug" not in self.errors:
                self.add_error("slug", _("Give a short name in letters: none can be made of this name."))
        return data

    def terms(self) -> SourceTerms:
        """What was settled; of a valid form."""
        data = self.cleaned_data
        return SourceTerms(
            name=data["name"], owner=data["owner"], backup=data["backup"], cadence_hours=data["cadence_hours"],
            runbook=data["runbook"], mode=SourceMode(data["mode"]), score_meaning=ScoreMeaning(data["score_meaning"]),
            account_namespace=data["account_namespace"], is_active=data["is_active"],
        )  # fmt: skip


def _initial(source: Source) -> dict[str, Any]:
    names = ("name", "cadence_hours", "runbook", "mode", "score_meaning", "is_active")
    people = {"owner": source.owner_id, "backup": source.backup_id, "account_namespace": source.account_namespace_id}
    return {name: getattr(source, name) for name in names} | people
