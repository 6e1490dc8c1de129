"""The report's charts as SVG, drawn by pygal, without scripts, clocks or requests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 440, 250
"""Narrow enough to be read on a phone without scaling; two stand side by side on a desk."""

COLOURS = ("#b3261e", "#c77700", "#2f5d8a", "#6b7a8f", "#3d8b6d")
EVERY_NTH_LABEL = 7

_COMMENTS = re.compile(r"<!--.*?-->", re.DOTALL)
_SCRIPTS = re.compile(r"<script.*?(?:</script>|/>)", re.DOTALL)


def bars(
    name: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[int]],
    *,
    colours: Sequence[str] = COLOURS,
) -> str:
    """Stacked bars, one per label; ``name`` is unique on the page. Returns inline SVG."""
    import pygal
    from pygal.style import Style

    chart = pygal.StackedBar(
        width=WIDTH,
        height=HEIGHT,
        js=[],
        disable_xml_declaration=True,
        no_data_text="–",
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        legend_box_size=10,
        margin=6,
        spacing=8,
        show_minor_x_labels=False,
        show_y_guides=True,
        x_label_rotation=0,
        truncate_legend=28,
        truncate_label=-1,
        min_scale=2,
        max_scale=5,
        range=None if any(map(any, series.values())) else (0, 5),
        value_formatter=lambda value: f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}"),
        style=Style(
            background="transparent",
            plot_background="transparent",
            foreground="#3c4653",
            foreground_strong="#1d2530",
            foreground_subtle="#c9d0d9",
            opacity="1",
            guide_stroke_color="#e3e7ec",
            major_guide_stroke_color="#d3d9e0",
            font_family="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
            label_font_size=11,
            major_label_font_size=11,
            legend_font_size=12,
            colors=tuple(colours),
        ),
    )
    chart.uuid = name
    chart.x_labels = list(labels)
    # Counted from the newest night, which is the one that must be named.
    chart.x_labels_major = list(labels)[::-1][::EVERY_NTH_LABEL]
    for title, values in series.items():
        chart.add(title, list(values))
    return _SCRIPTS.sub("", _COMMENTS.sub("", chart.render(is_unicode=True)))
