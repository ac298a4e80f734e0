"""One measured figure with its limit."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured value, the most (or, with `at_least`, the least) it may be, and what it stands beside."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False
    beside: str = ""

    @property
    def good(self) -> bool:
        """True when there is no limit or it holds."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def line(self) -> str:
        """Write the figure as a row."""
        limit = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:g} {self.unit}"
        mark = "  " if self.limit is None else ("ok" if self.good else "NO")
        return f"{mark}  {self.name:58} {self.value:10.3f} {self.unit:12} {limit:20} {self.beside}".rstrip()

    def document(self) -> dict[str, object]:
        """Write the figure as JSON."""
        return {**asdict(self), "good": self.good}
