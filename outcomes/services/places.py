"""What this room keeps about accounts, for merges."""

from accounts.services.places import Place, Room

OUTCOMES = Room(
    places=(
        Place(
            "outcomes_outcome",
            follows="(SELECT t.account_id FROM playbooks_task t WHERE t.id = x.task_id)",
            append_only=True,
            counted=False,
        ),
    )
)
