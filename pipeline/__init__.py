"""Living Portrait Studio without its screens."""
