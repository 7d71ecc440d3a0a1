"""Export and erasure of a person who works at a customer: the one use case that spans all rooms."""
