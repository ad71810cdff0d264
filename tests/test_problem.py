"""YAML in, needs out: what is read, what is refused, and how it is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optplan import schema
from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.need import AnyNeed, Finetune, Generate, Serve, Shapes
from optplan.problem import MAX_BYTES, PortfolioSource, dump, read, read_all, read_text
from tests.strategies import NEEDS

ROOT = Path(__file__).resolve().parents[1]
BAD = sorted((ROOT / "tests" / "bad").glob("*.yaml"))
PROBLEMS = sorted((ROOT / "problems").glob("*.yaml"))
PYDANTIC = re.compile(r"Input should|Field required|Extra inputs|Value error|validation error|pydantic|type=")


def faults(text: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_text(text, "need.yaml")
    return caught.value


def one(text: str) -> AnyNeed:
    [source] = read_text(text, "need.yaml")
    return source.need


def test_scalars_are_judged_by_the_field_and_not_by_yaml() -> None:
    need = one("task: finetune\nname: no\nmodel: GLM-4-9B\nrecompute: no\nepochs: 010\ndata: 1e9 tokens\n")
    assert isinstance(need, Finetune)
    assert need.name == "no"
    assert need.recompute is False
    assert need.epochs == 10
    assert need.data is not None
    assert need.data.tokens == 1e9
    assert one("task: serve\nmodel: 9B\nlimits: {gpus: 4090}").limits.gpus == ["4090"]


def test_a_size_alone_is_a_model() -> None:
    for text in ("9B", "9e9", "{params: 9B}", "9_000_000_000"):
        assert one(f"task: serve\nmodel: {text}").model == Shapes(params=9e9)


def test_several_documents_are_several_needs_with_places() -> None:
    text = "task: serve\nmodel: 9B\n---\ntask: generate\nmodel: 9B\ndata: 1B tokens\n---\n# nothing\n"
    found = read_text(text, "two.yaml")
    assert [type(source.need) for source in found] == [Serve, Generate]
    assert [source.place for source in found] == ["two.yaml#1", "two.yaml#2"]


def test_faults_of_all_documents_are_told_at_once() -> None:
    error = faults("task: serve\nmodle: 9B\n---\ntask: finetune\nmodel: 9B\ndeadline: 48 GB\n")
    assert {fault.place for fault in error.faults} >= {"need.yaml:2:1", "need.yaml:6:11"}


def test_null_says_nothing_and_an_empty_value_is_a_slip() -> None:
    assert one("task: serve\nmodel: 9B\nprecision: ~\nduration: null\n").precision is None
    [fault] = faults("task: serve\nmodel: 9B\nduration:\n").faults
    assert fault.code == "no-value"


def test_misspelt_key_gets_the_nearest_key_its_unit_and_its_meaning() -> None:
    [fault] = faults("task: serve\nmodel: 9B\nlimits:\n  budgget: 90 USD\n").faults
    assert (fault.code, fault.place) == ("unknown-key", "need.yaml:4:3")
    assert fault.hint == "did you mean `budget` [money], the most the plan may cost?"
    assert fault.excerpt == "  4 |   budgget: 90 USD\n    |   ^^^^^^^"


def test_carets_stay_under_the_word_behind_wide_characters() -> None:
    [fault] = faults("task: serve\nmodel: 9B\nlimits: {regions: [北京], budgget: 1 USD}\n").faults
    line, carets = fault.excerpt.splitlines()
    before = line[: line.index("budgget")]
    assert carets.index("^") == len(before) + sum(char in "北京" for char in before)
    assert carets.count("^") == len("budgget")


def test_a_key_of_another_task_says_which_task_has_it() -> None:
    [fault] = faults("task: serve\nmodel: 9B\ndeadline: 48h\n").faults
    assert fault.code == "other-task"
    assert "finetune and generate" in fault.message
    assert "`duration`" in fault.hint


def test_a_key_in_the_wrong_part_says_where_it_belongs() -> None:
    [fault] = faults("task: serve\nmodel: 9B\nbudget: 5 USD\n").faults
    assert "under `limits`" in fault.hint


def test_keys_inside_short_forms_get_hints_too() -> None:
    for kind in ("lora", "qlora"):
        [fault] = faults(f"task: finetune\nmodel: 9B\nmethod: {{{kind}: {{rnak: 4}}}}\n").faults
        assert "`rank`" in fault.hint
        assert fault.excerpt.count("^") == 4


def test_duplicate_keys_are_refused_with_the_first_line() -> None:
    [fault] = faults("task: serve\nmodel: 9B\nmodel: 7B\n").faults
    assert (fault.code, fault.place) == ("duplicate-key", "need.yaml:3:1")
    assert "line 2" in fault.message


def test_anchors_work_within_bounds() -> None:
    text = "task: serve\nmodel: 9B\nlimits: {gpus: &g [H100], avoid_gpus: []}\nassume: {}\n"
    assert one(text).limits.gpus == ["H100"]
    bomb = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    [fault] = faults(bomb).faults
    assert fault.code == "too-large"
    assert faults("a: &a [*a]").faults[0].code == "endless"


@pytest.mark.parametrize("text", ["[" * 400_000, "a: " * 300_000, "- " * 300_000, "{a: " * 100_000])
def test_depth_is_refused_without_recursion(text: str) -> None:
    assert faults(text).faults[0].code in ("too-deep", "yaml")


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system [id]", "!!python/name:os.system", "!mine x"]
)
def test_tags_that_build_objects_are_refused(tag: str) -> None:
    assert faults(f"task: {tag}").faults[0].code == "tag"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_bad_file_gives_its_fault_with_place_and_cure(path: Path) -> None:
    expected = re.findall(r"#: (\S+) (\S+)", path.read_text(encoding="utf-8"))
    with pytest.raises(BadInput) as caught:
        read(path)
    found = [(fault.code, fault.place.removeprefix(f"{path}:")) for fault in caught.value.faults]
    assert found == expected
    text = str(caught.value)
    assert not PYDANTIC.search(text), text
    assert all(fault.hint or fault.code in ("not-a-mapping", "bad-value") for fault in caught.value.faults)


def test_there_is_a_bad_file_for_every_kind_of_fault() -> None:
    said = {
        code for path in BAD for code, _ in re.findall(r"#: (\S+) (\S+)", path.read_text(encoding="utf-8"))
    }
    assert said >= {
        "yaml", "duplicate-key", "unknown-key", "other-task", "unknown-task", "bad-value", "bad-choice",
        "out-of-range", "missing-key", "no-value", "not-a-mapping", "tag", "too-large", "endless", "too-deep",
        "key",
    }  # fmt: skip


def test_files_that_are_no_needs_are_refused(tmp_path: Path) -> None:
    def code(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput) as caught:
            read(tmp_path / name)
        return caught.value.faults[0].code

    assert code("empty.yaml", b"") == "empty"
    assert code("comments.yaml", b"# only this\n---\n") == "empty"
    assert code("binary.yaml", b"\x00\x01\x02" * 100) == "binary"
    assert code("latin.yaml", "name: caf\xe9".encode("latin-1")) == "encoding"
    assert code("control.yaml", b"name: \x07") == "binary"
    for path, expected in ((tmp_path, "directory"), (tmp_path / "none.yaml", "missing-file")):
        with pytest.raises(BadInput) as caught:
            read(path)
        assert caught.value.faults[0].code == expected


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbftask: serve\nmodel: 9B\n")
    assert isinstance(read(path)[0].need, Serve)


def test_a_large_file_is_refused_by_its_size_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(50 * MAX_BYTES)
    monkeypatch.setattr(Path, "open", lambda *_args, **_keys: pytest.fail("the file was opened"))
    with pytest.raises(BadInput) as caught:
        read(path)
    assert caught.value.faults[0].code == "too-large"


def test_an_unreadable_file_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text("task: serve")

    def refuse(*_args: object, **_keys: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BadInput) as caught:
        read(path)
    assert caught.value.faults[0].code == "unreadable"


def test_a_misspelt_file_name_gets_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "chat-8b.yaml").write_text("task: serve")
    with pytest.raises(BadInput) as caught:
        read(tmp_path / "chat8b.yaml")
    assert "chat-8b.yaml" in caught.value.faults[0].hint


def test_unknown_cards_and_models_are_told_at_their_place() -> None:
    catalog = Catalog.load()
    text = "task: serve\nmodel: Lama-9\nlimits:\n  gpus: [H100, H1000]\n  quota: {A1000: 3}\n"
    [source] = read_text(text, "need.yaml")
    with pytest.raises(BadInput) as caught:
        source.check_names(catalog.gpus, catalog.model)
    assert [fault.place for fault in caught.value.faults] == [
        "need.yaml:4:16",
        "need.yaml:5:18",
        "need.yaml:2:8",
    ]


@given(NEEDS)
@settings(max_examples=300, deadline=None)
def test_a_need_written_out_reads_back_as_the_same_need(need: AnyNeed) -> None:
    assert one(dump(need)) == need


@given(st.text(max_size=300) | st.binary(max_size=100).map(lambda b: b.decode("latin-1")))
@settings(max_examples=300, deadline=None)
def test_no_text_whatever_causes_anything_but_faults(text: str) -> None:
    try:
        read_text(text, "any.yaml")
    except BadInput as error:
        told = str(error)
    else:
        told = ""
    assert not PYDANTIC.search(told)


def test_a_need_is_written_as_people_would() -> None:
    text = "task: finetune\nmodel: 9B\nmethod: lora\ndata: 1GB\ndeadline: 48h\nlimits: {budget: 5000 CNY}\n"
    assert dump(one(text)) == text


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda path: path.stem)
def test_every_problem_reads_and_says_what_is_asked(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    catalog = Catalog.load()
    for source in read_all(path):
        if isinstance(source, PortfolioSource):
            assert source.portfolio.name
            continue
        source.check_names(catalog.gpus, catalog.model)
        assert source.need.name
    assert text.startswith("# yaml-language-server: $schema=need.schema.json\n# ")


def test_there_are_at_least_fourteen_problems() -> None:
    assert len(PROBLEMS) >= 14
    assert any("impossible" in path.name for path in PROBLEMS)


def test_the_committed_schema_is_current() -> None:
    assert (ROOT / "problems" / "need.schema.json").read_text(encoding="utf-8") == schema.text()


def test_every_field_of_the_schema_is_described() -> None:
    definitions = schema.need_schema()["$defs"]

    def properties(node: object) -> list[tuple[str, dict[str, object]]]:
        found: list[tuple[str, dict[str, object]]] = []
        if isinstance(node, dict):
            found += [(k, v) for k, v in node.get("properties", {}).items() if "$ref" not in v or len(v) > 1]
            for value in node.values():
                found += properties(value)
        elif isinstance(node, list):
            for value in node:
                found += properties(value)
        return found

    described = properties(definitions)
    assert len(described) > 60
    assert not [name for name, field in described if "description" not in field]
    assert json.dumps(definitions)


@pytest.mark.parametrize(
    ("said", "meant"), [("train", "finetune"), ("inference", "serve"), ("offline", "generate")]
)
def test_another_word_for_a_task_is_answered_with_the_task(said: str, meant: str) -> None:
    assert f"`{meant}`" in faults(f"task: {said}\nmodel: 9B").faults[0].hint


def test_a_task_that_is_no_word_is_not_quoted_as_one() -> None:
    [fault] = faults("task: {a: b}\nmodel: 9B").faults
    assert "'this'" not in fault.message


@pytest.mark.parametrize(
    "shapes",
    [
        "params: 9B, params_active: 20B",
        "params: 9B, heads: 32, kv_heads: 64",
        "params: 9B, heads: 32, kv_heads: 7",
        "params: 9B, heads: 7, hidden: 100",
        "params: 9B, experts: 8, experts_per_token: 9",
    ],
)
def test_shapes_that_no_model_can_have_are_refused(shapes: str) -> None:
    [fault] = faults(f"task: serve\nmodel: {{{shapes}}}").faults
    assert fault.code == "bad-value"
    assert "above" in fault.message or "no multiple" in fault.message
