"""The database: embedded or named by the operator, its schema, and what is said when it is not there."""
