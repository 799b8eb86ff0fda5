"""Papers over HTTP (资料存档)."""
