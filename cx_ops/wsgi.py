"""The WSGI application that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cx_ops.settings")

application = get_wsgi_application()

# A bulk call makes ten thousand short-lived objects: walking the whole application for each few hundred of them took a
# quarter of its time.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)
