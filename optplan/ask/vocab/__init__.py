"""What people say and what it means: tables, one place for a meaning, English and Chinese side by side."""

from typing import Final

from optplan.ask.vocab.data import DATA
from optplan.ask.vocab.filler import FILLER, FILLER_PHRASES
from optplan.ask.vocab.hardware import HARDWARE
from optplan.ask.vocab.meaning import Meaning
from optplan.ask.vocab.money import MONEY, PURCHASE
from optplan.ask.vocab.refused import REFUSED
from optplan.ask.vocab.traffic import TIMES, TRAFFIC
from optplan.ask.vocab.unplanned import UNPLANNED
from optplan.ask.vocab.work import KV, METHODS, PRECISIONS, TASKS

# Of equally long matches the earlier meaning wins: what is refused is never taken for something else.
MEANINGS: Final = (
    *REFUSED,
    *UNPLANNED,
    *TASKS,
    *METHODS,
    *PRECISIONS,
    *KV,
    *DATA,
    *TRAFFIC,
    *TIMES,
    *MONEY,
    *HARDWARE,
    *PURCHASE,
)

__all__ = ["FILLER", "FILLER_PHRASES", "MEANINGS", "Meaning"]
