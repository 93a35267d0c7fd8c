"""The required tests of the JSON Schema test suite, through the path that validates answers.

Source: json-schema-org/JSON-Schema-Test-Suite, drafts 7 and 2020-12 with their remotes. There is no
list of exceptions: every test must agree.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from roadworthy.conformance import compile_schema, conform

ARCHIVE = "structured/json_schema_test_suite.tar.gz"
BASE = "http://localhost:1234/"
"""Where the suite's schemas expect its remotes."""
DRAFTS = {
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}


@pytest.fixture(scope="module")
def suite(data_folder: Path) -> dict[str, Any]:
    """Every JSON file of the suite, by its path inside."""
    path = data_folder / ARCHIVE
    if not path.exists():
        pytest.skip(f"there is no {path}")
    files = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.endswith(".json") and (file := archive.extractfile(member)):
                files[member.name.partition("/")[2]] = json.load(file)
    return files


def remotes_of(suite: dict[str, Any], draft: str) -> dict[str, Any]:
    """The remotes of one draft and those of all; other drafts' are in other folders."""
    names = {name: name.removeprefix("remotes/") for name in suite if name.startswith("remotes/")}
    return {
        BASE + inside: suite[name]
        for name, inside in names.items()
        if inside.startswith(f"{draft}/") or not inside.startswith(("draft", "v1/"))
    }


def of_draft(schema: Any, draft: str) -> Any:
    """Draft 7's tests do not name it; without a name a schema is taken for the newest."""
    return {"$schema": DRAFTS[draft], **schema} if isinstance(schema, dict) else schema


@pytest.mark.parametrize(("draft", "count"), [("draft7", 927), ("draft2020-12", 1299)])
def test_every_required_test_agrees(suite: dict[str, Any], draft: str, count: int) -> None:
    remotes = remotes_of(suite, draft)
    required = {n: f for n, f in suite.items() if n.rpartition("/")[0] == f"tests/{draft}"}
    tested, different = 0, []
    for name, groups in required.items():
        for group in groups:
            schema = compile_schema(
                of_draft(group["schema"], draft),
                resources=remotes,
                formats=not name.endswith("/format.json"),
            )
            for test in group["tests"]:
                result = conform(json.dumps(test["data"]), schema, repair="none")
                tested += 1
                if (result.outcome == "first_pass") != test["valid"]:
                    different.append((name, group["description"], test["description"]))
    assert different == []
    assert tested == count


def test_what_the_suite_calls_invalid_is_never_delivered_at_any_level_of_repair(
    suite: dict[str, Any],
) -> None:
    remotes = remotes_of(suite, "draft2020-12")
    for name, groups in suite.items():
        if not name.startswith("tests/draft2020-12/") or "/optional/" in name:
            continue
        for group in groups:
            schema = compile_schema(
                of_draft(group["schema"], "draft2020-12"),
                resources=remotes,
                formats=not name.endswith("/format.json"),
            )
            for test in group["tests"]:
                result = conform(json.dumps(test["data"]), schema)
                assert result.outcome == "failed" or schema.is_valid(result.value), test
