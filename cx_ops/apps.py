from importlib import import_module

from django.apps import AppConfig


class CxOpsConfig(AppConfig):
    name = "cx_ops"

    def ready(self) -> None:
        """Whoever rings the doorbell needs the Celery application to be there."""
        import_module("cx_ops.celery")
