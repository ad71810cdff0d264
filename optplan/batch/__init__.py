"""Many needs from files to a file: read one by one, solved by as many workers as there are, kept row by row.

batch(Job([..], Path("plans.jsonl"), Settings()), catalog)  -> Account
solve_many(needs, catalog, executor=...)                    -> plans as JSON, lazily and in order
"""

from __future__ import annotations

from optplan.batch.job import Account, Job, batch
from optplan.batch.lazily import solve_many
from optplan.batch.work import Settings

__all__ = ["Account", "Job", "Settings", "batch", "solve_many"]
