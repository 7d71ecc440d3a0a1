"""A long choice says what Django's own does, in less time."""

from __future__ import annotations

import pytest
from django import forms
from django.test.html import parse_html

from core.forms import LongSelect

CHOICES = [("", "Choose <one>"), ("a", "A & b"), ("b", 'B "c"')]


@pytest.mark.parametrize("data", [None, {"who": "b"}, {"who": "not there"}])
def test_it_is_the_select_that_django_writes(data: dict[str, str] | None) -> None:
    def written(widget: forms.Select) -> object:
        field = forms.ChoiceField(choices=CHOICES, widget=widget, help_text="Help", initial="a")
        return parse_html(str(type("Some", (forms.Form,), {"who": field})(data)["who"]))

    attrs = {"data-focus": True, "title": 'Who "is" it?'}
    assert written(LongSelect(attrs=attrs)) == written(forms.Select(attrs=attrs))
