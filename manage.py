#!/usr/bin/env python
"""Django's commands; `./cx manage` runs them with the environment and the services in place."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cx_ops.settings")
    execute_from_command_line(sys.argv)
