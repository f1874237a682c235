"""The gradebook, on SQLite and PostgreSQL."""
