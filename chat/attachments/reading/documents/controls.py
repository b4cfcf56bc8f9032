"""What is filled into the forms of OpenDocument's files, and chosen in them."""

from collections.abc import Iterator, Mapping
from typing import Any

from chat.attachments.reading import xml

_TICKED = {"checked": "☑", "unchecked": "☐", "true": "☑"}


def controls(root: Any) -> Mapping[str, Any]:
    """Return the controls of all forms by their ids."""
    return {
        name: it
        for form in xml.within(root, "form")
        for it in form
        if (name := xml.value(it, "id"))
    }


def filled(control: Any) -> str:
    """Return what is filled in, chosen or ticked."""
    match xml.name(control):
        case "checkbox" | "radio":
            state = xml.value(control, "current-state") or xml.value(control, "current-selected")
            state = state or xml.value(control, "state") or xml.value(control, "selected") or ""
            return f"{_TICKED.get(state, '☐')} {xml.value(control, 'label') or ''}".strip()
        case "listbox":
            return ", ".join(_chosen(control))
        case "button" | "hidden" | "image" | "image-frame" | "password":
            return ""
        case "fixed-text":
            return xml.value(control, "label") or ""
    value = xml.value(control, "current-value") or xml.value(control, "value") or ""
    return value or " ".join(xml.texts(control, "p").split())


def marked(field: Any) -> str:
    """Return what is ticked or chosen in a field that LibreOffice took over from Word."""
    said = [
        (xml.value(it, "name"), xml.value(it, "value") or "") for it in xml.children(field, "param")
    ]
    if (xml.value(field, "type") or "").endswith(".FORMCHECKBOX"):
        return "☑" if ("Checkbox_Checked", "true") in said else "☐"
    options = dict(enumerate(value for name, value in said if name == "Dropdown_ListEntry"))
    chosen = dict(said).get("Dropdown_Selected", "")
    return options.get(int(chosen), "") if chosen.isdecimal() else ""


def _chosen(control: Any) -> Iterator[str]:
    options = list(xml.children(control, "option"))
    for attribute in ("current-selected", "selected"):
        chosen = [it for it in options if xml.value(it, attribute) == "true"]
        if chosen:
            yield from (xml.value(it, "label") or "" for it in chosen)
            return
