"""Attempts in a database: a SQLite file by default, any PostgreSQL by URL.

The service's reply is kept as it came, and every table is read from it, so what is stored is what `frames` and
`results` understand, today's and tomorrow's.

    schema     the tables              database   connections, transactions     migrate   older versions
    audio      the recordings          query      which attempts                tables    replies -> DataFrames
    book       the Gradebook
"""

from .book import Gradebook

__all__ = ["Gradebook"]
