"""One module per command of `./cx`; each takes its arguments and returns an exit code."""
