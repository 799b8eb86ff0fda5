"""The database schema's history: one Alembic revision per change, run by `service.database.migrate`."""
