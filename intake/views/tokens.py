"""API tokens: made with a source, scopes and an end, shown once, revoked for good."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from core.export import Column, csv_file, wants_csv
from core.guards import OPS, PersonRequest, for_roles
from intake.enums import Scope
from intake.forms import TokenForm
from intake.models import ApiToken
from intake.queries import TokenLine, token_lines
from intake.services.tokens import create_token, revoke_token

COLUMNS: tuple[Column[TokenLine], ...] = (
    Column(gettext_lazy("Name"), lambda line: line.token.name),
    Column(gettext_lazy("Begins with"), lambda line: f"cxo_{line.token.prefix}"),
    Column(gettext_lazy("Source"), lambda line: line.token.source.name),
    Column(gettext_lazy("Scopes"), lambda line: " ".join(line.token.scopes)),
    Column(gettext_lazy("State"), lambda line: line.words),
    Column(gettext_lazy("Made"), lambda line: line.token.created_at),
    Column(gettext_lazy("Made by"), lambda line: line.token.created_by),
    Column(gettext_lazy("Expires"), lambda line: line.token.expires_at),
    Column(gettext_lazy("Last used"), lambda line: line.token.last_used_at),
)


@sensitive_variables("text")
@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*OPS)
def show_tokens(request: PersonRequest) -> HttpResponseBase:
    """All tokens, and a form for one more. The answer to the form is the one page that ever shows the new one."""
    form = TokenForm(request.POST or None, now=request.now)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        made, text = create_token(
            source=data["source"], name=data["name"], scopes=[Scope(scope) for scope in data["scopes"]],
            expires_at=data["expires_at"], by=request.user, now=request.now,
        )  # fmt: skip
        response = _page(request, TokenForm(now=request.now), made=made, text=text)
        add_never_cache_headers(response)
        return response
    if wants_csv(request):
        return csv_file("tokens", COLUMNS, token_lines(request.now))
    return _page(request, form, status=422 if request.method == "POST" else 200)


@require_POST
@for_roles(*OPS)
def revoke(request: PersonRequest, token_id: UUID) -> HttpResponse:
    """Refuse a token from now on, with the reason in the audit trail."""
    try:
        token = revoke_token(token_id=token_id, by=request.user, why=request.POST.get("why", "")[:200], now=request.now)
    except ApiToken.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("%(name)s is refused from now on.") % {"name": token.name})
    return redirect("tokens")


def _page(
    request: PersonRequest, form: TokenForm, *, made: ApiToken | None = None, text: str = "", status: int = 200
) -> HttpResponse:
    lines = token_lines(request.now)
    context: dict[str, Any] = {
        "live": [line for line in lines if line.is_live],
        "ended": [line for line in lines if not line.is_live],
        "form": form,
        "made": made,
        "text": text,
    }
    return render(request, "intake/tokens.html", context, status=status)
