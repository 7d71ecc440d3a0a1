from importlib import import_module

from django.apps import AppConfig


class CxOpsConfig(AppConfig):
    name = "cx_ops"

    def ready(self) -> None:
        """Whoever rings the doorbell needs the Celery application to be there; whoever takes records, their kinds."""
        import_module("cx_ops.celery")
        import_module("cx_ops.kinds").register_kinds()
