"""What this room keeps about accounts, for merges."""

from accounts.services.places import Place, Room

INSIGHTS = Room(
    places=(
        Place("insights_insight", record="x.id", append_only=True),
        Place("insights_believed", record="x.id"),
    )
)
