"""Shapes of the imports API."""

from __future__ import annotations

from typing import Any

import msgspec
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from intake.enums import ImportStatus, Landing
from intake.models import Import
from intake.queries import mended_rows, warnings_of
from intake.queries.sight import FileSight
from intake.rules import Undone
from intake.services.drafts import preview_of
from intake.services.uploads import ImportRefused, read_mapping

KEPT_SHOWN = 50
KEPT_FIELDS = ("external_id", "field", "before", "after")


class MappingField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object of texts and objects, sent as a part of a form."""

    def to_internal_value(self, data: Any) -> dict[str, object]:
        try:
            return read_mapping(str(data))
        except ImportRefused as refused:
            raise serializers.ValidationError(str(refused), code="invalid") from None

    def to_representation(self, value: Any) -> Any:
        return value


class Upload(serializers.Serializer[Any]):
    file = serializers.FileField(
        help_text="CSV: UTF-8, UTF-16 or Windows-1252; comma, semicolon, tab or |; or gzip of it."
    )
    kind = serializers.CharField(max_length=20, help_text="accounts, contacts, contracts, activities, orders, scores")
    source = serializers.SlugField(required=False, help_text="A token's own source, which is the default.")  # type: ignore[assignment]
    mapping = extend_schema_field(
        {
            "type": "string",
            "description": "JSON: your column → ours, or → {to, form, unit, zone, values: {your word: our value}}. "
            "Not needed where one is saved.",
        }
    )(MappingField)(required=False)
    preset = serializers.CharField(
        required=False, max_length=60, help_text="A known system's export, such as HubSpot; else seen from the columns."
    )
    preview = serializers.BooleanField(
        required=False, default=False, help_text="Try the first rows and wait to be confirmed."
    )


class Progress(serializers.Serializer[Any]):
    rows = serializers.IntegerField(allow_null=True, help_text="Rows in the file; null until they are counted.")
    done = serializers.IntegerField()
    rejected = serializers.IntegerField()


class WarningOut(serializers.Serializer[Any]):
    """Cells of one column that were left out for one reason, or rows that took the place of earlier ones."""

    column = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    rows = serializers.IntegerField()
    values = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="The most frequent → how often; where rows take the place of earlier ones, a sentence for each.",
    )
    more = serializers.IntegerField(help_text="How many other values there are.")


class KeptOut(serializers.Serializer[Any]):
    """What an undo left as it is, since something later wrote it or hangs on it (then `field` is empty)."""

    external_id = serializers.CharField()
    field = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class UndoneOut(serializers.Serializer[Any]):
    """What taking an import back did; while its status is `undoing`, so far."""

    rows = serializers.IntegerField(help_text="Of how many rows it was gone through what they did.")
    restored = serializers.IntegerField(help_text="Values put back.")
    removed = serializers.IntegerField(help_text="Records taken away.")
    kept = serializers.IntegerField(help_text="What stays as it is.")
    waits = serializers.CharField(help_text="Why it does not go on just now; mostly empty.")
    kept_values = KeptOut(many=True, help_text=f"The first {KEPT_SHOWN} of what stays.")


class ImportOut(serializers.ModelSerializer[Import]):
    """A file on its way in, or landed. `context["sight"]`: file → what of it the caller may not read."""

    source = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)  # type: ignore[assignment]
    status = serializers.ChoiceField(choices=ImportStatus.choices, read_only=True)
    progress = serializers.SerializerMethodField()
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    mapping = serializers.DictField(read_only=True, help_text="Your column → what it is read as.")
    preview = serializers.SerializerMethodField()
    errors_url = serializers.SerializerMethodField()
    warnings_url = serializers.SerializerMethodField()
    undone = serializers.SerializerMethodField()

    mends = serializers.UUIDField(
        source="mends_id", read_only=True, allow_null=True, help_text="The import whose rejected rows these were."
    )

    class Meta:
        model = Import
        fields: tuple[str, ...] = (
            "id", "kind", "source", "filename", "status", "message", "progress", "counts", "mapping", "preview",
            "errors_url", "warnings_url", "mends", "undone", "created_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(Progress)
    def get_progress(self, row: Import) -> dict[str, int | None]:
        return {"rows": row.rows_total, "done": row.rows_done, "rejected": row.counts.get(Landing.REJECTED.value, 0)}

    @extend_schema_field({"type": ["string", "null"]})
    def get_errors_url(self, row: Import) -> str | None:
        """Where the rejected rows are; null while there are none."""
        return reverse("api-import-errors", args=[row.id]) if row.counts.get(Landing.REJECTED.value) else None

    @extend_schema_field({"type": ["string", "null"]})
    def get_warnings_url(self, row: Any) -> str | None:
        """Where the cells are without which rows were taken; null while there are none."""
        return reverse("api-import-warnings", args=[row.id]) if row.is_warned else None

    @extend_schema_field(serializers.DictField(help_text="What the first rows would do; empty without a preview."))
    def get_preview(self, row: Import) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.to_builtins(preview_of(row, self._sight(row))) if row.preview else {}
        return told

    @extend_schema_field(UndoneOut(allow_null=True))
    def get_undone(self, row: Import) -> dict[str, Any] | None:
        if not row.undone and row.status != ImportStatus.UNDOING:
            return None
        undone = msgspec.convert(row.undone, Undone)
        shown = self._sight(row).changes(undone.kept[:KEPT_SHOWN])
        did = {name: getattr(undone, name) for name in ("rows", "restored", "removed", "waits")}
        kept = [{name: getattr(one, name) for name in KEPT_FIELDS} for one in shown]
        return {**did, "kept": undone.all_kept, "kept_values": msgspec.to_builtins(kept)}

    def _sight(self, row: Import) -> FileSight:
        sight: FileSight = self.context["sight"](row)
        return sight


class ImportReport(ImportOut):
    """A file with all that is known about it."""

    warnings = serializers.SerializerMethodField()
    mended = serializers.SerializerMethodField()

    class Meta(ImportOut.Meta):
        fields = (*ImportOut.Meta.fields, "warnings", "mended")
        read_only_fields = fields

    @extend_schema_field(WarningOut(many=True))
    def get_warnings(self, row: Any) -> list[dict[str, Any]]:
        return (
            [msgspec.to_builtins(one) for one in self._sight(row).warnings(warnings_of(row))] if row.is_warned else []
        )

    def get_mended(self, row: Import) -> int:
        """How many of its rejected rows were taken since, from mended files."""
        found = mended_rows(row) if row.counts.get(Landing.REJECTED.value) else None
        return found.rows if found else 0


class ImportQuery(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=ImportStatus.choices, required=False)
    kind = serializers.SlugField(required=False)
    source = serializers.SlugField(required=False)  # type: ignore[assignment]
