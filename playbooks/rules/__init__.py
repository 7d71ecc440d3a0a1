"""What playbooks and queues decide by: pure Python, no clock, no database."""
