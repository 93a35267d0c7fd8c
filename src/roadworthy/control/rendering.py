"""Turns templates into pages; autoescape is on, and an unknown name is an error, not a blank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from roadworthy.conformance import REPAIRS
from roadworthy.control.assets import Asset
from roadworthy.control.drawing.charts import Chart, Panel, draw_panel
from roadworthy.control.drawing.formats import (
    ago,
    compact,
    count,
    day_time,
    duration_ms,
    duration_us,
    iso_time,
    share,
    short,
    utc_time,
    visible,
)
from roadworthy.control.entry.visitor import form_token
from roadworthy.control.links import (
    block_link,
    call_link,
    link,
    prompt_link,
    task_link,
    version_link,
)
from roadworthy.control.outcomes import OUTCOMES, style_of
from roadworthy.control.prompts.version_page import LEVELS
from roadworthy.control.query import SPANS
from roadworthy.control.task_page import HOLDS, MODES, PURPOSES, RULE_EFFECTS
from roadworthy.control.teaching import first_commands
from roadworthy.core import format_usd
from roadworthy.storage.trees import step_label

__all__ = ["Renderer"]


class Renderer:
    """Renders the pages of this package. Safe to use from several threads."""

    def __init__(self, assets: Mapping[str, Asset], *, version: str) -> None:
        environment = Environment(
            loader=PackageLoader("roadworthy.control", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters.update(
            ago=ago,
            compact=compact,
            count=count,
            day_time=day_time,
            iso=iso_time,
            short=short,
            ms=duration_ms,
            us=duration_us,
            usd=format_usd,
            utc=utc_time,
            visible=visible,
        )
        environment.globals.update(
            HOLDS=HOLDS,
            LEVELS=LEVELS,
            MODES=MODES,
            OUTCOMES=OUTCOMES,
            PURPOSES=PURPOSES,
            REPAIRS=REPAIRS,
            RULE_EFFECTS=RULE_EFFECTS,
            SPANS=SPANS,
            asset=lambda name: assets[name].address,
            block_link=block_link,
            call_link=call_link,
            compact=compact,
            count=count,
            draw=_draw,
            first_commands=first_commands,
            form_token=form_token,
            link=link,
            prompt_link=prompt_link,
            share=share,
            step_label=step_label,
            style_of=style_of,
            task_link=task_link,
            version_link=version_link,
            version=version,
        )
        self._environment = environment

    def page(self, template: str, **context: Any) -> str:
        """The page as HTML."""
        return self._environment.get_template(template).render(**context)


def _draw(chart: Chart, panel: Panel) -> Markup:
    return draw_panel(chart, panel, axis=panel is chart.panels[-1])
