"""HTML in which whatever a person wrote is escaped, because nothing gets in that is not."""

from collections.abc import Iterable
from html import escape

VOID = frozenset({"img", "br", "hr", "input"})


class Html(str):
    """Text that is safe to show as it is."""

    __slots__ = ()


Child = str | None | Iterable["Child"]


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """Write one element; text is escaped, `class_` is class, `data_do` is data-do, and what is None or False is left out.

    >>> tag("p", "1 < 2", tag("b", "yes"), class_="note", hidden=True, title=None)
    '<p class="note" hidden>1 &lt; 2<b>yes</b></p>'
    """
    written = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    if name in VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: Child) -> Html:
    """Put pieces one after the other; text among them is escaped."""
    return Html("".join(_text(child) for child in children))


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    return escape(child) if isinstance(child, str) else join(*child)


def _attribute(name: str, value: str | int | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
