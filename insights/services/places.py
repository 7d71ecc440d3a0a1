"""What this room keeps about accounts, for merges."""

from accounts.services.places import Place, Room

INSIGHTS = Room(
    places=(
        Place(
            "insights_insight",
            record="x.id",
            append_only=True,
            told="NOT EXISTS (SELECT FROM insights_held_out h WHERE h.insight_id = x.id)",
        ),
        Place("insights_believed", record="x.id"),
    )
)
