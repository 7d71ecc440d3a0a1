"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from core.memory import collecting_after, expect_batches

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cx_ops.settings")

application = collecting_after(get_wsgi_application())
expect_batches()
