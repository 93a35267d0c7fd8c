"""`rules.toml`: what is accepted, and every fault with its file and line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from roadworthy.tasks import (
    ConstraintDefinition,
    Project,
    build_snapshot,
    read_snapshot,
    write_snapshot,
)

Load = Callable[[Mapping[str, str]], Project]
Faults = Callable[[Mapping[str, str]], tuple[str, ...]]

TASK = """\
[input.fields]
nights = "integer"
[output.fields]
kind = { type = "string", enum = ["stay", "none"] }
[output.fields.stay.fields]
start = "integer"
end = "integer"
lines = { type = "array", items = { fields = { price = "number" } } }
"""
USER = {"tasks/t/task.toml": TASK, "tasks/t/prompt/user.md": "{{ nights }}"}
GOOD = """\
[[constraint]]
name = "in order"
when = 'output.kind == "stay"'
require = "output.stay.start < output.stay.end"
message = "a stay must end after it starts"
paths = ["/stay/start", "/stay/end"]

[[constraint]]
name = "as long as asked"
require = "output.stay.end - output.stay.start == input.nights"
message = "a stay must have the nights that were asked for"
path = "/stay/end"
"""


def files(rules: str, **others: str) -> dict[str, str]:
    return {**USER, "tasks/t/rules.toml": rules, **others}


def test_constraints_are_part_of_the_task_and_of_the_snapshot(load: Load, tmp_path: Path) -> None:
    project = load(files(GOOD))
    first, second = project.tasks["t"].constraints
    assert first == ConstraintDefinition(
        name="in order",
        when='output.kind == "stay"',
        require="output.stay.start < output.stay.end",
        message="a stay must end after it starts",
        paths=("/stay/start", "/stay/end"),
    )
    assert second.paths == ("/stay/end",)
    snapshot = build_snapshot(project, price=lambda model: model)
    write_snapshot(tmp_path / "snapshot.json", snapshot)
    assert read_snapshot(tmp_path / "snapshot.json").tasks["t"].constraints == (first, second)


def test_a_constraint_changes_the_digest_and_none_does_not(load: Load) -> None:
    without = load(USER).tasks["t"].digest
    assert load(files("")).tasks["t"].digest == without
    assert load(files(GOOD)).tasks["t"].digest != without


def test_all_faults_of_the_file_are_reported_together(faults: Faults) -> None:
    rules = """\
[[constraint]]
name = "a"
require = "output.stay.strat > 1"
mesage = "m"

[[constraint]]
name = "b"
when = "input.nigths > 1"
require = "size(output.kind)"
message = "m"
path = "/stay/strat"

[[constraint]]
name = "b"
require = "input.nights > 1"
message = ""
path = "stay.start"
paths = ["/stay/start"]

[[constraints]]
"""
    at = "tasks/t/rules.toml"
    assert faults(files(rules)) == (
        f'{at}:1: missing key "constraint[0].message"',
        f'{at}:3: require: unknown field "output.stay.strat"; did you mean "start"?',
        f'{at}:4: unknown key "mesage"; did you mean "message"?',
        f'{at}:8: when: unknown field "input.nigths"; did you mean "nights"?',
        f"{at}:9: require: a condition must come out true or false",
        f'{at}:11: path: "/stay/strat" leads nowhere, at "strat"; did you mean "start"?',
        f'{at}:14: name: "b" is the name of another constraint',
        f"{at}:15: require: reads nothing of the output; a constraint is about the answer",
        f"{at}:16: message: is empty; say what is wrong, the model is told so",
        f'{at}:17: path: "stay.start" is no JSON pointer; write "/stay/start"',
        f"{at}:18: paths: stands beside path; write either",
        f'{at}:20: unknown key "constraints"; did you mean "constraint"?',
    )


def test_a_fault_in_an_expression_of_several_lines_names_its_own_line(faults: Faults) -> None:
    rules = '''\
[[constraint]]
name = "a"
message = "m"
require = """
output.stay.start > 0
&& output.stay.ende > 0"""
'''
    assert faults(files(rules)) == (
        'tasks/t/rules.toml:6: require: unknown field "output.stay.ende"; did you mean "end"?',
    )


def test_nested_comprehensions_are_refused(faults: Faults) -> None:
    rules = """\
[[constraint]]
name = "a"
message = "m"
require = "output.stay.lines.all(l, output.stay.lines.exists(m, m.price == l.price))"
"""
    (fault,) = faults(files(rules))
    assert "rules.toml:4: require: exists stands inside another comprehension" in fault


def test_an_answer_without_a_schema_has_no_constraints(faults: Faults) -> None:
    task = {"tasks/t/task.toml": '[input.fields]\nnights = "integer"\n'}
    (fault,) = faults(files(GOOD, **task))
    assert fault.startswith("tasks/t/rules.toml:1: constraints hold of an answer that has a schema")


def test_faults_of_a_schema_and_of_the_rules_are_reported_together(faults: Faults) -> None:
    task = {"tasks/t/task.toml": TASK + 'oops = { type = "strin" }\n'}
    rules = '[[constraint]]\nname = "a"\nrequire = "x"\nmassage = "m"\n'
    assert [fault.split(" ")[0] for fault in faults(files(rules, **task))] == [
        "tasks/t/rules.toml:1:",
        "tasks/t/rules.toml:4:",
        "tasks/t/task.toml:9:",
    ]


def test_an_example_that_breaks_a_constraint_is_a_fault(faults: Faults) -> None:
    line = (
        '{"input": {"nights": 2}, "output":'
        ' {"kind": "stay", "stay": {"start": 5, "end": 3, "lines": []}}}\n'
    )
    found = faults(files(GOOD, **{"tasks/t/prompt/examples.jsonl": line}))
    assert found[1] == (
        "tasks/t/prompt/examples.jsonl:1: output/stay: a stay must end after it starts"
        " (constraint in order)"
    )
    assert len(found) == 2
