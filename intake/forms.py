"""Uploading a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from intake.models import Source
from intake.services.kinds import file_kinds


class UploadForm(forms.Form):
    """A file, what its rows are, and whose they are."""

    file = forms.FileField(
        label=_("File"), help_text=_("CSV, up to 1,000,000 rows. The same file twice changes nothing."),
        widget=forms.FileInput(attrs={"accept": ".csv,.gz,text/csv"}),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty.")},
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Its rows are"))
    source = forms.ModelChoiceField(
        label=_("Source"), queryset=Source.objects.none(), empty_label=None,
        help_text=_("The system it was exported from. Add one in the back office."),
        error_messages={"required": _("Choose the source. If there is none yet, add it in the back office.")},
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind, source = self.fields["kind"], self.fields["source"]
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101 - narrows the type
        assert isinstance(source, forms.ModelChoiceField)  # noqa: S101 - narrows the type
        kind.choices = [(name, name.replace("_", " ").capitalize()) for name in file_kinds()]
        source.queryset = Source.objects.filter(is_active=True, person=None)
