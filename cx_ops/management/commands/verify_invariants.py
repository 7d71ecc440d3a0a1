from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cx_ops.invariants import broken_invariants


class Command(BaseCommand):
    help = "Check what must hold at any moment; prints one line per invariant and fails when one is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for name, rows in broken_invariants().items():
            broken += len(rows)
            self.stdout.write(f"{len(rows):5d}  {name}{': ' + ', '.join(rows) if rows else ''}")
        self.stdout.write(f"invariants broken: {broken}")
        if broken:
            raise CommandError("the database is not in order")
