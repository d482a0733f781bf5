"""``python -m annotation.interface``: the labelling interface of Label Studio, generated from ``configs/labels.yaml``.

Every label layer is a control of its own over the one text, so that a METRIC can lie in a MEASURE. People see Chinese names;
what is stored are the names of ``labels.yaml`` (Label Studio's aliases).
"""

from __future__ import annotations

from xml.etree import ElementTree as Xml  # written here, never parsed from outside

import typer

from fazhi.labelling import Choice, Labelling, default_labelling
from fazhi.web.regions import NOTE, REMARK, TEXT

TOP = "position: sticky; top: 0; z-index: 2; background: var(--color-neutral-background, #fff); padding-bottom: 8px"
"""Labels and choices stay in sight while a long report scrolls."""
LAYER_TITLES = {"statement": "陈述（整个小句）", "metric": "指标（指标名和数值）"}


def interface(labelling: Labelling | None = None, question: str = "") -> str:
    """Return the interface's XML; ``question`` is a field of the task to be shown above the text (adjudication)."""
    labelling = labelling or default_labelling()
    view = Xml.Element("View")
    if question:
        Xml.SubElement(view, "Header", value=f"${question}", size="5")
    top = Xml.SubElement(view, "View", style=TOP)
    for each in labelling.schema.layers:
        _layer(top, labelling, each.name, each.labels)
    for choice in labelling.choices:
        _choice(top, labelling, choice)
    _note(top, NOTE, "对这一处的备注", region=True)
    _text(view)
    _note(view, REMARK, "对整篇的备注", region=False)
    relations = Xml.SubElement(view, "Relations")
    for kind in labelling.relations:
        Xml.SubElement(relations, "Relation", value=kind.zh)
    Xml.indent(view)
    return Xml.tostring(view, encoding="unicode")


def _choice(view: Xml.Element, labelling: Labelling, choice: Choice) -> None:
    layer = labelling.schema.layer_of(choice.label).name
    box = Xml.SubElement(view, "View", visibleWhen="region-selected", whenTagName=layer, whenLabelValue=choice.label)
    Xml.SubElement(box, "Header", value=choice.zh, size="6")
    control = Xml.SubElement(
        box, "Choices", name=choice.name, toName=TEXT, perRegion="true", choice="single", showInline="true"
    )
    for value, zh in choice.values.items():
        Xml.SubElement(control, "Choice", value=zh, alias=value)


def _layer(view: Xml.Element, labelling: Labelling, name: str, labels: tuple[str, ...]) -> None:
    Xml.SubElement(view, "Header", value=LAYER_TITLES.get(name, name), size="6")
    control = Xml.SubElement(view, "Labels", name=name, toName=TEXT, choice="single", showInline="true")
    for label in labels:
        look = labelling.looks[label]
        Xml.SubElement(control, "Label", value=look.zh, alias=label, background=look.colour, hotkey=look.hotkey)


def _text(view: Xml.Element) -> None:
    style = "white-space: pre-wrap; line-height: 2.2; font-size: 16px; max-width: 60em"
    box = Xml.SubElement(view, "View", style=style)
    Xml.SubElement(box, "Text", name=TEXT, value="$text", granularity="symbol", saveTextResult="yes")


def _note(view: Xml.Element, name: str, hint: str, region: bool) -> None:
    where = {"visibleWhen": "region-selected"} if region else {}
    box = Xml.SubElement(view, "View", where)
    each = {"perRegion": "true"} if region else {}
    Xml.SubElement(
        box, "TextArea", {"name": name, "toName": TEXT, "rows": "1", "maxSubmissions": "1", "placeholder": hint, **each}
    )


def main() -> None:
    """Print the interface."""
    typer.echo(interface())


if __name__ == "__main__":
    typer.run(main)
