"""The weekly review: what went wrong with the data and with the work in one week, each line with where it is mended."""
