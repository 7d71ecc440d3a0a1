"""What the accounts room knows without a database."""
