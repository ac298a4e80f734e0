"""The last answers, kept under the hash of the bytes they belong to; safe between threads."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Recent(Generic[Answer]):
    """Keep at most `most` answers, dropping the one unused for longest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._lock = Lock()

    def get(self, data: bytes, work_out: Callable[[bytes], Answer]) -> Answer:
        """Return the kept answer for these bytes, or work it out and keep it; what `work_out` raises is not kept."""
        key = hashlib.sha256(data).digest()
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        answer = work_out(data)
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return answer
