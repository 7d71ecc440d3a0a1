"""Starts CX Ops and what it needs on one machine. Nothing here may need Django to be set up."""
