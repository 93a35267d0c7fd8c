"""SVG elements as text that is safe to put in a page; every attribute and text is escaped."""

from __future__ import annotations

from markupsafe import Markup, escape

__all__ = ["element", "percent", "picture"]


def element(tag: str, *children: str | Markup, **attributes: object) -> Markup:
    """``<tag …>children</tag>``. In names ``_`` stands for ``-``; None leaves an attribute out."""
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    inside = "".join(map(escape, children))
    return Markup(f"<{tag}{given}>{inside}</{tag}>")  # noqa: S704 every part is escaped above


def percent(part: float) -> str:
    """A share of the picture's width as an SVG length: ``12.5%``."""
    return f"{100 * part:.3f}".rstrip("0").rstrip(".") + "%"


def picture(
    identifier: str, *drawing: str | Markup, title: str, description: str, **attributes: object
) -> Markup:
    """An ``<svg>`` that a screen reader announces by its title and description."""
    return element(
        "svg",
        element("title", title, id=f"{identifier}-title"),
        element("desc", description, id=f"{identifier}-desc"),
        *drawing,
        role="img",
        aria_labelledby=f"{identifier}-title {identifier}-desc",
        **attributes,
    )
