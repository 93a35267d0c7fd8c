"""Instructions that cannot both hold, and those that may."""

from __future__ import annotations

from pathlib import Path

import pytest
from linted import found, told

CONTRADICTIONS = [
    ("Always mention the order number.", "Never mention the order number."),
    ("Use emojis in the answer.", "Do not use emojis in the answer."),
    ("Keep your answer under 50 words.", "Write at least 100 words."),
    ("The summary has at most 2 sentences.", "Give the summary at least 4 sentences."),
    ("Answer in English.", "Always reply in German."),
    ("Respond in YAML.", "Reply with XML."),
    ("Write in a formal tone.", "Write in a casual tone."),
]
COMPATIBLE = [
    ("Always mention the order number.", "Never mention the customer's name."),
    ("Answer in English.", "If the comment is German, answer in German."),
    ("The title has at most 8 words.", "The description has at least 50 words."),
    ("Keep your answer under 50 words.", "Write at least 10 words."),
    ("Do not invent facts.", "Name the facts that the comment holds."),
    ("Do not use emojis.", "Use short sentences."),
    ("Write at most 3 sentences.", "Each sentence has at most 20 words."),
    ("Translate comments in German first.", "Answer in English."),
]


@pytest.mark.parametrize(("first", "second"), CONTRADICTIONS)
def test_a_contradiction_names_both_places(tmp_path: Path, first: str, second: str) -> None:
    system = f"You read comments.\n\n- {first}\n- Be fair.\n- {second}\n"
    findings = found(tmp_path, {"tasks/triage/prompt/system.md": system})
    findings = [f for f in findings if f.message.startswith(f'"{second}')]
    assert [(f.code, f.line) for f in findings][:1] == [("contradiction", 5)]
    if first[:12] in findings[0].message:
        assert "tasks/triage/prompt/system.md:3" in findings[0].message


@pytest.mark.parametrize(("first", "second"), COMPATIBLE)
def test_what_may_hold_together_is_no_contradiction(
    tmp_path: Path, first: str, second: str
) -> None:
    assert told(tmp_path, f"{first}\n\n{second}\n") == []


def test_a_sentence_under_a_condition_of_the_template_contradicts_nobody(tmp_path: Path) -> None:
    system = "Answer in English.\n{% if comment %}\nAnswer in German.\n{% endif %}\n"
    assert told(tmp_path, system) == []


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Answer with a single word.", "asks for a JSON object"),
        ('Set sentiment to "mixed" where it is unclear.', '"mixed" is no value of sentiment'),
        ("Give at least 5 themes.", "themes has at most 3 items"),
        ("State a confidence from 0 to 100.", "confidence is at most 1"),
        ("Put the topics into `theme`.", 'write "themes"'),
    ],
)
def test_what_the_schema_does_not_allow_is_told(tmp_path: Path, sentence: str, reason: str) -> None:
    findings = found(tmp_path, {"tasks/triage/prompt/system.md": f"Read it.\n{sentence}\n"})
    assert [(finding.file, finding.line) for finding in findings] == [
        ("tasks/triage/prompt/system.md", 2)
    ]
    assert reason in f"{findings[0].message}; {findings[0].remedy}"


@pytest.mark.parametrize(
    "sentence",
    [
        "Answer in JSON.",
        'Where the comment says "meh", set sentiment to "neutral".',
        'The words "love" and "great" make the sentiment positive.',
        'Never answer "mixed" as the sentiment.',
        "Give at most 2 themes.",
        "State a confidence between 0 and 1.",
        "Write each of the themes as one word.",
        "Look at `comment` first.",
    ],
)
def test_what_the_schema_allows_is_not(tmp_path: Path, sentence: str) -> None:
    assert told(tmp_path, f"Read it.\n{sentence}\n") == []


def test_json_asked_for_in_words_alone_is_a_note(tmp_path: Path) -> None:
    task = 'model = "strong"\n[input.fields.comment]\ntype = "string"\n'
    findings = told(tmp_path, "Answer in JSON.\n", **{"tasks/triage/task.toml": task})
    assert findings == [("json-without-schema", 1)]
