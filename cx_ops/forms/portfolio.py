"""What somebody asks of their portfolio, and the name under which they keep it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Segment
from accounts.rules.segments import AccountFilter
from core.enums import Role
from core.models import User
from core.templatetags.cx import place_of, words_of
from cx_ops.account_health import LABELS
from cx_ops.portfolio import FACETS, SORTS, Asked, Facets
from insights.models import InsightType

MINE, EVERYBODY = "me", ""
WITHIN = ((30, _("30 days")), (60, _("60 days")), (90, _("90 days")), (180, _("180 days")), (365, _("a year")))
QUIET = ((14, _("2 weeks")), (30, _("30 days")), (60, _("60 days")), (90, _("90 days")))
NOT_IN_LIST = {"invalid_choice": _("Choose one of the list.")}


class WhoseForm(forms.Form):
    """Whose accounts; who has accounts of their own sees those, unless the address says whose."""

    who = forms.ChoiceField(label=_("Whose"), required=False)
    saved = forms.ModelChoiceField(
        label=_("Saved segment"), required=False, queryset=Segment.objects.active(), empty_label=_("None")
    )

    def __init__(self, data: QueryDict, *, user: User, owners: Sequence[tuple[str, str]]) -> None:
        self.user = user
        self.owns = user.role == Role.CSM
        whose = {"who": MINE} if self.owns and "who" not in data else {}
        super().__init__({**data.dict(), **whose})
        mine = [(MINE, _("Where I have a role"))] if self.owns else []
        self.choose("who", [*mine, (EVERYBODY, _("All that I may see")), *owners])

    def choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows the type
        field.choices = choices

    def owner(self) -> str:
        """The owner as `AccountFilter` has it; "" for all. After `is_valid`."""
        who = str(self.cleaned_data.get("who", ""))
        return str(self.user.pk) if who == MINE else who

    def segment_id(self) -> UUID | None:
        """The saved segment, if one is chosen. After `is_valid`."""
        saved: Segment | None = self.cleaned_data.get("saved")
        return saved.pk if saved else None

    def page(self) -> int:
        page = str(self.data.get("page", ""))
        return max(int(page), 1) if page.isdecimal() and len(page) < 6 else 1


class PortfolioForm(WhoseForm):
    """The filters above the list, all optional; what is not understood is said and left out."""

    q = forms.CharField(label=_("Name, domain or id"), required=False, max_length=200)
    health = forms.ChoiceField(
        label=_("Health"), required=False,
        choices=[("", _("Any")), *((level.name.lower(), label) for level, label in LABELS.items())],
    )  # fmt: skip
    tier = forms.ChoiceField(label=_("Tier"), required=False)
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    region = forms.ChoiceField(label=_("Region"), required=False)
    segment = forms.ChoiceField(label=_("Segment, as its source calls it"), required=False)
    open = forms.ModelChoiceField(
        label=_("Open item"), required=False, queryset=InsightType.objects.filter(is_active=True), empty_label=_("Any")
    )
    renews = forms.TypedChoiceField(
        label=_("Term ends within"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("Any time")), *WITHIN],
    )
    quiet = forms.TypedChoiceField(
        label=_("No touch for"), required=False, coerce=int, empty_value=None, choices=[("", _("Any time")), *QUIET]
    )
    least = forms.DecimalField(label=_("Revenue from"), required=False, min_value=0, max_digits=14, decimal_places=2)
    most = forms.DecimalField(label=_("Revenue below"), required=False, min_value=0, max_digits=14, decimal_places=2)

    def __init__(self, data: QueryDict, *, user: User, owners: Sequence[tuple[str, str]], facets: Facets) -> None:
        super().__init__(data, user=user, owners=owners)
        for name in FACETS:
            called = place_of if name == "region" else words_of
            self.choose(name, [("", _("Any")), *((value, called(value)) for value in facets[name])])
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField):
                field.error_messages |= NOT_IN_LIST

    def asked(self) -> Asked:
        """What the address asks for, without what is not understood."""
        self.is_valid()
        said: dict[str, Any] = self.cleaned_data
        wanted = AccountFilter(
            owner=self.owner(),
            health=said.get("health", ""),
            open=said["open"].pk if said.get("open") else "",
            revenue_from=said.get("least"),
            revenue_below=said.get("most"),
            renews_within=said.get("renews"),
            quiet_for=said.get("quiet"),
            **{name: said.get(name, "") for name in FACETS},
        )
        sort = str(self.data.get("sort", ""))
        return Asked(
            wanted=wanted,
            text=said.get("q", ""),
            saved=self.segment_id(),
            sort=sort if sort in SORTS else "health" if self.owns else "revenue",
            page=self.page(),
        )


class SegmentForm(forms.Form):
    """The name of a segment."""

    name = forms.CharField(label=_("Name"), max_length=80, error_messages={"required": _("Give the segment a name.")})
