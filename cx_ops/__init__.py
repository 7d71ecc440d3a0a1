"""CX Ops: the composition root. It alone knows every app."""

from cx_ops.celery import app as celery_app

__all__ = ["celery_app"]
