"""What a usual Django project would have done instead: measured beside us, in the same run."""
