"""CX Ops: the composition root. It alone knows every app."""
