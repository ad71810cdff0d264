"""Does a model fit on a card: the rules that plans use, asked directly and backwards, without offers."""

from optplan.fitting.answer import fit
from optplan.fitting.question import METHODS, TRAINING, Question
from optplan.fitting.values import Answer, CardFit, Cell, Fit, Layout, Most, Refused, Term

__all__ = [
    "METHODS",
    "TRAINING",
    "Answer",
    "CardFit",
    "Cell",
    "Fit",
    "Layout",
    "Most",
    "Question",
    "Refused",
    "Term",
    "fit",
]
