"""What conformance makes of malformed answers, beside json_repair; no model is asked.

    .venv/bin/python benchmarks/conform.py [--show-failures] [--only TEXT] [--rows FILE …]

Reads the public data (``ROADWORTHY_DATA``; by default ``../shared/data`` beside the checkout) and
measures: (a) answers with a schema, equal to what their source expects; (b) answers without one;
(c) the parser tests of nst/JSONTestSuite; (d) speed; (e) the same answers made worse at random,
which may not raise. `harness/conform_cases.py` says which rows count as what, and which stop
reason goes with each. Every delivered value is validated again, apart from the code under test.
"""

from __future__ import annotations

import argparse
import base64
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.conform_cases import Case, Verdict, judge, load_cases
from harness.conform_mutations import measure_mutations
from harness.conform_speed import measure_speed
from harness.judging import JUDGES
from harness.machine import describe_run
from harness.public_data import data_folder, read_rows
from harness.tables import number, table
from roadworthy.conformance import compile_schema, conform

LIBRARIES = ("roadworthy", "json_repair", "jsonschema-rs", "msgspec")
SHOWN_CHARS = 3_000


def main() -> None:
    options = parse()
    structured = data_folder("structured")
    about = [*describe_run(LIBRARIES), f"judged by {JUDGES}, apart from the code under test"]
    paths = options.rows or sorted((structured / "malformed").glob("*.jsonl.gz"))
    cases = load_cases(paths)
    if options.only:
        cases = [case for case in cases if options.only in f"{case.source} {case.id} {case.kind}"]
    verdicts = [judge(case) for case in cases]
    if options.show_failures:
        show_failures(verdicts)
    print("\n".join(about), end="\n\n")
    figures: dict[str, Any] = {"malformed": summary(verdicts)}
    print(report(verdicts, markdown=options.markdown))
    nst = structured / "nst_jsontestsuite.jsonl.gz"
    if not options.only and nst.exists():
        figures["nst"] = parser_tests(read_rows(nst))
        print(
            "\n(c) nst/JSONTestSuite: " + "; ".join(f"{k} {v}" for k, v in figures["nst"].items())
        )
    if options.seconds > 0:
        malformed = [v.case for v in verdicts if v.result.outcome != "first_pass"]
        figures["speed"] = measure_speed(malformed, seconds=options.seconds)
        print("\n(d) speed, one core")
        for name, figure in figures["speed"].items():
            print(f"  {name:44} {number(figure):>10}")
    if options.mutations > 0:
        figures["mutations"] = mutations(cases, count=options.mutations, seed=options.seed)
    if options.json:
        options.json.write_text(json.dumps({"about": about, **figures}, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rows", type=Path, nargs="+", help="these files, not all malformed ones")
    parser.add_argument("--only", help="rows whose source, id or kind holds this text")
    parser.add_argument("--show-failures", action="store_true", help="every row not as expected")
    parser.add_argument("--seconds", type=float, default=1.0, help="of one speed; 0: none")
    parser.add_argument("--mutations", type=int, default=2_000, help="texts made worse; 0: none")
    parser.add_argument("--seed", type=int, default=7, help="of the mutations")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    return parser.parse_args()


# (a) and (b): malformed answers.


def of_kind(verdicts: Sequence[Verdict], kind: str) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.case.kind == kind]


def counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    return {
        "rows": len(verdicts),
        "equal": sum(v.equal for v in verdicts),
        "equal, 1 is not 1.0": sum(v.exact for v in verdicts),
        "different": sum(v.delivered and not v.equal for v in verdicts),
        "failed": sum(not v.delivered for v in verdicts),
        "json_repair equal": sum(v.peer_equal for v in verdicts),
        "with its options": sum(v.peer_tuned_equal for v in verdicts),
    }


def by_source(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    sources = sorted({v.case.source for v in verdicts})
    return {source: [v for v in verdicts if v.case.source == source] for source in sources}


def summary(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    data: dict[str, Any] = {
        kind: {
            "all": counts(of_kind(verdicts, kind)),
            **{s: counts(vs) for s, vs in by_source(of_kind(verdicts, kind)).items()},
        }
        for kind in ("schema", "free", "partial", "unsound", "error", "parses")
    }
    data["delivered but invalid"] = [v.case.id for v in verdicts if not v.valid]
    data["error expected, value delivered"] = [
        v.case.id for v in of_kind(verdicts, "error") if v.delivered
    ]
    data["outcomes"] = dict(Counter(v.result.outcome for v in verdicts))
    return data


def report(verdicts: Sequence[Verdict], *, markdown: bool) -> str:
    parts = [
        "(a) with a schema, expected value valid",
        kind_table(of_kind(verdicts, "schema"), markdown=markdown),
        "    apart: rows whose source expects a tail to be dropped or filled in",
        kind_table(of_kind(verdicts, "partial"), markdown=markdown),
        "(b) without a schema",
        kind_table(of_kind(verdicts, "free"), markdown=markdown),
        "not scored: " + not_scored(verdicts),
        errors_expected(of_kind(verdicts, "error")),
        f"delivered but invalid: {sum(not v.valid for v in verdicts)}"
        f" of {sum(v.delivered for v in verdicts)} delivered",
        "json_repair: values that conform, of rows with a schema: "
        f"{sum(v.peer_valid for v in of_kind(verdicts, 'schema'))}",
    ]
    return "\n".join(parts)


def kind_table(verdicts: Sequence[Verdict], *, markdown: bool) -> str:
    head = ["source", "rows", "equal", "share", "1 is not 1.0", "different", "failed"]
    head += ["json_repair equal", "its share", "with the source's options"]
    lines = []
    for source, group in {**by_source(verdicts), "all": list(verdicts)}.items():
        c = counts(group)
        rows, equal, exact, different, failed, peer, tuned = c.values()
        shown = [rows, equal, share(equal, rows), exact, different, failed]
        lines.append([source, *map(str, shown), str(peer), share(peer, rows), share(tuned, rows)])
    return table(head, lines, markdown=markdown) + "\n"


def share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def not_scored(verdicts: Sequence[Verdict]) -> str:
    unsound, parses = of_kind(verdicts, "unsound"), of_kind(verdicts, "parses")
    return (
        f"{len(unsound)} rows whose expected value breaks their own schema or whose schema is lost "
        f"({sum(v.delivered for v in unsound)} delivered, {sum(v.equal for v in unsound)} equal); "
        f"{len(parses)} rows that need only be read ({sum(v.delivered for v in parses)} were)"
    )


def errors_expected(verdicts: Sequence[Verdict]) -> str:
    delivered = [v for v in verdicts if v.delivered]
    lines = [f"error expected: {len(verdicts)} rows; a value was delivered for {len(delivered)}:"]
    for v in delivered:
        kind = "no schema" if v.case.schema is None else "schema"
        value = json.dumps(v.result.value, ensure_ascii=False)
        lines.append(f"  {v.case.id} ({v.case.mode}, {kind}) {v.case.text!r:.80} -> {value:.80}")
    return "\n".join(lines)


def show_failures(verdicts: Sequence[Verdict]) -> None:
    """Every row that is not as its source expects, whole."""
    for v in verdicts:
        wrong = v.delivered if v.case.kind == "error" else not v.equal
        if v.case.kind == "parses":
            wrong = not v.delivered
        if wrong or not v.valid:
            print("=" * 100)
            print("\n".join(shown(v)))


def shown(verdict: Verdict) -> list[str]:
    case, result = verdict.case, verdict.result
    repairs = "; ".join(f"{r.kind} {r.path} {r.before} -> {r.after}" for r in result.repairs)
    lines = [
        f"{case.id} [{case.kind}] mode {case.mode}, stop reason {case.stop_reason}, {case.about}",
        f"input     {case.text!r}",
        f"schema    {written(case.schema)}",
        f"expected  {'an error' if case.kind == 'error' else written(case.expected)}",
        f"got       {written(result.value) if verdict.delivered else f'failed: {result.error}'}",
        f"repairs   {repairs or '-'}",
        f"json_repair {'equal' if verdict.peer_equal else 'not equal'}",
    ]
    if not verdict.valid:
        lines.append("INVALID: what was delivered does not conform")
    return [line if len(line) <= SHOWN_CHARS else f"{line[:SHOWN_CHARS]}…" for line in lines]


def written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# (c): the parser's tests.


def parser_tests(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Strict reading under ``{}``; bytes that are not UTF-8 are refused before it."""
    anything = compile_schema({})
    found: Counter[str] = Counter()
    wrong = []
    for row in rows:
        text = text_of(row)
        read = conform(text, anything, repair="none") if text is not None else None
        accepted = read is not None and read.outcome == "first_pass"
        expected = {"accept": True, "reject": False}.get(row["rfc8259"])
        found[f"{row['rfc8259']}: {'accepted' if accepted else 'refused'}"] += 1
        if (expected is not None and accepted != expected) or (
            accepted and not same_as_python(text, read)
        ):
            wrong.append(row["id"])
    return {**dict(sorted(found.items())), "not as expected": wrong}


def text_of(row: dict[str, Any]) -> str | None:
    if "input" in row:
        return str(row["input"])
    try:
        return base64.b64decode(row["input_base64"]).decode()
    except UnicodeDecodeError:
        return None


def same_as_python(text: str | None, read: Any) -> bool:
    """Whether the standard library reads the same value."""
    return text is not None and json.loads(text) == read.value


# (e): texts made worse.


def mutations(cases: Sequence[Case], *, count: int, seed: int) -> dict[str, Any]:
    found = measure_mutations(cases, count=count, seed=seed)
    print(
        f"\n(e) {count:,} texts made worse, seed {seed}: raised {len(found.raised)}, delivered but"
        f" invalid {len(found.invalid)}, over 50 ms {found.over_50_ms}; {dict(found.outcomes)}"
    )
    print("\n".join(f"  raised: {line}" for line in found.raised[:5]))
    print("\n".join(f"  invalid: {line}" for line in found.invalid[:5]))
    print("\n".join(f"  slowest: {ms:.1f} ms {text}" for ms, text in found.slowest))
    return {
        "texts": count,
        "seed": seed,
        "raised": len(found.raised),
        "delivered but invalid": len(found.invalid),
        "over 50 ms": found.over_50_ms,
        "slowest ms": found.slowest[0][0] if found.slowest else None,
        "outcomes": dict(found.outcomes),
    }


if __name__ == "__main__":
    main()
