"""Styles and motions: templates with a name and a version, so that every picture can say which words made it."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import BadModelFile, UnknownName

EXAGGERATES = re.compile(r"\b(cartoon|caricature)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Style:
    """One template: `name@version`, its title for people, its words, and whether it is for an avatar or for motion."""

    name: str
    version: int
    title: str
    purpose: str
    text: str

    @property
    def id(self) -> str:
        """The name a result records, such as `pixar@1`."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """The words that are sent and which template they came from."""

    style: str
    text: str
    warnings: tuple[str, ...]


def load_styles(folder: Path) -> Mapping[str, Style]:
    """Read every template of `folder` by its id; raises BadModelFile naming a wrong file."""
    styles: dict[str, Style] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            text = tomllib.loads(path.read_text(encoding="utf-8"))
            for row in text["versions"]:
                style = Style(name=text["name"], version=row["version"], title=text["title"], purpose=text["purpose"], text=row["text"].strip())
                if style.id in styles:
                    raise ValueError("a version stands twice")
                styles[style.id] = style
        except (tomllib.TOMLDecodeError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadModelFile(f"{path.name}: the prompt file is wrong ({error}).") from error
    return styles


def find_style(styles: Mapping[str, Style], name: str, purpose: str) -> Style:
    """Return the template with this id, or the newest version of this name; raises UnknownName with the nearest name."""
    fitting = [s for s in styles.values() if s.purpose == purpose and name in (s.name, s.id)]
    if fitting:
        return max(fitting, key=lambda style: style.version)
    names = sorted({s.name for s in styles.values() if s.purpose == purpose})
    near = difflib.get_close_matches(name, names, n=1)
    raise UnknownName(f"There is no style named {name!r}.", next=f"Did you mean {near[0]!r}?" if near else f"Known styles: {', '.join(names)}.")


def avatar_prompt(styles: Mapping[str, Style], style: str, free_text: str | None = None) -> Prompt:
    """Return the prompt of a style, or the person's own words; words that push away from the person's likeness give a warning."""
    if free_text is not None:
        return Prompt(style="free", text=free_text, warnings=prompt_warnings(free_text))
    found = find_style(styles, style, "avatar")
    return Prompt(style=found.id, text=found.text, warnings=())


def motion_prompt(styles: Mapping[str, Style], motion: str = "gentle", free_text: str | None = None) -> Prompt:
    """Return the prompt of a motion, or the person's own words with the same warning as for an avatar."""
    if free_text is not None:
        return Prompt(style="free", text=free_text, warnings=prompt_warnings(free_text))
    found = find_style(styles, motion, "motion")
    return Prompt(style=found.id, text=found.text, warnings=())


def prompt_warnings(text: str) -> tuple[str, ...]:
    """Warn about words that exaggerate.

    >>> prompt_warnings("a cartoon of them")
    ('"cartoon" pushes the result away from the person; "animated portrait" keeps the likeness better.',)
    """
    words = dict.fromkeys(found.group(1).lower() for found in EXAGGERATES.finditer(text))
    return tuple(f'"{word}" pushes the result away from the person; "animated portrait" keeps the likeness better.' for word in words)
