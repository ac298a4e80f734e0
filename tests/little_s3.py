"""An S3 that keeps what it is given and refuses what it is told to, with the real one's error codes; the server used elsewhere checks no keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlsplit

from pipeline.settings import Settings, load
from tests.providers.little_server import Asked, LittleServer, Reply, little_server

SECRETS = {"R2_ACCESS_KEY_ID": "the-key-id", "R2_SECRET_ACCESS_KEY": "the-secret-key"}
MODIFIED = {"Last-Modified": "Fri, 01 May 2026 12:00:00 GMT", "ETag": '"a"'}


class LittleS3:
    """One bucket in memory; `refused` holds for a verb (a method, or LIST) the status and code it is answered with."""

    def __init__(self, server: LittleServer) -> None:
        self.address = server.address
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.refused: dict[str, tuple[int, str]] = {}
        self.asked = server.asked
        server.script = self.answer

    def answer(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        key = unquote(parts.path).partition("/")[2].partition("/")[2]
        verb = asked.method if key else "LIST"
        if verb in self.refused:
            status, code = self.refused[verb]
            return Reply(status=status, body=_error(code))
        if verb == "LIST":
            return self._list(parse_qs(parts.query).get("prefix", [""])[0])
        if verb == "PUT":
            return self._put(key, asked)
        if key not in self.objects:
            return Reply(status=404, body=_error("NoSuchKey"))
        data, headers = self.objects[key]
        if verb == "DELETE":
            del self.objects[key]
            return Reply(status=204)
        part = {"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}"} if verb == "GET" and "Range" in asked.headers else {}
        return Reply(status=206 if part else 200, body=data, headers={**headers, **MODIFIED, **part})

    def _put(self, key: str, asked: Asked) -> Reply:
        if key in self.objects:
            return Reply(status=412, body=_error("PreconditionFailed"))
        kept = {name: asked.headers[name] for name in asked.headers if name.lower() in ("content-type", "cache-control", "x-amz-meta-sha256")}
        self.objects[key] = (asked.body, kept)
        return Reply(headers={"ETag": '"a"'})

    def _list(self, prefix: str) -> Reply:
        found = sorted(key for key in self.objects if key.startswith(prefix))
        rows = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(self.objects[key][0])}</Size><LastModified>2026-05-01T12:00:00Z</LastModified></Contents>"
            for key in found
        )
        return Reply(body=f"<ListBucketResult><KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode())


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>RAW WORDS of the-key-id</Message></Error>".encode()


@contextmanager
def little_s3() -> Iterator[LittleS3]:
    """Run one for the length of a block."""
    with little_server() as server:
        yield LittleS3(server)


def settings_for(address: str, **more: str) -> Settings:
    """Return the settings that publish to a bucket at this address."""
    given = {"STUDIO_STORE": "r2", "R2_ENDPOINT": address, "R2_BUCKET_NAME": "media", "R2_PUBLIC_DOMAIN": "media.example.com"}
    return load({**given, **SECRETS, **more})
