"""Pictures of chains: as SVG, as Mermaid, and as characters."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.control.drawing.chain_graph import ChainGraph, GraphNode, chain_graph
from roadworthy.control.drawing.chain_mermaid import chain_mermaid
from roadworthy.control.drawing.chain_picture import chain_file, chain_picture
from roadworthy.control.drawing.chain_text import chain_text
from roadworthy.control.drawing.layers import layered, placed
from roadworthy.tasks.definition import ChainDefinition, StepDefinition


def step(name: str, *reads: str, **more: Any) -> StepDefinition:
    needs = dict.fromkeys(path.partition(".")[0] for path in reads)
    wires = {f"in{number}": path for number, path in enumerate(reads)}
    needs.pop("input", None)
    given: dict[str, Any] = {"task": name, "needs": tuple(needs), "wires": wires} | more
    return StepDefinition(name=name, **given)


SHEET = ChainDefinition(
    steps=(
        step("extract", "input.text"),
        step("copy", "extract.facts", when="size(extract.facts) > 0"),
        step("seo", "copy.text", on_error="skip"),
    ),
    output={"title": "seo.title", "copy": "copy.text"},
    tasks={},
)


DRAWN = """
            ┌───────┐
            │ input │
            └───┬───┘
                ▼
           ┌────┴────┐
           │ extract │
           └────┬────┘
                ▼
      ┌─────────┴─────────┐
      │       copy        │
      │ under a condition │
      └─────────┬─────────┘
         ┌──────┴─────┐
         ▼            │
┌────────┴────────┐   │
│       seo       │   │
│ on error: skip  │   │
└────────┬────────┘   │
         └──────┬─────┘
                ▼
           ┌────┴────┐
           │ output  │
           └─────────┘
"""


def dags() -> st.SearchStrategy[ChainGraph]:
    """Graphs of up to nine nodes, some of them long of name."""

    def graph(befores: list[list[int]]) -> ChainGraph:
        nodes: list[GraphNode] = []
        for index, before in enumerate(befores):
            after = {nodes[n % index].name: () for n in before} if index else {}
            name = f"n{index}" + "x" * (index % 3 * 4)
            nodes.append(GraphNode(name=name, notes=("note",) * (index % 2), after=after))
        return ChainGraph(tuple(nodes))

    return st.lists(st.lists(st.integers(0, 8), max_size=3), min_size=1, max_size=9).map(graph)


def test_a_chain_is_drawn_with_characters() -> None:
    assert chain_text(chain_graph(SHEET)).splitlines() == DRAWN.strip("\n").splitlines()


@settings(max_examples=40, deadline=None)
@given(dags())
def test_every_node_and_every_edge_is_drawn_and_nothing_overlaps(graph: ChainGraph) -> None:
    text = chain_text(graph)
    for node in graph.nodes:
        assert re.search(rf"(^|[^\w]){node.name}([^\w]|$)", text, re.MULTILINE)
    assert text.count("▼") == sum(bool(node.after) for node in graph.nodes)
    layers = layered({node.name: list(node.after) for node in graph.nodes})
    middles = placed(layers, {slot: 10 for row in layers.rows for slot in row}, gap=3)
    for row in layers.rows:
        places = [middles[slot] for slot in row]
        assert all(b - a >= 13 for a, b in pairwise(places))
    svg = ElementTree.fromstring(chain_file(graph))
    assert len(svg.findall(".//{*}rect")) == len(graph.nodes) + 1
    titled = [path for path in svg.findall(".//{*}path") if path.find("{*}title") is not None]
    assert len(titled) == len(list(graph.edges))


def test_layers_follow_what_comes_after_what() -> None:
    layers = layered({"a": [], "b": ["a"], "c": ["a", "b"]})
    names = [[slot.name for slot in row if slot.passing is None] for row in layers.rows]
    assert names == [["a"], ["b"], ["c"]]
    assert [slot.passing for slot in layers.rows[1]].count(("a", "c")) == 1


def test_steps_of_which_nothing_is_used_come_before_the_end_nevertheless() -> None:
    chain = ChainDefinition(steps=(step("a", "input.x"), step("b")), output={"": "a"}, tasks={})
    edges = {(start, end) for start, end, _ in chain_graph(chain).edges}
    assert edges == {("input", "a"), ("input", "b"), ("a", "output"), ("b", "output")}


def test_a_picture_for_a_page_has_no_style_and_leads_where_it_is_told_to() -> None:
    drawn = chain_picture(chain_graph(SHEET), links=lambda name: f"/tasks/{name}?a=1&b=2")
    assert "style" not in drawn
    assert 'href="/tasks/seo?a=1&amp;b=2"' in drawn
    assert drawn.count("<a ") == 3
    assert "copy after extract" in drawn


def test_a_flowchart_survives_names_that_are_words_of_its_language() -> None:
    chain = ChainDefinition(steps=(step("end", 'input."a.<b"'),), output={"": "end"}, tasks={})
    assert chain_mermaid(chain_graph(chain)).splitlines() == [
        "flowchart TD",
        '    n0(["input"])',
        '    n1["end"]',
        '    n2(["output"])',
        '    n0 -->|"input.#quot;a.#lt;b#quot;"| n1',
        '    n1 -->|"end"| n2',
    ]
