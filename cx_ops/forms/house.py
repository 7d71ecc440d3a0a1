"""Forms of the house rules: one row each. What depends on other rows is checked by the rule itself (`cx_ops.house`)."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.utils.dates import WEEKDAYS
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, FxRate
from core.ids import uuid7
from core.models import BusinessCalendar, Organisation, Team, User
from core.templatetags.cx import words_of
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
NINE, FIVE, MONDAY_TO_FRIDAY = time(9), time(17), (0, 1, 2, 3, 4)


class RuleForm(forms.ModelForm[Any]):
    """A row: what it has for ever is asked only of a new one."""

    fixed: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = kwargs.get("instance") is None
        self.twin: Any = None  # the row that is there already of what somebody would add
        if not self.is_new:
            for name in self.fixed:
                self.fields.pop(name, None)

    def values(self) -> dict[str, Any]:
        """The columns and what they are to hold, of a valid form."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or () if name in self.cleaned_data}


def in_short(number: Decimal) -> str:
    """Without noughts at its end, as somebody would write it."""
    return f"{number.normalize():f}"


def time_zone(help_text: Any = "") -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Time zone"), choices=[(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
        initial="UTC", help_text=help_text,
    )  # fmt: skip


def clock() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


def currency(label: Any, help_text: Any, initial: str = "") -> forms.RegexField:
    return forms.RegexField(
        r"^[A-Z]{3}$", label=label, help_text=help_text, initial=initial, max_length=3,
        error_messages={"invalid": _("A currency is three capital letters, such as EUR.")},
    )  # fmt: skip


class RateForm(RuleForm):
    """What one unit of a currency is worth from a day on."""

    fixed = ("currency", "on_day")
    currency = currency(_("Currency"), _("Three capital letters, such as EUR."))
    on_day = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    rate = forms.DecimalField(
        label=_("One unit is worth"), max_digits=16, decimal_places=8, min_value=Decimal("0.00000001"),
        error_messages={"min_value": _("Write a number above 0.")},
        help_text=_("In the organisation's currency: where that is USD and a euro costs 1.10 dollars, write 1.10."),
    )  # fmt: skip

    class Meta:
        model = FxRate
        fields = ("currency", "on_day", "rate")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_new:
            self.fields["rate"].help_text = _("Corrects the rate from that day. A newer rate is added, not typed over.")
            self.initial["rate"] = in_short(self.initial["rate"])

    def clean_rate(self) -> Decimal:
        """As it is kept, so that what was not changed is the same."""
        rate: Decimal = self.cleaned_data["rate"]
        return rate.quantize(Decimal("0.00000001"))


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


class DatesField(forms.CharField):
    """Dates, one a line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(day.isoformat() for day in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        found = set()
        for word in text.replace(",", " ").split():
            try:
                found.add(date.fromisoformat(word))
            except ValueError:
                raise forms.ValidationError(
                    _("“%(word)s” is no date: write it like 2026-12-25, one a line."), params={"word": word}
                ) from None
        return sorted(found)


class CalendarForm(RuleForm):
    """Hours, days and holidays of a group of people."""

    timezone = time_zone()
    opens = forms.TimeField(label=_("From"), initial=NINE, widget=clock())
    closes = forms.TimeField(label=_("To"), initial=FIVE, widget=clock())
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Working days"), choices=list(WEEKDAYS.items()), coerce=int, initial=MONDAY_TO_FRIDAY,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one working day.")},
    )  # fmt: skip
    holidays = DatesField(label=_("Holidays"), required=False, help_text=_("Days like 2026-12-25, or none."))

    class Meta:
        model = BusinessCalendar
        fields = ("name", "timezone", "opens", "closes", "weekdays", "holidays")
        labels: ClassVar[dict[str, Any]] = {"name": _("Name")}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("opens") and data.get("closes") and data["closes"] <= data["opens"]:
            self.add_error("closes", _("The day must end after it begins."))
        return data


class TeamForm(RuleForm):
    """A team and its lead."""

    lead = forms.ModelChoiceField(
        User.objects.filter(is_active=True, role__in=("csm", "manager")).order_by("first_name", "username"),
        label=_("Lead"), required=False, empty_label=_("Nobody"),
        help_text=_("Gets its alerts, sees its accounts, and takes what its pool cannot."),
    )  # fmt: skip

    class Meta:
        model = Team
        fields = ("name", "lead", "is_active")
        labels: ClassVar[dict[str, Any]] = {"name": _("Name"), "is_active": _("In use")}
        help_texts: ClassVar[dict[str, Any]] = {
            "is_active": _("Unticked, nobody can be put into it. Move first what is with it.")
        }


class PersonForm(RuleForm):
    """Where somebody works and how much they are given; of somebody new also the log-in, with a first password."""

    fixed = ("username", "email", "first_name", "last_name", "password")
    email = forms.EmailField(label=_("E-mail"), help_text=_("Files and calls name people by it, or by the user name."))
    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150)
    password = forms.CharField(
        label=_("First password"), strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least twelve characters. They change it under Preferences."),
    )  # fmt: skip
    team = forms.ModelChoiceField(
        Team.objects.filter(is_active=True), label=_("Team"), required=False, empty_label=_("No team")
    )
    daily_cap = forms.IntegerField(
        label=_("Urgent tasks a day, at most"), min_value=1, max_value=100, initial=5,
        help_text=_("More than these wait in Later, in order. Red lines never wait."),
    )  # fmt: skip

    class Meta:
        model = User
        fields = (
            "username", "email", "first_name", "last_name", "password", "team", "in_pool", "daily_cap", "calendar",
        )  # fmt: skip
        labels: ClassVar[dict[str, Any]] = {
            "username": _("User name"),
            "in_pool": _("Takes what nobody owns"),
            "calendar": _("Working hours"),
        }
        help_texts: ClassVar[dict[str, Any]] = {"username": "", "in_pool": _("Is in the pool of the team.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["calendar"].empty_label = _("The organisation's")  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("Somebody has this address already; a leaver keeps theirs."))
        return email

    def clean_password(self) -> str:
        """The password as it is kept."""
        validate_password(self.cleaned_data["password"])
        return make_password(self.cleaned_data["password"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("in_pool") and not data.get("team"):
            self.add_error("team", _("A pool is a team's: choose the team."))
        return data


class OrganisationForm(RuleForm):
    """The organisation's own hours and its last safety net."""

    reporting_currency = currency(
        _("Currency"), _("Of all sums. Changed only while no task is open; then type the rates anew."), "USD"
    )
    timezone = time_zone(_("Of “Nine to five” alone: people, and sets of working hours, have time zones of their own."))
    catch_all = forms.ModelChoiceField(
        User.objects.filter(is_active=True).exclude(role="integration").order_by("first_name", "username"),
        label=_("Catch-all"), empty_label=_("Choose a person"), help_text=_("Takes what nobody else can take."),
    )  # fmt: skip

    class Meta:
        model = Organisation
        fields = ("name", "reporting_currency", "calendar", "timezone", "catch_all")
        labels: ClassVar[dict[str, Any]] = {"name": _("Name"), "calendar": _("Working hours")}
        help_texts: ClassVar[dict[str, Any]] = {
            "calendar": _("For whoever has none of their own, and for work that nobody has yet.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["calendar"].empty_label = _("Nine to five, Monday to Friday")  # type: ignore[attr-defined]
        if self.instance.catch_all_id:  # whoever is named may be replaced, not taken away
            self.fields["catch_all"].empty_label = None  # type: ignore[attr-defined]
