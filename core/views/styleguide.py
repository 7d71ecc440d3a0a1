"""Every component in every state, for whoever designs and tests."""

from __future__ import annotations

import json
from datetime import datetime

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.guards import PEOPLE, PersonRequest, for_roles


@require_safe
@for_roles(*PEOPLE)
def show_styleguide(request: PersonRequest) -> HttpResponse:
    text = (settings.BASE_DIR / "templates" / "styleguide" / "sample.json").read_text()
    return render(request, "styleguide.html", json.loads(text, object_hook=_read_times))


def _read_times(values: dict[str, object]) -> dict[str, object]:
    moment = values.get("at")
    return {**values, "at": datetime.fromisoformat(moment)} if isinstance(moment, str) else values
