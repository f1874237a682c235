"""Attempts in a database: a SQLite file by default, any PostgreSQL by URL.

The service's reply is kept as it came, and every table is read from it, so what is stored is what `frames` and
`results` understand, today's and tomorrow's.

    schema     the tables                       database   connections and transactions
    migrate    the steps from older versions    audio      the recordings: a folder, or a table
    entry      what goes in, checked            store      writing it
    query      which attempts                   tables     replies -> DataFrames
    exchange   export and import                formats    CSV, Excel, Parquet
    privacy    the right to erasure             book       the Gradebook, in front of all
"""

from .book import Gradebook

__all__ = ["Gradebook"]
