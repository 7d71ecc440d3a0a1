"""Forms about people, and a field that other forms share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.password_validation import password_validators_help_texts
from django.db.models import Model
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.models import User

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

Row = TypeVar("Row", bound=Model)
THEMES = (("auto", _("As the device")), ("light", _("Light")), ("dark", _("Dark")))


class RowField(forms.TypedChoiceField):
    """A choice among rows that are read already; its value is the row, or None. `nothing`: how none is called.

    Django's own field asks the database anew wherever it is shown.
    """

    def __init__(
        self, rows: Iterable[Row], *, label: _StrOrPromise, nothing: _StrOrPromise, name: Callable[[Row], str] = str
    ) -> None:
        by_key = {str(row.pk): row for row in rows}
        choices = [("", nothing), *((key, name(row)) for key, row in by_key.items())]
        super().__init__(label=label, choices=choices, coerce=by_key.__getitem__, required=False, empty_value=None)


class LongSelect(forms.Select):
    """A choice among many, without groups: Django itself reads a template for each of them."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        context = self.get_context(name, value, attrs)["widget"]
        options = format_html_join(
            "",
            "<option{}>{}</option>",
            (
                (flatatt({"value": str(option["value"])} | option["attrs"]), option["label"])
                for _group, options, _index in context["optgroups"]
                for option in options
            ),
        )
        return format_html('<select name="{}"{}>{}</select>', name, flatatt(context["attrs"]), options)


class PreferencesForm(forms.ModelForm[User]):
    """What somebody may set about themselves."""

    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES)

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["timezone", "calendar", "theme", "single_keys", "digest"]
        labels: ClassVar[dict[str, object]] = {
            "timezone": _("Time zone"),
            "calendar": _("Working hours"),
            "single_keys": _("Single-key shortcuts"),
            "digest": _("Digest by e-mail"),
        }
        help_texts: ClassVar[dict[str, object]] = {
            "timezone": _("Times are shown in it, and “tomorrow 09:00” is meant in it."),
            "calendar": _("Deadlines fall in these. Choose yours; a manager sets what hours each stands for."),
            "single_keys": _(
                "Such as E to close a task; ? lists them. Switch them off if they get in the way of a screen reader."
            ),
            "digest": _(
                "Sent when your working day begins: what to do now, what is due and came back, how much waits."
            ),
        }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        calendar = self.fields["calendar"]
        calendar.required = False
        calendar.empty_label = _("Nine to five, Monday to Friday, in my time zone")  # type: ignore[attr-defined]
        self.fields["timezone"] = forms.ChoiceField(
            label=self.fields["timezone"].label,
            help_text=self.fields["timezone"].help_text,
            choices=[(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
            error_messages={"invalid_choice": _("This is not a time zone. Choose one from the list.")},
        )


class OwnPasswordForm(PasswordChangeForm):
    """The password of whoever is signed in, with our own labels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {
            "old_password": _("Current password"),
            "new_password1": _("New password"),
            "new_password2": _("New password again"),
        }
        for name, label in labels.items():
            self.fields[name].label = label
            self.fields[name].help_text = ""
        self.fields["new_password1"].help_text = " ".join(password_validators_help_texts())


class AbsenceForm(forms.Form):
    """A first and a last day on which somebody takes no new work."""

    first_day = forms.DateField(
        label=_("First day away"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last_day = forms.DateField(
        label=_("Last day away"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=200)

    def __init__(self, *args: Any, zone: tzinfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        """`active_from`, `active_to`: midnights in the person's zone, the end exclusive."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("first_day") and data.get("last_day"):
            data["active_from"] = datetime.combine(data["first_day"], time(), self.zone)
            data["active_to"] = datetime.combine(data["last_day"] + timedelta(days=1), time(), self.zone)
        return data
