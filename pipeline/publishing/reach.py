"""Whether customers can open an address: not one that leads to this computer, into a house network, or to nobody's name."""

import ipaddress
from urllib.parse import urlsplit

# Names that the public name service never answers (RFC 6761, RFC 6762, RFC 8375, RFC 9476 and ICANN's .internal of 2024).
NOT_PUBLIC = ("localhost", "local", "internal", "lan", "home.arpa", "test", "invalid", "example", "onion", "alt")


def is_public_address(url: str) -> bool:
    """Tell whether anybody in the world could open this address, as far as it can be told without asking anybody.

    >>> is_public_address("https://media.example.com/a.mp4"), is_public_address("http://localhost:8501/p/a.mp4")
    (True, False)
    >>> is_public_address("http://192.168.1.20/p/a.mp4"), is_public_address("http://[::1]/a"), is_public_address("http://studio/a")
    (False, False, False)
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and (_is_public_number(host) if _is_number(host) else _is_public_name(host))


def _is_number(host: str) -> bool:
    """Tell whether a host is an address in figures, in any way of writing one that browsers take."""
    return ":" in host or (host.rpartition(".")[2].removeprefix("0x").isalnum() and host.rpartition(".")[2][:1].isdecimal())


def _is_public_number(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _is_public_name(host: str) -> bool:
    return "." in host and not any(host == name or host.endswith(f".{name}") for name in NOT_PUBLIC)
