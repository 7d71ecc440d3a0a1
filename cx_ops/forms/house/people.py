"""When people work, in which team, and who takes what nobody else can."""

from __future__ import annotations

from datetime import date, time
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from core.models import BusinessCalendar, Organisation, Team, User
from cx_ops.forms.house.base import RuleForm, currency

LINK = '<a href="{}">{}</a>'
NINE, FIVE, MONDAY_TO_FRIDAY = time(9), time(17), (0, 1, 2, 3, 4)


def time_zone(help_text: Any = "") -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Time zone"), choices=[(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
        initial="UTC", help_text=help_text,
    )  # fmt: skip


def clock() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = _(
            "Unticked, nobody can be put into it. First move its people, under {people}: their tasks go with them. "
            "Then its accounts: each goes to the team of its new customer success manager, named in a {file}."
        )
        people, files = reverse("house_rules_of", args=["people"]), f"{reverse('imports')}?kind=accounts"
        self.fields["is_active"].help_text = format_html(
            str(words),
            people=format_html(LINK, people, _("People")),
            file=format_html(LINK, files, _("file of accounts")),
        )


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
    timezone = time_zone(_("Of “Nine to five, Monday to Friday”."))
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
        nine_to_five = str(_("Nine to five, Monday to Friday"))
        if self.instance.calendar_id:  # a set of hours has a zone of its own: this one governs nothing now
            self.fields["timezone"].widget = forms.HiddenInput()
            nine_to_five += f", {self.instance.timezone.replace('_', ' ')}"
        self.fields["calendar"].empty_label = nine_to_five  # type: ignore[attr-defined]
        if self.instance.catch_all_id:  # whoever is named may be replaced, not taken away
            self.fields["catch_all"].empty_label = None  # type: ignore[attr-defined]
