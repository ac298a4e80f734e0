"""Beside the work: what today costs, and whether every part is well."""

from pages.parts import limits, pieces
from pages.parts.here import findings, health
from pages.parts.markup import Html, join, tag
from pipeline.errors import without_commands
from pipeline.records import dollars
from pipeline.studio.home import Home, Today


def cards(seen: Home) -> Html:
    """Show today and health."""
    return join(_today(seen.today), _health())


def _today(today: Today) -> Html:
    used = today.spent_micro_usd + today.held_micro_usd
    share = round(100 * used / today.cap_micro_usd) if today.cap_micro_usd else 100
    return tag(
        "section",
        tag("h2", "Today"),
        tag("p", tag("b", dollars(today.spent_micro_usd), class_="figure"), tag("span", f"spent of {dollars(today.cap_micro_usd)}"), class_="money"),
        tag(
            "div",
            tag("i", style=f"--done:{min(share, 100)}%"),
            class_="bar",
            role="meter",
            aria_label="Of today's cap",
            aria_valuemin=0,
            aria_valuemax=100,
            aria_valuenow=min(share, 100),
        ),
        limits.warning(),
        tag("dl", *_facts(today)),
        class_="card today",
    )


def _facts(today: Today) -> list[Html]:
    failed = str(today.failed)
    if today.failed:
        failed += " · not charged" if not today.failed_charged else f" · {today.failed_charged} charged"
    reused = str(today.reused) + (f" · saved {dollars(today.saved_micro_usd)}" if today.reused else "")
    made = str(today.made) + (f" · {today.made_in_sweeps} more in sweeps" if today.made_in_sweeps else "")
    rows = (("Held", dollars(today.held_micro_usd)), ("Made", made), ("Failed", failed), ("Re-used", reused))
    return [join(tag("dt", name), tag("dd", value)) for name, value in rows]


def _health() -> Html:
    rows = [_part(part.title, part.ok, part.say, part.remedy) for part in health()]
    checked_at, found = findings()
    check = pieces.button("Check every part", "check", symbol="troubleshoot", look="quiet")
    thorough = [_part(finding.part.capitalize(), finding.ok, finding.say, finding.remedy) for finding in found]
    when = tag("h3", f"Every part, checked {pieces.ago(checked_at)}") if found else None
    more = tag("ul", *thorough, class_="parts") if found else None
    return tag("section", tag("h2", "Health"), tag("ul", *rows, class_="parts"), when, more, check, class_="card health")


def _part(title: str, ok: bool, say: str, remedy: str) -> Html:
    words = tag("span", say if ok else f"{say} {without_commands(remedy)}", class_="say")
    return tag("li", pieces.icon("check_circle" if ok else "error"), tag("span", tag("b", title), words), class_="good" if ok else "bad")
