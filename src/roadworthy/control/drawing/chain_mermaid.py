"""A chain as a Mermaid flowchart, which Markdown viewers draw. Pure.

Source: mermaid.js.org/syntax/flowchart.html, read in November 2026: text in quotes, with entity
codes for what would end it.
"""

from __future__ import annotations

from roadworthy.control.drawing.chain_graph import INPUT, OUTPUT, ChainGraph

__all__ = ["chain_mermaid"]


def chain_mermaid(graph: ChainGraph) -> str:
    """The flowchart's text."""
    # Of Mermaid's own words, `end` breaks a chart: no node is called as its step is.
    names = {node.name: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    for node in graph.nodes:
        label = "<br>".join(_quoted(text) for text in (node.name, *node.notes))
        left, right = ("([", "])") if node.name in (INPUT, OUTPUT) else ("[", "]")
        lines.append(f'    {names[node.name]}{left}"{label}"{right}')
    for start, end, paths in graph.edges:
        arrow = f'-->|"{_quoted(", ".join(paths))}"|' if paths else "-.->"
        lines.append(f"    {names[start]} {arrow} {names[end]}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;")
