"""What a person sees in the forms of a page: what is filled in, chosen and ticked."""

from bs4 import BeautifulSoup, Tag

_UNSEEN = ("hidden", "submit", "button", "reset", "image", "file", "password")
_MOST_OPTIONS = 20  # that are named beside the chosen one


def fill(soup: BeautifulSoup) -> None:
    """Put what its controls hold into the text of a page."""
    for control in soup(["input", "textarea", "select", "datalist"]):
        if control.name == "textarea" and "\n" in control.get_text().strip():
            control.name = "pre"
        else:
            control.replace_with(f" {_value(control)} ")


def _value(control: Tag) -> str:
    match control.name:
        case "select":
            return _chosen(control)
        case "textarea":
            return control.get_text().strip()
        case "datalist":
            return ""
    kind = str(control.get("type") or "").strip().lower()
    if kind in ("checkbox", "radio"):
        return "☑" if control.has_attr("checked") else "☐"
    return "" if kind in _UNSEEN else str(control.get("value") or "")


def _chosen(select: Tag) -> str:
    options = [(_label(it), it.has_attr("selected")) for it in select("option")]
    chosen = [label for label, is_chosen in options if is_chosen]
    if not chosen and not select.has_attr("multiple"):
        chosen = [label for label, _ in options[:1]]  # as browsers do
    labels = [label for label, _ in options if label]
    more = ", …" if len(labels) > _MOST_OPTIONS else ""
    return f"{', '.join(chosen)} [options: {', '.join(labels[:_MOST_OPTIONS])}{more}]".strip()


def _label(option: Tag) -> str:
    return " ".join(option.get_text(" ").split()) or str(option.get("label") or "")
