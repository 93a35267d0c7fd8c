"""Ways to spoil the form of an answer whose content is right."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from roadworthy.testing.misbehaviour.exchange import Exchange, Question, Way, written

__all__ = ["FORMS"]


def prose_around(q: Question) -> Exchange:
    """Sentences before and after, with brackets of their own."""
    before = q.rng.choice(("Sure!", "Here is the JSON [as asked]:", "Thought: {hard}.\n\n"))
    return Exchange(text=f"{before} {q.text}\n\nLet me know if {{anything}} else helps!")


def fenced(q: Question) -> Exchange:
    """A Markdown fence, with or without a language."""
    return Exchange(text=f"```{q.rng.choice(('json', '', 'JSON5'))}\n{q.text}\n```")


def fence_left_open(q: Question) -> Exchange:
    """A fence that nothing closes."""
    return Exchange(text=f"```json\n{q.text}")


def two_answers(q: Question) -> Exchange:
    """The answer, and a different one right behind it."""
    other = written(_shuffled(q))
    return Exchange(text=q.rng.choice((f"{q.text}\n{other}", f"{other}{q.text}")))


def draft_before_answer(q: Question) -> Exchange:
    """A draft with holes, then the answer."""
    return Exchange(text=f"Draft: {{}}\nStill a draft: []\nFinal: {q.text}")


def encoded_twice(q: Question) -> Exchange:
    """JSON inside a JSON string, once or twice over."""
    text = json.dumps(q.text)
    return Exchange(text=json.dumps(text) if q.rng.random() < 0.3 else text)


def byte_order_mark(q: Question) -> Exchange:
    """A byte order mark before, a null character behind."""
    return Exchange(text=f"\ufeff{q.text}" + q.rng.choice(("", "\0", "\u200b")))


def raw_control_characters(q: Question) -> Exchange:
    """Line breaks and tabs inside strings, not escaped."""
    return Exchange(text=q.text.replace(" ", q.rng.choice(("\n", "\t", "\x01"))))


def python_literals(q: Question) -> Exchange:
    """As Python prints it."""
    return Exchange(text=repr(q.value))


def javascript_literals(q: Question) -> Exchange:
    """Keys without quotes, `undefined` for null."""
    text = re.sub(r'"(\w+)":', r"\1:", q.text).replace("null", "undefined")
    return Exchange(text=q.rng.choice((text, f"const answer = {text};")))


def single_quotes(q: Question) -> Exchange:
    """Single quotes, whatever stands inside."""
    return Exchange(text=q.text.replace('"', "'"))


def typographic_quotes(q: Question) -> Exchange:
    """Quotes as a word processor sets them."""
    return Exchange(text=re.sub(r'"([^"]*)"', "\u201c\\1\u201d", q.text))


def comments(q: Question) -> Exchange:
    """Remarks between the lines."""
    text = json.dumps(q.value, indent=2, ensure_ascii=False)
    return Exchange(text=text.replace("\n", " // as far as I know\n", 2) + " /* done */")


def missing_commas(q: Question) -> Exchange:
    """Line breaks where commas belong."""
    return Exchange(text=json.dumps(q.value, indent=1, ensure_ascii=False).replace(",\n", "\n"))


def trailing_commas(q: Question) -> Exchange:
    """A comma before every closing bracket."""
    return Exchange(text=re.sub(r"([}\]])", r",\1", q.text))


def unbalanced_brackets(q: Question) -> Exchange:
    """One bracket too many, or one of the wrong kind."""
    return Exchange(text=q.rng.choice((q.text + "}", q.text[:-1] + "]", "[" + q.text, q.text * 2)))


def cut_off(q: Question) -> Exchange:
    """Cut at any character, whatever is said about the reason."""
    end = q.rng.randrange(len(q.text) + 1)
    reason = q.rng.choice(("length", "length", "stop", None, "tool_calls", "content_filter"))
    return Exchange(text=q.text[:end], finish_reason=reason)


def nothing(q: Question) -> Exchange:
    """An empty text."""
    return Exchange(text="", finish_reason=q.rng.choice(("stop", "length", None)))


def white_space(q: Question) -> Exchange:
    """White space, and nothing else."""
    return Exchange(text=q.rng.choice((" ", "\n\n\n", "\t", "\u00a0", "\u2003")) * 50)


def as_yaml(q: Question) -> Exchange:
    """YAML where JSON was asked."""
    lines = [f"{k}: {v}" for k, v in q.value.items()] if isinstance(q.value, dict) else [q.text]
    return Exchange(text="---\n" + "\n".join(lines))


def as_xml(q: Question) -> Exchange:
    """XML where JSON was asked."""
    fields = q.value.items() if isinstance(q.value, dict) else [("value", q.value)]
    return Exchange(text="<answer>" + "".join(f"<{k}>{v}</{k}>" for k, v in fields) + "</answer>")


def as_table(q: Question) -> Exchange:
    """A Markdown table where JSON was asked."""
    fields = q.value.items() if isinstance(q.value, dict) else [("value", q.value)]
    return Exchange(
        text="| field | value |\n|---|---|\n" + "\n".join(f"| {k} | {v} |" for k, v in fields)
    )


def html_page(_: Question) -> Exchange:
    """A web page as the text of an answer."""
    return Exchange(text='<!doctype html><html><body data-a="{}"><h1>502</h1></body></html>')


def refusal_in_words(q: Question) -> Exchange:
    """A refusal that nothing but its words tells from an answer."""
    said = "I'm sorry, but I can't help with that."
    return Exchange(
        text=q.rng.choice((said, f"{said} {{}}", f'"{said}"', f'{{"error": "{said}"}}'))
    )


def question_back(_: Question) -> Exchange:
    """A question instead of an answer."""
    return Exchange(text="Could you tell me which fields [a, b] you need first?")


def duplicate_keys(q: Question) -> Exchange:
    """Every property twice, with different values."""
    if not isinstance(q.value, dict):
        return Exchange(text=f'{{"a": {q.text}, "a": null}}')
    pairs = [f"{json.dumps(k)}: {v}" for k, v in _twice(q.value)]
    return Exchange(text="{" + ", ".join(pairs) + "}")


def loop_in_text(q: Question) -> Exchange:
    """The last string goes round in circles until the tokens run out."""
    return _loop(q, '"', "very " * 400)


def loop_in_digits(q: Question) -> Exchange:
    """A number that never ends."""
    return _loop(q, ":", " 0." + "3" * 2_000)


def loop_in_escapes(q: Question) -> Exchange:
    """A string of nothing but escapes."""
    return _loop(q, '"', q.rng.choice(("\\n", "\\u0000", "\\\\")) * 800)


def loop_in_white_space(q: Question) -> Exchange:
    """White space after a comma, for ever."""
    return _loop(q, ",", " \n" * 1_500)


def _loop(q: Question, mark: str, rounds: str) -> Exchange:
    head, found, _ = q.text.rpartition(mark)
    text = (head + found if found else q.text) + rounds
    return Exchange(text=text, finish_reason=q.rng.choice(("length", "length", "stop")))


def _shuffled(q: Question) -> Any:
    """Another value of the same kind; it may conform, too."""
    value = q.value
    if isinstance(value, dict):
        values = list(value.values())
        q.rng.shuffle(values)
        return dict(zip(value, values, strict=True))
    return [value, value] if q.rng.random() < 0.5 else None


def _twice(value: dict[str, Any]) -> list[tuple[str, str]]:
    return [pair for k, v in value.items() for pair in ((k, "null"), (k, written(v)))]


FORMS: Final[tuple[Way, ...]] = (
    prose_around,
    fenced,
    fence_left_open,
    two_answers,
    draft_before_answer,
    encoded_twice,
    byte_order_mark,
    raw_control_characters,
    python_literals,
    javascript_literals,
    single_quotes,
    typographic_quotes,
    comments,
    missing_commas,
    trailing_commas,
    unbalanced_brackets,
    cut_off,
    nothing,
    white_space,
    as_yaml,
    as_xml,
    as_table,
    html_page,
    refusal_in_words,
    question_back,
    duplicate_keys,
    loop_in_text,
    loop_in_digits,
    loop_in_escapes,
    loop_in_white_space,
)
