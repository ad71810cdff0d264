"""Limits that a task cannot keep to are refused, not dropped and not a crash."""

import pytest

from optplan import Catalog, solve
from optplan.errors import BadInput
from optplan.problem import read_text


def test_copies_of_a_training_job_are_refused_by_name() -> None:
    [source] = read_text("task: finetune\nmodel: 9B\nlimits: {min_replicas: 2}", "need")
    with pytest.raises(BadInput) as caught:
        solve(source.need, Catalog.load())
    [fault] = caught.value.faults
    assert (fault.code, fault.place) == ("other-task", "limits.min_replicas")
    assert fault.hint
