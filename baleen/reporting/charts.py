"""Charts: Vega-Lite drawings as SVG text that needs no script, in the colours of the page that holds them."""

from collections.abc import Sequence
from typing import Any

from baleen.tables.rows import Row

WIDTH, HEIGHT = 280, 170
# Stand-ins that no chart uses otherwise; the page gives each a colour for light and one for dark
INK, GRID, FIRST, SECOND, THIRD = "#010203", "#010204", "#010205", "#010206", "#010207"
COLOURS = {INK: "ink", GRID: "line", FIRST: "first", SECOND: "second", THIRD: "third"}
Series = Sequence[Row]


def library() -> Any:
    """Altair, which comes with the extra `report`."""
    import altair
    import vl_convert  # noqa: F401

    return altair


def svg(chart: Any, words: str) -> str:
    """A chart as SVG text, with `words` for those who do not see it."""
    import vl_convert

    whole = chart.properties(width=WIDTH, height=HEIGHT).configure(
        background="transparent",
        font="sans-serif",
        view={"stroke": None},
        axis={"labelColor": INK, "titleColor": INK, "gridColor": GRID, "domainColor": GRID, "tickColor": GRID},
        legend={"labelColor": INK, "titleColor": INK, "orient": "bottom", "title": None},
        range={"category": [FIRST, SECOND, THIRD, INK]},
    )
    drawn = str(vl_convert.vegalite_to_svg(whole.to_dict()))
    for stand_in, name in COLOURS.items():
        drawn = drawn.replace(stand_in, f"var(--{name})")
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{escaped(words)}" ', 1)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def lines(points: Series, x: str, y: str, words: str, by: str = "", band: tuple[str, str] | None = None) -> str:
    """Lines through points, one for each value of `by`, with a band between two columns around them."""
    alt = library()
    base = alt.Chart(alt.Data(values=list(points)))
    at = alt.X(f"{x}:Q", title=x.replace("_", " "), scale=alt.Scale(zero=False))
    line = base.mark_line(point=alt.OverlayMarkDef(size=12), color=FIRST, strokeWidth=1.5).encode(
        at, alt.Y(f"{y}:Q", title=y.replace("_", " "), scale=alt.Scale(zero=False))
    )
    if by:
        line = line.encode(color=alt.Color(f"{by}:N"))
    if not band:
        return svg(line, words)
    return svg(base.mark_area(color=FIRST, opacity=0.25).encode(at, y=f"{band[0]}:Q", y2=f"{band[1]}:Q") + line, words)


def bars(points: Series, x: str, y: str, by: str, words: str) -> str:
    """Stacked bars between the columns `low` and `high`, as high as the column y, one colour for each value of `by`."""
    alt, heights, stacked = library(), dict[float, float](), list[Row]()
    for point in points:
        base = heights.get(point["low"], 0.0)
        heights[point["low"]] = base + point[y]
        stacked.append({**point, "base": base, "top": base + point[y]})
    span = {"x": alt.X("low:Q", title=x, scale=alt.Scale(zero=False)), "x2": "high:Q", "y2": "top:Q"}
    chart = alt.Chart(alt.Data(values=stacked)).mark_rect()
    return svg(chart.encode(y=alt.Y("base:Q", title=y), color=alt.Color(f"{by}:N"), **span), words)


def steps(points: Series, name: str, value: str, words: str) -> str:
    """Horizontal bars in the order of the points, each with its number."""
    alt = library()
    base = alt.Chart(alt.Data(values=list(points))).encode(
        y=alt.Y(f"{name}:N", sort=None, title=None, axis=alt.Axis(labelLimit=120)), x=alt.X(f"{value}:Q", title=value)
    )
    return svg(
        base.mark_bar(color=FIRST) + base.mark_text(align="left", dx=3, color=INK).encode(text=f"{value}:Q"), words
    )


def intervals(points: Series, name: str, words: str, title: str) -> str:
    """Values with their intervals, one a line: columns value, low and high."""
    alt = library()
    base = alt.Chart(alt.Data(values=list(points))).encode(
        y=alt.Y(f"{name}:N", sort=None, title=None, axis=alt.Axis(labelLimit=120))
    )
    span = base.mark_rule(color=FIRST, strokeWidth=2).encode(
        x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False)), x2="high:Q"
    )
    return svg(span + base.mark_point(filled=True, color=FIRST, size=50).encode(x="value:Q"), words)
