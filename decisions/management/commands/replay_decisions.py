from typing import Any

from django.core.management.base import BaseCommand, CommandError

from decisions.queries.replay import replay_decisions


class Command(BaseCommand):
    help = "Recompute every decision from its own row and compare; fails when one is different."

    def handle(self, *args: Any, **options: Any) -> None:
        total = different = 0
        for differences in replay_decisions():
            total += 1
            different += bool(differences)
            for found in differences[:3]:
                self.stderr.write(
                    f"{found.insight_id} {found.column}: stored {found.stored!r}, replayed {found.replayed!r}"
                )
        self.stdout.write(f"{total} decisions replayed, {total - different} identical, {different} different")
        if different:
            raise CommandError("the log and the rules disagree")
