"""Upload tokens, uploads in one piece or in parts, and downloads."""

import asyncio
import hashlib
import shutil
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from pipeline.sandbox import answers
from pipeline.sandbox.bill import iso
from pipeline.sandbox.book import Book
from pipeline.sandbox.faults import AT_A_DOWNLOAD, Kind
from pipeline.sandbox.queue import lifecycle
from pipeline.sandbox.shelf import HOST, Kept, Shelf, TooLarge, new_id

PAGE = b"<!doctype html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"


class Uploads:
    """fal's storage: files come in with a token and go out to anyone with their address."""

    def __init__(self, book: Book, shelf: Shelf) -> None:
        self.book, self.shelf = book, shelf

    def token_routes(self) -> list[Route]:
        """List the routes of the host that hands out tokens."""
        return [
            Route("/storage/auth/token", self.token, methods=["POST"]),
            Route("/storage/upload/initiate", self.refuse_old_way, methods=["POST"]),
        ]

    def file_routes(self) -> list[Route]:
        """List the routes of the host that keeps files."""
        parts = "/files/{room}/{name}/multipart/{upload_id}"
        return [
            Route("/files/upload", self.upload, methods=["POST"]),
            Route("/files/upload/multipart", self.begin, methods=["POST"]),
            Route(f"{parts}/complete", self.complete, methods=["POST"]),
            Route(f"{parts}/{{number:int}}", self.part, methods=["PUT"]),
            Route("/files/{room}/{name}", self.download, methods=["GET", "HEAD"]),
        ]

    async def token(self, request: Request) -> Response:
        """Hand out an upload token to a good key."""
        refused = answers.refusal(request)
        if refused is not None:
            return refused
        token, expires_at = self.shelf.new_token()
        return JSONResponse({"token": token, "token_type": "Bearer", "base_url": HOST, "expires_at": iso(expires_at)})

    async def refuse_old_way(self, request: Request) -> Response:  # noqa: ARG002
        """Say that the older way to upload is gone, as fal does."""
        return answers.request_error(400, "This storage type is no longer available", "bad_request")

    async def upload(self, request: Request) -> Response:
        """Take a file in one piece."""
        refused = self._refusal(request)
        if refused is not None:
            return refused
        file_id = new_id()
        try:
            await self.shelf.receive(request.stream(), self.shelf.path(file_id))
        except TooLarge:
            return answers.request_error(413, "The file is too large", "bad_request")
        name, media_type, keep_seconds = _facts(request)
        return JSONResponse({"access_url": self.shelf.keep(file_id, name, media_type, keep_seconds=keep_seconds).url})

    async def begin(self, request: Request) -> Response:
        """Begin an upload in parts."""
        refused = self._refusal(request)
        if refused is not None:
            return refused
        file_id, upload_id = new_id(), new_id()
        (self.shelf.parts / upload_id).mkdir()
        name, media_type, keep_seconds = _facts(request)
        self.book.db.execute("insert into uploads values (?, ?, ?, ?, ?)", (upload_id, file_id, name, media_type, keep_seconds))
        return JSONResponse({"access_url": Kept(file_id, name, media_type, 0, 0.0, None).url, "uploadId": upload_id})

    async def part(self, request: Request) -> Response:
        """Take one part and answer with its tag."""
        folder = self._parts(request)
        if folder is None:
            return self._refusal(request) or answers.no_request()
        target = folder / f"{request.path_params['number']:06d}"
        try:
            await self.shelf.receive(request.stream(), target)
        except TooLarge:
            return answers.request_error(413, "The part is too large", "bad_request")
        return Response(headers={"etag": hashlib.md5(target.read_bytes(), usedforsecurity=False).hexdigest()})

    async def complete(self, request: Request) -> Response:
        """Join the parts of an upload in their order."""
        folder = self._parts(request)
        if folder is None:
            return self._refusal(request) or answers.no_request()
        row = self.book.db.execute("select * from uploads where id = ?", (folder.name,)).fetchone()
        await asyncio.to_thread(_join, sorted(folder.glob("[0-9]*[0-9]")), self.shelf.path(row["file_id"]))
        kept = self.shelf.keep(row["file_id"], row["name"], row["media_type"], keep_seconds=row["keep_seconds"])
        shutil.rmtree(folder, ignore_errors=True)
        return JSONResponse({"access_url": kept.url})

    async def download(self, request: Request) -> Response:
        """Give a file, whole or the range asked for; nobody needs a key for that."""
        kept = self.shelf.find(request.path_params["name"])
        if kept is None:
            return answers.request_error(404, "File not found")
        orders = self.book.faults(AT_A_DOWNLOAD, kept.name) if request.method == "GET" else {}
        await asyncio.sleep(orders.get(Kind.SLOW_DOWNLOAD, 0.0))
        path = self.shelf.path(kept.id)
        if Kind.HALF_BODY in orders:
            return answers.HalfBody(await asyncio.to_thread(path.read_bytes), media_type=kept.media_type)
        if Kind.ZERO_BYTES in orders:
            return Response(b"", media_type=kept.media_type)
        if Kind.WRONG_BYTES in orders:
            return Response(PAGE, media_type=kept.media_type)
        return FileResponse(path, media_type=kept.media_type, headers={"Cache-Control": "public, max-age=31536000, immutable"})

    def _refusal(self, request: Request) -> Response | None:
        if Kind.UPLOAD_500 in self.book.faults((Kind.UPLOAD_500,), ""):
            return answers.internal_error()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return None if scheme == "Bearer" and self.shelf.token_is_good(token) else answers.key_refused()

    def _parts(self, request: Request) -> Path | None:
        """Find the folder of an upload in parts that the caller may add to."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        row = self.book.db.execute("select id from uploads where id = ?", (request.path_params["upload_id"],)).fetchone()
        if row is None or scheme != "Bearer" or not self.shelf.token_is_good(token):
            return None
        folder = self.shelf.parts / str(row["id"])
        return folder if folder.is_dir() else None


def _facts(request: Request) -> tuple[str, str, float | None]:
    media_type = request.headers.get("content-type", "application/octet-stream")
    return request.headers.get("x-fal-file-name", ""), media_type, lifecycle(request.headers.get)


def _join(parts: list[Path], target: Path) -> None:
    partial = target.with_name(f"{target.name}.tmp")
    with partial.open("wb") as out:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, out)
    partial.replace(target)
