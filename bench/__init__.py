"""What is timed, against what: run it as `./cx bench` (see docs/benchmarks.md for what it printed last)."""
