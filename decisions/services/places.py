"""What decisions keep about accounts, for merges."""

from accounts.services.places import Place, Room

DECISIONS = Room(
    places=(
        Place(
            "decisions_decision",
            key="x.insight_id::text",
            record="x.insight_id",
            append_only=True,
            counted=False,
            told="NOT EXISTS (SELECT FROM insights_held_out h WHERE h.insight_id = x.insight_id)",
        ),
        Place(
            "decisions_item",
            counted=False,
            record="(SELECT min(d.insight_id::text)::uuid FROM decisions_decision d WHERE d.item_id = x.id)",
            unless="y.type_id = x.type_id AND y.slot = x.slot AND y.closed_at IS NULL AND x.closed_at IS NULL",
        ),
        Place(
            "decisions_stream",
            key="concat_ws('|', x.type_id, x.source_id, x.model)",
            unless="(y.type_id, y.source_id, y.model) = (x.type_id, x.source_id, x.model)",
            told="false",
        ),
        Place("decisions_allocation", record="x.insight_id", unless="y.hold_out_id = x.hold_out_id", told="false"),
    )
)
