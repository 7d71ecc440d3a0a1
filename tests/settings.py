"""The settings of the tests: the product's own in its test mode, whatever the caller's shell says."""

import os

os.environ["CX_ENV"] = "test"

from cx_ops.settings import *  # noqa: F403
