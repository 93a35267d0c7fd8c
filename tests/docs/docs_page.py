"""The code blocks of a page of documentation, and where its links lead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\S*)[ ]*([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: ```` ```LANGUAGE OPTION OPTION=VALUE ````."""

    language: str
    options: dict[str, str]
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            language=match[1],
            options=dict(option.partition("=")[::2] for option in match[2].split()),
            text=match[3],
            line=text.count("\n", 0, match.start()) + 1,
        )
        for match in _BLOCK.finditer(text)
    ]


def broken_links(page: Path) -> list[str]:
    """Links to files that are not there, or to headings that they do not have."""
    prose = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    inside = [link for link in _LINK.findall(prose) if "://" not in link]
    return [link for link in inside if not _leads_somewhere(page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists():
        return False
    return not anchor or anchor in _anchors(target)


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them: lower case, punctuation dropped, spaces as hyphens."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in _HEADING.findall(text)
    }
