"""What the page of a version shows of a chain, of rules and of votes."""

from __future__ import annotations

from typing import Any

import msgspec
from dashboard import FixedClock, Page, full_source, page_of
from fixed_registry import FixedRegistry, row_of, version_of
from starlette.testclient import TestClient

from registry_samples import chain_of, definition_of
from roadworthy.control import create_app
from roadworthy.control.context import Workbench
from roadworthy.control.links import version_link
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.definition import RuleDefinition, StepDefinition, Votes

HOSTILE = "<script>alert(1)</script>\"'{{7*7}}\u202e"
EXTRACT = definition_of(name="extract", version="1.2.0")
COPY = definition_of(name="copy", version="working")
STEPS = (
    StepDefinition(name="extract", task="extract", wires={"comment": "input.comment"}),
    StepDefinition(
        name="copy",
        task="copy",
        needs=("extract",),
        wires={"": "extract"},
        when='extract.mood != ""',
        on_error="default",
        default={"mood": HOSTILE},
    ),
)


def shown(definition: TaskDefinition) -> Page:
    row = row_of("1.0.0", task=definition.name)
    version = msgspec.structs.replace(version_of(row), definition=definition)
    bench = Workbench(registry=FixedRegistry([version]))
    app = create_app(full_source(), clock=FixedClock(), workbench=bench)
    client = TestClient(app, base_url="http://localhost:8701")
    page = page_of(client, version_link(definition.name, "1.0.0"))
    assert page.faults == []
    return page


def chain(steps: tuple[StepDefinition, ...] = STEPS, **changes: Any) -> TaskDefinition:
    made = chain_of(EXTRACT, COPY, name="sheet", **changes)
    assert made.chain is not None
    return msgspec.structs.replace(made, chain=msgspec.structs.replace(made.chain, steps=steps))


def test_a_chain_is_drawn_and_its_pinned_steps_lead_to_their_versions() -> None:
    page = shown(chain())
    assert "The steps of the chain" in page.text
    assert page.links().count(version_link("extract", "1.2.0")) >= 1
    assert version_link("copy", "working") not in page.links()
    assert "its default stands for it" in page.text


def test_a_default_stands_beside_the_condition_without_which_the_step_is_skipped() -> None:
    skipped = msgspec.structs.replace(STEPS[1], on_error="fail", default={"mood": "calm"})
    text = " ".join(shown(chain((STEPS[0], skipped))).text.split())
    assert 'extract.mood != "" default {"mood": "calm"} the chain fails' in text


def test_a_chain_has_no_prompt_and_names_the_models_of_its_steps() -> None:
    page = shown(chain())
    ids = [section.get("aria-labelledby") for section in page.all("section")]
    assert "steps" in ids
    assert "prompt" not in ids
    assert "local" in page.text


def test_what_authors_wrote_is_text() -> None:
    rule = RuleDefinition(name=HOSTILE, effect="deny", when=HOSTILE, deny=HOSTILE)
    page = shown(chain(rules=(rule,), max_cost_usd=0.02, sources={f"{HOSTILE}.py": ""}))
    assert page.text.count("<script>alert(1)</script>") >= 5
    assert "49" not in page.text.replace("{{7*7}}", "")
    assert "\u202e" not in page.text


def test_rules_and_votes_are_shown_where_there_are_any() -> None:
    rule = RuleDefinition(name="sums", effect="set", values={"sum": {"cel": "1 + 1"}})
    page = shown(definition_of(rules=(rule,), votes=Votes(n=3)))
    assert "sums" in page.text
    assert "1 + 1" in page.text
    assert "3 votes; ties go to the first" in page.text
    plain = shown(definition_of())
    ids = {section.get("aria-labelledby") for section in plain.all("section")}
    assert not ids & {"steps", "rules", "settings"}
    assert "prompt" in ids


def test_a_chain_too_long_to_be_drawn_is_listed() -> None:
    many = tuple(StepDefinition(name=f"step{n}", task="extract") for n in range(61))
    page = shown(chain((*many, STEPS[0])))
    assert "The steps of the chain" not in page.text
    assert "step60" in page.text


def test_a_chain_that_nothing_has_checked_is_listed_all_the_same() -> None:
    page = shown(chain((StepDefinition(name="odd", task="nine", wires={"x": "no..path"}),)))
    assert "no..path" in page.text
    assert "The steps of the chain" not in page.text
