"""Shapes of the accounts API: what is read, and what the query may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Account
from accounts.queries import account_as_of

MONEY_OR_NULL = {
    "type": ["object", "null"],
    "required": ["amount", "currency"],
    "properties": {"amount": {"type": "string"}, "currency": {"type": "string"}},
}


class KeyOut(serializers.Serializer[Any]):
    """What a source calls the account."""

    source = serializers.CharField(help_text="Slug of the source.")  # type: ignore[assignment]
    external_id = serializers.CharField()


class ValueOut(serializers.Serializer[Any]):
    """A value with its source, when it was true and when it was learned."""

    field = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    observed_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()


class AccountOut(serializers.ModelSerializer[Account]):
    """An account as it stands."""

    external_ids = serializers.SerializerMethodField()
    segment = serializers.CharField(read_only=True, help_text="A slug, or empty.")
    tier = serializers.CharField(read_only=True, help_text="A slug, or empty.")
    region = serializers.CharField(read_only=True, help_text="A slug, or empty.")
    stage = serializers.CharField(read_only=True, help_text="A slug, or empty.")
    team = serializers.CharField(source="team.name", allow_null=True, read_only=True)
    parent = serializers.UUIDField(source="parent_id", read_only=True, allow_null=True)  # type: ignore[assignment]
    arr = serializers.SerializerMethodField()
    people = serializers.SerializerMethodField()

    class Meta:
        model = Account
        fields: tuple[str, ...] = (
            "id", "external_ids", "name", "domain", "segment", "tier", "region", "stage", "parent", "team", "arr",
            "renews_on", "customer_since", "people", "created_at", "archived_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Also `fields`, a name that a class of DRF cannot declare."""
        return super().get_fields() | {"fields": serializers.DictField(read_only=True)}

    def to_representation(self, instance: Account) -> dict[str, Any]:
        """Without the fields that the caller may not see, or that may not leave: they are empty."""
        data: dict[str, Any] = super().to_representation(instance)
        for field in self.context.get("hidden", ()):
            kind, _dot, name = field.partition(".")
            if kind != "accounts":
                continue
            if name.startswith("fields."):
                data["fields"] = {key: value for key, value in data["fields"].items() if f"fields.{key}" != name}
            elif name in data:
                data[name] = type(data[name])() if isinstance(data[name], str | dict) and name != "arr" else None
        return data

    @extend_schema_field(KeyOut(many=True))
    def get_external_ids(self, row: Account) -> list[dict[str, str]]:
        return [{"source": key.source, "external_id": key.value} for key in row.external_keys]  # type: ignore[attr-defined]

    @extend_schema_field(MONEY_OR_NULL)
    def get_arr(self, row: Account) -> dict[str, str] | None:
        return None if row.arr_amount is None else {"amount": str(row.arr_amount), "currency": row.arr_currency}

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_people(self, row: Account) -> dict[str, str]:
        return {person.role: person.user.username for person in row.people.all()}


class AccountDetail(AccountOut):
    """An account with the history of its values as of a moment."""

    values = serializers.SerializerMethodField()

    class Meta(AccountOut.Meta):
        fields = (*AccountOut.Meta.fields, "values")

    @extend_schema_field(ValueOut(many=True))
    def get_values(self, row: Account) -> list[dict[str, Any]]:
        moment: Mapping[str, Any] = self.context["moment"]
        standing = account_as_of(row.id, moment.get("as_of") or self.context["now"], moment.get("known_at"))
        hidden = self.context.get("hidden", ())
        shown = [standing[field] for field in sorted(standing) if f"accounts.{field}" not in hidden]
        return list(ValueOut(shown, many=True).data)


class AccountQuery(serializers.Serializer[Any]):
    """Filters of the list."""

    search = serializers.CharField(required=False, max_length=200, help_text="In the name, domain or external id.")
    external_id = serializers.CharField(required=False, max_length=200, help_text="What some source calls it.")
    domain = serializers.CharField(required=False, max_length=255)
    tier = serializers.SlugField(required=False)
    segment = serializers.SlugField(required=False)
    csm = serializers.CharField(required=False, max_length=150, help_text="User name of its CSM.")
    archived = serializers.BooleanField(required=False, default=False)


class AsOf(serializers.Serializer[Any]):
    """The moment of which the values are read."""

    as_of = serializers.DateTimeField(required=False, help_text="Values that were true then; now, unless given.")
    known_at = serializers.DateTimeField(required=False, help_text="By what was known then; by all, unless given.")
