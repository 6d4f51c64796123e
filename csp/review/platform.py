"""What the three platforms have in common: comments of one pull request, found, read and written over HTTP."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from csp.review.wire import Wire


@dataclass(frozen=True, slots=True)
class Comment:
    """`id` is the platform's own (thread and comment with Azure DevOps), `author` what names one account there."""

    id: str
    author: str
    body: str


class Platform(Wire, ABC):
    """The comments of one pull request. `characters` and `size` are the platform's limits of one comment."""

    characters: int
    size: int

    def __init__(
        self, base: str, headers: Mapping[str, str], number: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(base, headers, sleep=sleep)
        self.number = number

    @abstractmethod
    def me(self) -> str:
        """The author of what this token writes."""

    @abstractmethod
    def head(self) -> str:
        """The newest commit of the pull request."""

    @abstractmethod
    def comments(self) -> Iterator[Comment]:
        """All comments, oldest first, over all pages."""

    @abstractmethod
    def create(self, body: str) -> None: ...

    @abstractmethod
    def update(self, comment: Comment, body: str) -> None: ...

    @abstractmethod
    def delete(self, comment: Comment) -> None: ...
