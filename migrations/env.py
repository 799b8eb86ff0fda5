"""Alembic's entry: runs the revisions on the connection that `service.database.migrate` hands over, in its transaction."""

from __future__ import annotations

from alembic import context


def run() -> None:
    """Run what Alembic was asked to run."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        msg = "migrations run through service.database.migrate, which holds the lock and the transaction"
        raise RuntimeError(msg)
    context.configure(connection=connection, target_metadata=context.config.attributes.get("metadata"))
    context.run_migrations()


run()
