"""Small plots as inline SVG: no library, no network, colours from the page's style sheet, each with a text alternative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 460, 260, 52, 12, 44


@dataclass(frozen=True, slots=True)
class Frame:
    """Axes with their labels and ranges; data are mapped into the drawing by ``x`` and ``y``."""

    x_label: str
    y_label: str
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)
    as_percent: bool = True

    def x(self, value: float) -> float:
        """Return the horizontal place of a value."""
        low, high = self.x_range
        return round(LEFT + (WIDTH - LEFT - 12) * (value - low) / ((high - low) or 1), 1)

    def y(self, value: float) -> float:
        """Return the vertical place of a value."""
        low, high = self.y_range
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value - low) / ((high - low) or 1), 1)

    def axes(self) -> str:
        """Draw grid, tick labels and axis labels."""
        parts = []
        for step in range(6):
            x_value, y_value = (low + (high - low) * step / 5 for low, high in (self.x_range, self.y_range))
            x, y = self.x(x_value), self.y(y_value)
            parts.append(f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDTH - 12}" y2="{y}"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{_tick(y_value, True)}</text>')
            parts.append(
                f'<text x="{x}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{_tick(x_value, self.as_percent)}</text>'
            )
        parts.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(self.x_label)}</text>')
        middle = (HEIGHT - BOTTOM + TOP) / 2
        parts.append(f'<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">{escape(self.y_label)}</text>')
        return "".join(parts)


def _tick(value: float, as_percent: bool) -> str:
    return f"{100 * value:.0f}" if as_percent else f"{value:,.0f}"


def _svg(alt: str, body: str, height: int = HEIGHT) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(alt)}">{body}</svg>'


def line_plot(frame: Frame, series: Sequence[tuple[str, Points]], alt: str, diagonal: bool = False) -> str:
    """Draw one line with dots a series (at most three), with a legend; ``diagonal`` adds the line ``y = x``."""
    parts = [frame.axes()]
    if diagonal:
        low, high = frame.x_range
        ends = (frame.x(low), frame.y(low), frame.x(high), frame.y(high))
        parts.append('<line class="diagonal" x1="{}" y1="{}" x2="{}" y2="{}"/>'.format(*ends))
    for number, (name, points) in enumerate(series):
        places = [(frame.x(x), frame.y(y)) for x, y in points]
        path = " ".join(f"{x},{y}" for x, y in places)
        parts.append(f'<polyline class="line s{number}" points="{path}"/>')
        parts += [f'<circle class="dot s{number}" cx="{x}" cy="{y}" r="2.6"/>' for x, y in places]
        if name:
            at = LEFT + 10 + 130 * number
            parts.append(f'<line class="line s{number}" x1="{at}" y1="{TOP + 8}" x2="{at + 26}" y2="{TOP + 8}"/>')
            parts.append(f'<text x="{at + 32}" y="{TOP + 12}">{escape(name)}</text>')
    return _svg(alt, "".join(parts))


def interval_plot(rows: Sequence[tuple[str, float, Sequence[float] | None]], label: str, alt: str) -> str:
    """Draw a bar a row with its 95 % interval as a whisker; values are ratios."""
    row_height, left = 30, 96
    height = row_height * len(rows) + 40
    scale = WIDTH - left - 52
    parts = []
    for number, (name, value, interval) in enumerate(rows):
        y = 8 + row_height * number
        parts.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="bar" x="{left}" y="{y + 2}" width="{round(scale * value, 1)}" height="18"/>')
        if interval:
            low, high = (round(left + scale * end, 1) for end in interval)
            parts.append(f'<path class="whisker" d="M{low} {y + 6}v10M{low} {y + 11}H{high}M{high} {y + 6}v10"/>')
        end = left + scale * max([value, *(interval or ())])
        parts.append(f'<text x="{round(end + 6, 1)}" y="{y + 15}">{100 * value:.1f}</text>')
    parts.append(f'<text x="{left}" y="{height - 8}">{escape(label)}</text>')
    return _svg(alt, "".join(parts), height)


def floor_tenth(value: float) -> float:
    """Return the tenth at or below a ratio, one lower where the value would touch the axis; at least 0."""
    return max(0.0, int(value * 10 - 0.2) / 10)
