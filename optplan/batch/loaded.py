"""What a worker has before its first block: imported by the server that workers are forked from."""

from __future__ import annotations

from optplan.batch import work
from optplan.need import TASKS
from optplan.rules import PACKS, pack

__all__ = ["work"]

for _task, _need in TASKS.items():
    _need.model_rebuild()  # else each worker builds the checks of needs when it first reads one
    for _name in PACKS:
        pack(_name, _task)
