"""Uploading a file."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from intake.enums import ImportStatus
from intake.models import Import, Source
from intake.services.kinds import file_kinds, find, scope_choices

ACCOUNTS = "accounts"


class UploadForm(forms.Form):
    """A file, what its rows are, and whose they are."""

    file = forms.FileField(
        label=_("File"), help_text=_("CSV or XLSX, as it was exported. You see what it would do before it counts."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.gz,.xlsx,.xlsm,text/csv"}),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty.")},
    )  # fmt: skip
    source = forms.ChoiceField(
        label=_("Source"), help_text=_("The system it was exported from."),
        error_messages={"required": _("Choose the source, or “A new one”, and name it.")},
    )  # fmt: skip
    source_name = forms.CharField(
        label=_("Name of the new source"), max_length=60, required=False,
        help_text=_("Such as HubSpot. You answer for it until somebody else is named."),
    )  # fmt: skip
    ids_of = forms.ChoiceField(
        label=_("Account ids of the new source"), required=False,
        help_text=_("Its own where it brings accounts. Scores, orders and the like mostly carry those of the CRM."),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("What its rows are"), required=False)

    NEW = "new"
    of_new = ("source_name", "ids_of")  # asked only where the source is a new one

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind, source, ids_of = self.fields["kind"], self.fields["source"], self.fields["ids_of"]
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101 - narrows the type
        assert isinstance(source, forms.ChoiceField)  # noqa: S101 - narrows the type
        assert isinstance(ids_of, forms.ChoiceField)  # noqa: S101 - narrows the type
        kind.choices = [("", _("Tell from its columns")), *((name, find(name).label) for name in file_kinds())]
        self.sources = {str(row.pk): row for row in Source.objects.filter(is_active=True, person=None)}
        source.choices = [
            *([("", _("Choose the source"))] if self.sources else []),
            (self.NEW, _("A new one, named below")),
            *((key, row.name) for key, row in self.sources.items()),
        ]
        self._offer_ids(ids_of)

    def _offer_ids(self, ids_of: forms.ChoiceField) -> None:
        """Whose account ids a new source may use: mostly of the one that brought accounts, unless it brings some."""
        spaces = {key: row for key, row in self.sources.items() if row.account_namespace_id is None}
        if not spaces:
            del self.fields["ids_of"]
            return
        ids_of.choices = [("", _("Its own")), *((key, _("Those of %s") % row.name) for key, row in spaces.items())]
        if self.initial.get("kind") not in ("", ACCOUNTS, None):
            brought = Import.objects.filter(kind=ACCOUNTS, status=ImportStatus.DONE, source__in=list(spaces))
            ids_of.initial = brought.order_by("-id").values_list("source", flat=True).first()

    def clean(self) -> dict[str, Any]:
        """`source`: the one that is chosen; None where a new one is named, whose short name is `source_slug`.

        `namespace`: the source whose account ids a new one uses; None: its own.
        """
        data: dict[str, Any] = super().clean() or {}
        data["namespace"] = self.sources.get(data.get("ids_of", "")) if data.get("kind") != ACCOUNTS else None
        data["source"] = self.sources.get(data.get("source", ""))
        if data["source"] is not None and slugify(data.get("source_name", "")) not in ("", data["source"].slug):
            text = _("You chose %(source)s and named a new source: choose “A new one”, or leave this empty.")
            self.add_error("source_name", text % {"source": data["source"].name})
        if data["source"] is None and "source" not in self.errors:
            data["source_slug"] = slugify(data.get("source_name", ""))
            if not data["source_slug"]:
                self.add_error("source_name", _("Choose a source, or name the new one."))
        return data


class TokenForm(forms.Form):
    """A new token: for which source, what it may do, and until when."""

    USUAL_DAYS = 365
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What uses it, such as the nightly export."),
        error_messages={"required": _("Say what uses it, so that somebody dares to revoke it later.")},
    )  # fmt: skip
    source = forms.ModelChoiceField(
        label=_("Source"), queryset=Source.objects.filter(person=None, is_active=True),
        empty_label=_("Choose the source"),
        error_messages={"required": _("Choose the source. If there is none yet, add it under Sources.")},
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=scope_choices, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing that it may do.")},
    )  # fmt: skip
    expires_on = forms.DateField(
        label=_("Expires on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The last day on which it works; no token works for ever. Create the next one before it."),
        error_messages={"required": _("Choose the last day on which it works.")},
    )  # fmt: skip

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.fields["expires_on"].initial = (timezone.localtime(now) + timedelta(days=self.USUAL_DAYS)).date()

    def clean(self) -> dict[str, Any]:
        """`expires_at`: the end of the last day, in the reader's zone."""
        data: dict[str, Any] = super().clean() or {}
        if day := data.get("expires_on"):
            data["expires_at"] = timezone.make_aware(datetime.combine(day, time.max))
            if data["expires_at"] <= self.now:
                self.add_error("expires_on", _("Choose a day that is still to come."))
        return data
