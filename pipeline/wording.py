"""How counts are said, the same on every screen, in every file and on the command line."""


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun, in singular for exactly one; `many` is the plural where it is not the singular and an s.

    >>> counted(1, "cell"), counted(0, "cell"), counted(12_000, "cell"), counted(2, "copy", "copies")
    ('1 cell', '0 cells', '12,000 cells', '2 copies')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
