from django.apps import AppConfig


class CxOpsConfig(AppConfig):
    name = "cx_ops"
