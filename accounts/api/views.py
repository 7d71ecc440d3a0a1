"""Accounts by API: bulk calls of every kind, the list, and one account as of a moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import AccountDetail, AccountOut, AccountQuery, AsOf
from accounts.enums import AccountRole
from accounts.models import Account
from accounts.models.account import AccountQuerySet
from accounts.queries import listed_accounts, search_accounts
from accounts.rules.identity import normalise_domain
from accounts.services.kinds import ACCOUNTS, ACTIVITIES, CONTACTS, CONTRACTS, EVENTS
from core.api.idempotency import idempotent
from core.api.schema import bulk_body, bulk_result, problems
from core.api.views import ApiView, page, person_of, read_query, visible_rows
from core.bulk import database_now
from intake.api.bodies import take_items
from intake.enums import Scope
from intake.models import ApiToken
from intake.queries.privacy import hidden_fields, kept_fields
from intake.rules import Kind


class Accounts(ApiView):
    """`/api/v1/accounts`"""

    @extend_schema(
        operation_id="list_accounts",
        parameters=[AccountQuery],
        responses={200: AccountOut(many=True)} | problems(401, 403, 422, 429),
    )
    def get(self, request: Request) -> Response:
        rows = _filtered(visible_rows(request, Account.objects.all()), read_query(request, AccountQuery))
        return page(self, request, listed_accounts(rows), AccountOut, context={"hidden": _hidden(request)})


class OneAccount(ApiView):
    """`/api/v1/accounts/{id}`"""

    @extend_schema(
        operation_id="read_account",
        parameters=[AsOf],
        responses={200: AccountDetail} | problems(401, 403, 404, 422, 429),
    )
    def get(self, request: Request, id: UUID) -> Response:
        moment = read_query(request, AsOf)
        row = listed_accounts(visible_rows(request, Account.objects.all())).filter(id=id).first()
        if row is None:
            raise Http404
        return Response(
            AccountDetail(row, context={"moment": moment, "now": database_now(), "hidden": _hidden(request)}).data
        )


class BulkView(ApiView):
    """A bulk call of one kind; `write_scope` is the kind's."""

    write_scope: Scope


def _bulk(kind: Kind, operation: str) -> type[BulkView]:
    def post(self: BulkView, request: Request) -> HttpResponseBase:
        return take_items(kind, request, cast("ApiToken", request.auth))

    schema = extend_schema(
        operation_id=operation,
        request=bulk_body(kind.struct),
        responses=bulk_result(kind.statuses) | problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
    )
    members = {"post": schema(idempotent(post)), "write_scope": kind.scope, "__doc__": f"Many {kind.name}."}
    return type(f"{kind.name.title()}Bulk", (BulkView,), members)


AccountsBulk = _bulk(ACCOUNTS, "send_accounts")
ContactsBulk = _bulk(CONTACTS, "send_contacts")
ContractsBulk = _bulk(CONTRACTS, "send_contracts")
ActivitiesBulk = _bulk(ACTIVITIES, "send_activities")
EventsBulk = _bulk(EVENTS, "send_events")


def _hidden(request: Request) -> frozenset[str]:
    """The fields that are kept from a caller: from a person what they may not see, from a token what may not leave."""
    person = person_of(request)
    return kept_fields() if person is None else hidden_fields(person)


def _filtered(rows: AccountQuerySet, query: Mapping[str, Any]) -> AccountQuerySet:
    rows = rows.filter(archived_at__isnull=not query["archived"])
    rows = rows.filter(**{name: query[name] for name in ("tier", "segment") if name in query})
    if "domain" in query:
        rows = rows.filter(domain=normalise_domain(query["domain"]))
    if "external_id" in query:
        rows = rows.called(query["external_id"])
    if "csm" in query:
        rows = rows.filter(people__role=AccountRole.CSM, people__user__username=query["csm"])
    return search_accounts(rows, query["search"]) if "search" in query else rows
