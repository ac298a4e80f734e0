"""Fields, buttons and dialogs of forms."""

from collections.abc import Mapping

from pages.parts.markup import Child, Html, join, tag
from pages.parts.pieces import icon

Value = str | int | float | bool | None


def field(words: Child, name: str, *, hint: str | None = None, **how: Value) -> Html:
    """Draw one labelled input."""
    below = tag("span", hint, class_="hint") if hint else None
    return tag("label", words, tag("input", name=name, **how), below)


def select(words: Child, name: str, options: Mapping[str, str], chosen: str, **how: Value) -> Html:
    """Draw a labelled choice of one among a few; options by value."""
    drawn = [tag("option", shown, value=value, selected=value == chosen) for value, shown in options.items()]
    return tag("label", words, tag("select", *drawn, name=name, **how))


def tick(words: Child, name: str, value: str = "yes", *, ticked: bool = False, radio: bool = False) -> Html:
    """Draw a box to tick, or a button to choose one of several by."""
    return tag("label", tag("input", type="radio" if radio else "checkbox", name=name, value=value, checked=ticked), words)


def form(do: str, id_: str, *children: Child, **about: Value) -> Html:
    """Draw a form that is told to Python as one wish; what was typed is kept in the tab until `id_` changes."""
    return tag("form", *children, id=id_, data_do=do, data_keep=True, **{f"data_{name}": value for name, value in about.items()})


def submit(words: Child, *, look: str = "primary", symbol: str | None = None, off: str | None = None, **how: Value) -> Html:
    """Draw the button that sends a form; `off` is the reason why it cannot be pressed."""
    shown = icon(symbol) if symbol else None
    return tag("button", shown, tag("span", words), type="submit", class_=look, disabled=off is not None, title=off, **how)


def purchase(words: Child, *, look: str = "primary", symbol: str | None = None, off: str | None = None, **how: Value) -> Html:
    """Draw the button that spends money, behind one that cannot be pressed: Enter in a field presses the first of a form, so it buys nothing."""
    guard = tag("button", type="submit", disabled=True, hidden=True, data_guard=True, form=how.get("form"))
    return join(guard, submit(words, look=look, symbol=symbol, off=off, data_buys=True, **how))


def opener(words: Child, dialog_id: str, *, look: str = "plain", symbol: str | None = None, off: str | None = None, **how: Value) -> Html:
    """Draw the button that opens a dialog."""
    shown = (icon(symbol) if symbol else None, tag("span", words))
    return tag("button", *shown, type="button", class_=look, popovertarget=dialog_id, disabled=off is not None, title=off, **how)


def dialog(id_: str, title: str, *children: Child) -> Html:
    """Draw a dialog that an opener opens; Escape or a click beside it closes it."""
    close = tag("button", icon("close"), type="button", class_="quiet", popovertarget=id_, popovertargetaction="hide", aria_label="Close")
    head = tag("div", tag("h2", title), close, class_="history-head")
    return tag("div", head, *children, popover="auto", id=id_, class_="dialog", role="dialog", aria_label=title)


def cancel(dialog_id: str) -> Html:
    """Draw the button that closes a dialog and changes nothing; it stands beside every button that takes something away."""
    return tag("button", "Cancel", type="button", class_="plain", popovertarget=dialog_id, popovertargetaction="hide")


def buttons(*children: Child) -> Html:
    """Draw buttons in a row."""
    return tag("div", *children, class_="buttons")
