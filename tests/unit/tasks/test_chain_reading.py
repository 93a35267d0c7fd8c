"""Chains out of files: what they become, and every fault that can be known before a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from roadworthy.tasks import Project
from roadworthy.tasks.chain.absence import absent_steps

Files = Mapping[str, str]
Load = Callable[[Files], Project]
Faults = Callable[[Files], tuple[str, ...]]

EXTRACT = """\
    [input.fields]
    text = "string"
    [output.fields]
    characteristics = { type = "array", items = "string" }
    title = { type = "string", optional = true }
    tone = { enum = ["plain", "warm"] }
    """
COPY = """\
    [input.fields]
    characteristics = { type = "array", items = "string" }
    tone = { enum = ["plain", "warm", "loud"], optional = true }
    words = { type = "integer", maximum = 90, optional = true }
    [output.fields]
    text = "string"
    """
SHEET = """\
    [input.fields]
    text = "string"
    [[step]]
    task = "extract"
    [[step]]
    task = "marketing-copy"
    input.characteristics = "extract.characteristics"
    input.words = { value = 80 }
    when = "size(extract.characteristics) > 0"
    [output]
    copy = "marketing-copy.text"
    facts = "extract.characteristics"
    """


def project(sheet: str, **more: str) -> dict[str, str]:
    """The files of a project whose chain is `sheet`."""
    return {
        "tasks/extract/task.toml": EXTRACT,
        "tasks/extract/prompt/user.md": "{{ text }}",
        "tasks/marketing-copy/task.toml": COPY,
        "tasks/marketing-copy/prompt/user.md": "{{ characteristics }}",
        "tasks/answer/task.toml": "[input.fields]\ntext = 'string'",
        "tasks/answer/prompt/user.md": "{{ text }}",
        "tasks/sheet/task.toml": sheet,
        **more,
    }


def test_a_chain_is_its_steps_and_the_tasks_that_they_run(load: Load) -> None:
    loaded = load(project(SHEET)).tasks
    chain = loaded["sheet"].chain
    assert chain is not None
    extract, copy = chain.steps
    assert (extract.name, extract.wires, extract.needs) == ("extract", {"text": "input.text"}, ())
    assert copy.wires == {"characteristics": "extract.characteristics"}
    assert (copy.constants, copy.needs) == ({"words": 80}, ("extract",))
    assert chain.output == {"copy": "marketing-copy.text", "facts": "extract.characteristics"}
    assert chain.tasks == {name: loaded[name] for name in ("extract", "marketing-copy")}
    assert (loaded["sheet"].model, loaded["sheet"].stream) == ("", "fields")


def test_the_output_schema_follows_from_what_is_wired(load: Load) -> None:
    schema = load(project(SHEET)).tasks["sheet"].output_schema
    assert schema == {
        "type": "object",
        "properties": {
            "copy": {"type": "string"},
            "facts": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["facts"],  # the copy's step may be skipped
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "task = 'extract'",
            "task = 'extrct'",
            '4: step "extract": task: there is no task "extrct"; did you mean "extract"?',
        ),
        (
            "extract.characteristics'\n    input.words",
            "extract.charactristics'\n    input.words",
            '7: step "marketing-copy": input.characteristics: extract has no field'
            ' "charactristics"; did you mean "characteristics"?',
        ),
        (
            "'extract.characteristics'\n    input.words",
            "'input.text'\n    input.words",
            '7: step "marketing-copy": input.characteristics: input.text is text, and a list is'
            " taken by marketing-copy",
        ),
        (
            "'extract.characteristics'\n    input.words",
            "'extrat.characteristics'\n    input.words",
            '7: step "marketing-copy": input.characteristics: "extrat.characteristics" begins with'
            ' "extrat", which is no step; did you mean "extract"? A constant is written'
            " { value = … }",
        ),
        (
            "input.words = { value = 80 }",
            "input.wrds = { value = 80 }",
            '8: step "marketing-copy": input.wrds: "marketing-copy" takes no "wrds"; did you mean'
            ' "words"?',
        ),
        (
            "value = 80",
            "value = 800",
            '8: step "marketing-copy": input.words: value: 800 is greater than the maximum of 90',
        ),
        (
            "input.words = { value = 80 }",
            "input.words = 80",
            '8: step "marketing-copy": input.words: is neither a path in quotes nor { value = … }',
        ),
        (
            "input.characteristics = 'extract.characteristics'\n",
            "",
            '7: step "marketing-copy": input: "marketing-copy" requires "characteristics"; wire it:'
            ' input.characteristics = "…"',
        ),
        (
            "size(extract.characteristics) > 0",
            "size(extract.charactristics) > 0",
            '9: step "marketing-copy": when: unknown field "extract.charactristics"; did you mean'
            ' "characteristics"?',
        ),
        (
            "size(extract.characteristics) > 0",
            "size(marketing_copy.text) > 0",
            '5: step "marketing-copy": steps wait for each other: marketing-copy → marketing-copy',
        ),
        (
            "when = 'size(extract.characteristics) > 0'",
            "on_error = 'skp'",
            '9: step "marketing-copy": on_error: "skp" is not one of "fail", "skip", "default",'
            ' "task:NAME"; did you mean "skip"?',
        ),
        (
            "when = 'size(extract.characteristics) > 0'",
            "on_error = 'default'",
            '9: step "marketing-copy": on_error: is "default", and there is none; write'
            " default = …",
        ),
        (
            "when = 'size(extract.characteristics) > 0'",
            "on_error = 'default'\n    default = { text = 3 }",
            '10: step "marketing-copy": default: value.text: 3 is not of type "string"',
        ),
        (
            "when = 'size(extract.characteristics) > 0'",
            "default = { text = '' }",
            '9: step "marketing-copy": default: is never used: the step is never skipped',
        ),
        (
            "when = 'size(extract.characteristics) > 0'",
            "concurrency = 2",
            '9: step "marketing-copy": concurrency: says how many items run at once, and there is'
            " no for_each",
        ),
        (
            "when = 'size(extract.characteristics) > 0'",
            "needs = ['extrct']",
            '9: step "marketing-copy": needs[0]: there is no step "extrct"; did you mean'
            ' "extract"?',
        ),
        (
            "copy = 'marketing-copy.text'",
            "copy = 'marketing-copy.txt'",
            '11: output.copy: marketing-copy has no field "txt"; did you mean "text"?',
        ),
        (
            "copy = 'marketing-copy.text'",
            "copy = { type = 'string' }",
            "11: output.copy: is no path in quotes. The schema follows from what is wired;"
            " output.schema.json can state a wider one",
        ),
        (
            "    [output]\n    copy = 'marketing-copy.text'\n"
            "    facts = 'extract.characteristics'\n",
            "",
            '1: output: "marketing-copy" may have no output: its `when` may not hold. Give the step'
            " a default, or wire fields, which may then be left out",
        ),
    ],
)
def test_what_cannot_be_right_is_a_fault_with_its_line(
    faults: Faults, old: str, new: str, fault: str
) -> None:
    sheet = SHEET.replace('"', "'")
    assert old in sheet
    assert faults(project(sheet.replace(old, new))) == (f"tasks/sheet/task.toml:{fault}",)


def test_items_come_from_a_list_that_is_there(faults: Faults) -> None:
    sheet = "[input.fields]\ntext = 'string'\nmore = { type = 'array', optional = true }\n"
    step = "[[step]]\ntask = 'answer'\nfor_each = '{}'\n"
    (found,) = faults(project(sheet + step.format("input.text")))
    assert found.endswith('6: step "answer": for_each: input.text is text, and a list is walked')
    (found,) = faults(project(sheet + step.format("input.more")))
    assert 'step "answer": for_each: input.more may be left out; require it' in found


def test_a_value_that_may_be_left_out_cannot_feed_what_is_required(faults: Faults) -> None:
    sheet = "[input.fields]\ntext = 'string'\n[[step]]\ntask = 'extract'\n"
    sheet += "[[step]]\ntask = 'answer'\ninput.text = 'extract.title'\n"
    (found,) = faults(project(sheet))
    assert found.startswith('tasks/sheet/task.toml:7: step "answer": input.text: extract.title may')


def test_a_step_that_cannot_be_called_so_is_told_once(faults: Faults) -> None:
    sheet = SHEET.replace('task = "extract"', 'name = "in"\n    task = "extract"')
    sheet = sheet.replace("size(extract.characteristics)", "size(input.text)")
    (found,) = faults(project(sheet.replace("extract.", "in.")))
    assert found.startswith('tasks/sheet/task.toml:4: step "in": name: cannot be the name of')


def test_a_misspelt_key_of_steps_is_the_only_fault(faults: Faults) -> None:
    (found,) = faults(project(SHEET.replace("[[step]]", "[[steps]]")))
    assert found.endswith('unknown key "steps"; did you mean "step"?')


def test_a_chain_has_steps_and_not_endlessly_many(faults: Faults) -> None:
    message = "step: a chain has 1 to 200 steps"
    assert faults(project("step = []")) == (f"tasks/sheet/task.toml:1: {message}",)
    many = "".join(f"[[step]]\nname = 's{n}'\ntask = 'answer'\n" for n in range(201))
    assert faults(project(many)) == (f"tasks/sheet/task.toml:1: {message}",)


def test_tasks_that_run_each_other_are_told_once(faults: Faults) -> None:
    other = "[[step]]\ntask = 'sheet'\n"
    found = faults(project("[[step]]\ntask = 'other'\n", **{"tasks/other/task.toml": other}))
    assert found == (
        "tasks/other/task.toml:1: tasks run each other: other → sheet → other; one of them must do"
        " without the next",
    )


def test_a_chain_has_no_prompt_and_no_settings_of_a_model(faults: Faults) -> None:
    more = {"tasks/sheet/prompt/user.md": "x"}
    found = faults(project("model = 'local'\nmax_reasks = 1\n" + SHEET, **more))
    assert [fault.partition(": ")[0] for fault in found] == [
        "tasks/sheet/prompt/user.md",
        "tasks/sheet/task.toml:1",
        "tasks/sheet/task.toml:2",
    ]


def test_a_fault_of_a_step_is_not_told_again_for_its_chain(faults: Faults) -> None:
    broken = EXTRACT.replace('"string" }', '"strng" }')
    (found,) = faults(project(SHEET, **{"tasks/extract/task.toml": broken}))
    assert found.startswith("tasks/extract/task.toml:4")


def test_a_chain_runs_the_python_of_its_steps(load: Load) -> None:
    rule = '[[rule]]\nname = "n"\nset.n = { python = "rules.py:n" }\n'
    more = {
        "tasks/extract/rules.toml": rule,
        "tasks/extract/rules.py": "def n(text: str) -> int:\n    return len(text)\n",
    }
    loaded = load(project(SHEET, **more)).tasks
    assert "tasks/extract/rules.py" in loaded["sheet"].sources
    assert loaded["sheet"].sources == loaded["extract"].sources


def test_a_chain_may_be_a_step(load: Load) -> None:
    outer = "[input.fields]\ntext = 'string'\n[[step]]\ntask = 'sheet'\n"
    loaded = load(project(SHEET, **{"tasks/outer/task.toml": outer})).tasks
    chain = loaded["outer"].chain
    assert chain is not None
    assert chain.tasks["sheet"] == loaded["sheet"]
    assert loaded["outer"].output_schema == loaded["sheet"].output_schema


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ('{"extract": {"checks": [{"contains": "a", "at": "/x"}]}}', "/x"),
        ('{"extrct": {"expect": {"tone": "plain"}}}', 'no step "extrct"; did you mean "extract"?'),
        ('{"extract": {"expect": {"tne": "plain"}}}', "steps.extract: expect: "),
        ('{"extract": {"expct": {}}}', 'unknown key "expct"; did you mean "expect"?'),
        ('{"extract": {"expect": {"tone": "plain"}}}', None),
    ],
)
def test_a_case_expects_of_steps_what_their_tasks_can_give(
    load: Load, faults: Faults, steps: str, fault: str | None
) -> None:
    line = '{"input": {"text": "x"}, "steps": ' + steps + "}"
    files = project(SHEET, **{"tasks/sheet/cases.jsonl": line})
    if fault is None:
        (case,) = load(files).suites["sheet"].cases
        assert case.steps["extract"].expect == {"tone": "plain"}
        return
    (found,) = faults(files)
    assert found.startswith("tasks/sheet/cases.jsonl:1: ")
    assert fault in found


def test_only_a_chain_has_steps_to_expect_something_of(faults: Faults) -> None:
    line = '{"input": {"text": "x"}, "steps": {"extract": {}}}'
    (found,) = faults(project(SHEET, **{"tasks/answer/cases.jsonl": line}))
    assert found.startswith("tasks/answer/cases.jsonl:1: steps: the task is no chain")


STEPS = """\
    [input.fields]
    text = "string"
    texts = { type = "array", items = "string" }
    [[step]]
    name = "first"
    task = "answer"
    FIRST
    [[step]]
    name = "second"
    task = "answer"
    input.text = "first"
    SECOND
    [output]
    first = "first"
    second = "second"
    """


@pytest.mark.parametrize(
    ("first", "second", "required"),
    [
        ("", "", ["first", "second"]),
        ("when = 'input.text != \"\"'", "", []),  # what needs a skipped step is skipped
        ("when = 'input.text != \"\"'\ndefault = ''", "", ["first", "second"]),
        ("when = 'input.text != \"\"'", "default = ''", ["second"]),
        ("on_error = 'skip'", "", []),
        ("on_error = 'default'\ndefault = ''", "", ["first", "second"]),
        ("on_error = 'task:extract'", "", None),
        ("", "on_error = 'skip'", ["first"]),
    ],
)
def test_what_may_be_absent_is_known_before_a_call(
    load: Load, faults: Faults, first: str, second: str, required: list[str] | None
) -> None:
    files = project(STEPS.replace("FIRST", first).replace("SECOND", second))
    if required is None:
        (found,) = faults(files)
        assert found.endswith('the answer of "extract" is an object, and text is taken from answer')
        return
    task = load(files).tasks["sheet"]
    assert task.output_schema is not None
    assert task.output_schema["required"] == required
    assert task.chain is not None
    assert [n for n in ("first", "second") if n not in absent_steps(task.chain)] == required


EACH = STEPS.replace('input.text = "first"', 'input.text = "input.text"').replace(
    "FIRST", 'for_each = "input.texts"\n    input.text = "item"\n    FIRST'
)


@pytest.mark.parametrize(
    ("first", "required"),
    [
        ("", ["first", "second"]),
        ("on_error = 'skip'", ["first", "second"]),  # items are left out, the list is there
        ("when = 'item != \"\"'", ["first", "second"]),
        ("when = 'input.text != \"\"'", ["second"]),
        ("when = 'input.text != \"\"'\ndefault = ['x']", ["first", "second"]),
        ("when = 'input.text != \"\"'\non_error = 'default'\ndefault = 'x'", ["second"]),
    ],
)
def test_a_step_for_each_item_gives_a_list(load: Load, first: str, required: list[str]) -> None:
    task = load(project(EACH.replace("FIRST", first).replace("SECOND", ""))).tasks["sheet"]
    assert task.output_schema is not None
    assert task.output_schema["required"] == required
    listed = {"type": "array", "items": {"type": "string"}}
    assert task.output_schema["properties"]["first"] == listed
    assert task.chain is not None
    assert [n for n in ("first", "second") if n not in absent_steps(task.chain)] == required


def test_a_chain_whose_last_step_answers_free_text_does_so(load: Load) -> None:
    sheet = "[input.fields]\ntext = 'string'\n[[step]]\ntask = 'answer'\n"
    task = load(project(sheet)).tasks["sheet"]
    assert (task.output_schema, task.stream) == (None, "raw")


def test_a_file_may_state_a_wider_output_schema(load: Load, faults: Faults) -> None:
    wider = '{"type": "object", "properties": {"copy": {"type": "string"}, "facts": {}}}'
    files = project(SHEET, **{"tasks/sheet/output.schema.json": wider})
    schema = load(files).tasks["sheet"].output_schema
    assert schema is not None
    assert schema["properties"]["facts"] == {}
    narrower = wider.replace("{}", '{"type": "string"}')
    assert faults(project(SHEET, **{"tasks/sheet/output.schema.json": narrower})) == (
        "tasks/sheet/output.schema.json:1: output.facts is a list, and text is taken by this"
        " schema",
    )


def test_a_chain_changes_with_its_steps_and_not_with_their_versions(load: Load) -> None:
    before = load(project(SHEET)).tasks["sheet"]
    warm = COPY.replace('"loud"', '"loud", "cold"')
    after = load(project(SHEET, **{"tasks/marketing-copy/task.toml": warm})).tasks["sheet"]
    assert before.digest != after.digest
    described = "description = 'Reads.'\n" + EXTRACT
    same = load(project(SHEET, **{"tasks/extract/task.toml": described})).tasks["sheet"]
    assert before.digest == same.digest
