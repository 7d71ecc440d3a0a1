from typing import Any

from django.core.management.base import BaseCommand

from accounts.services import project_all
from core.bulk import database_now


class Command(BaseCommand):
    help = "Let every account show what holds of what its sources say; prints how many showed something else."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"accounts that changed: {project_all(now=database_now())}")
