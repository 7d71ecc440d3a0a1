from importlib import import_module

from django.apps import AppConfig


class CxOpsConfig(AppConfig):
    name = "cx_ops"

    def ready(self) -> None:
        """The Celery application for whoever rings the doorbell; what the rooms below are told from up here."""
        import_module("cx_ops.celery")
        import_module("cx_ops.kinds").register_kinds()
        import_module("cx_ops.happenings").register_tellers()
        import_module("cx_ops.places").register_rooms()
        import_module("cx_ops.first_steps").register_first_steps()
        import_module("cx_ops.standings").register_standings()
