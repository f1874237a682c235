"""Many recordings with any service, side by side, resumed where they stopped.

sources     a DataFrame, CSV file, folder or list -> rows
roster      rows -> items; all that do not fit, at once
keys        what makes two items the same
work        one item assessed, wherever that is
limiter     how fast a service may be asked
run         items through an executor, few at a time
executors   threads, processes, a Dask cluster
store       where replies go: a gradebook or a folder
plan        a batch carried out: stored, to be done, failed
result      assessments, tables, failures
assess      assess_batch
"""

from .assess import assess_batch
from .limiter import Limiter
from .result import BatchResult
from .roster import Item, Misfit, Roster, read_roster

__all__ = ["BatchResult", "Item", "Limiter", "Misfit", "Roster", "assess_batch", "read_roster"]
