"""How soon work is acted on, why it is closed, how long it stays quiet then."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.ids import uuid7
from core.templatetags.cx import words_of
from cx_ops.forms.house.base import RuleForm
from decisions.enums import OutcomeKind
from decisions.models import CoolDown
from insights.models import InsightType
from playbooks.models import CloseReason, ServiceLevel

# What a person may close a task with; the rest is said by the system.
SAID_BY_PEOPLE = (
    OutcomeKind.RISK_RESOLVED, OutcomeKind.EXPANSION_AGREED, OutcomeKind.ADVOCACY_GIVEN, OutcomeKind.NO_CHANGE,
    OutcomeKind.NO_RESPONSE, OutcomeKind.LOST, OutcomeKind.INSIGHT_WRONG,
)  # fmt: skip
# Nothing is kept quiet after these: an insight went to a person, or it was a fault of a source.
OF_NO_INSIGHT = (OutcomeKind.HANDED_TO_HUMAN, OutcomeKind.FIXED, OutcomeKind.NOT_A_FAULT)


class LevelForm(RuleForm):
    """How soon an urgent task of one tier is acknowledged and touched."""

    fixed = ("tier",)
    tier = forms.ChoiceField(label=_("Tier"))
    acknowledge_hours = forms.IntegerField(
        label=_("Acknowledge within (working hours)"), min_value=1, max_value=80,
        help_text=_("Whoever has it has opened it."),
    )  # fmt: skip
    touch_hours = forms.IntegerField(
        label=_("First touch within (working hours)"), min_value=1, max_value=400,
        help_text=_("A call, a meeting, a ticked step or a note. 8 hours are one working day."),
    )  # fmt: skip

    class Meta:
        model = ServiceLevel
        fields = ("tier", "acknowledge_hours", "touch_hours", "passes_cap")
        labels: ClassVar[dict[str, Any]] = {"passes_cap": _("Passes the day's limit")}
        help_texts: ClassVar[dict[str, Any]] = {
            "passes_cap": _("Its tasks never wait in Later, however many somebody has had today.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (tier := self.fields.get("tier")) is not None:
            has_one = set(ServiceLevel.objects.values_list("tier", flat=True))
            tiers = set(Account.objects.exclude(tier="").order_by().values_list("tier", flat=True).distinct())
            tier.choices = [(name, words_of(name)) for name in sorted(tiers - has_one)]  # type: ignore[attr-defined]
            tier.help_text = _("The tiers of your accounts that have no level of their own yet.")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, then = data.get("acknowledge_hours"), data.get("touch_hours")
        if first and then and then < first:
            self.add_error("touch_hours", _("A task is acknowledged before its first touch: allow at least as long."))
        return data


class ReasonForm(RuleForm):
    """A reason beside an outcome. Its slug is made of its first name, and stays."""

    fixed = ("outcome",)
    outcome = forms.ChoiceField(label=_("Outcome"), choices=[(kind.value, kind.label) for kind in SAID_BY_PEOPLE])

    class Meta:
        model = CloseReason
        fields = ("outcome", "name", "is_active")
        labels: ClassVar[dict[str, Any]] = {"name": _("Reason"), "is_active": _("Offered")}
        help_texts: ClassVar[dict[str, Any]] = {
            "is_active": _("Switched off, nobody can choose it any more; closes that have it keep it.")
        }

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        outcome = self.data.get("outcome") if self.is_new else self.instance.outcome
        self.twin = CloseReason.objects.filter(outcome=outcome, name__iexact=name).exclude(pk=self.instance.pk).first()
        if self.twin:
            raise forms.ValidationError(_("This outcome has this reason already."))
        return name

    def values(self) -> dict[str, Any]:
        found = super().values()
        if self.is_new:
            slug = slugify(found["name"])[:50] or "reason"
            is_taken = CloseReason.objects.filter(outcome=found["outcome"], slug=slug).exists() or slug == "other"
            found["slug"] = f"{slug}-{uuid7().hex[-8:]}" if is_taken else slug
        return found


class CoolDownForm(RuleForm):
    """How long it stays quiet after a close: so many days, or for good."""

    fixed = ("outcome", "type")
    outcome = forms.ChoiceField(
        label=_("Closed as"),
        choices=[(kind.value, kind.label) for kind in OutcomeKind if kind not in OF_NO_INSIGHT],
    )
    type = forms.ModelChoiceField(
        InsightType.objects.filter(is_active=True), label=_("Insight type"), required=False,
        error_messages={"required": _("Choose a type: every outcome has its rule for all types.")},
    )  # fmt: skip
    days = forms.IntegerField(label=_("Days of quiet"), min_value=0, max_value=730, required=False)
    for_good = forms.BooleanField(label=_("Quiet until the account is reactivated"), required=False)
    field_order = ("outcome", "type", "days", "for_good")

    class Meta:
        model = CoolDown
        fields = ("outcome", "type", "days")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["days"].help_text = _("0: no quiet at all. Leave it empty where the box below is ticked.")
        self.fields["for_good"].initial = not self.is_new and self.instance.days is None
        if (type := self.fields.get("type")) is not None:
            taken = set(CoolDown.objects.filter(type=None).values_list("outcome", flat=True))
            outcomes = {value for value, _label in self.fields["outcome"].choices}  # type: ignore[attr-defined]
            type.required = taken >= outcomes
            type.empty_label = _("Choose a type") if type.required else _("All types")  # type: ignore[attr-defined]
            type.help_text = _("For this type it holds instead of the rule for all types.")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if "days" in data and (data["days"] is None) is not bool(data.get("for_good")):
            self.add_error("days", _("Say how many days, or tick the box below: one of the two."))
        if self.is_new and "type" in data:
            self.twin = CoolDown.objects.filter(outcome=data.get("outcome"), type=data["type"]).first()
        if self.twin:
            self.add_error("type", _("There is a cool-down for this outcome and this type already."))
        return data
