"""The HTTP interface: the real application on a real PostgreSQL."""
