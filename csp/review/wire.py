"""HTTP with a platform of pull requests and issues: every answer is bounded in time and size; 429 and 5xx are waited
out a few times, nothing else is repeated.

Sources: docs.github.com/rest, docs.gitlab.com/api, learn.microsoft.com/rest/api/azure/devops. Tried against local
servers with the documented bodies, never against the platforms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from clients.wire.http import httpx

ATTEMPTS, LONGEST_WAIT = 4, 60.0
MOST_BYTES, SECONDS = 16 * 1024 * 1024, 30.0
MOST_PAGES = 200


class NotAllowed(Exception):  # noqa: N818 - what the caller does next: the report goes elsewhere
    """This token may not write here, or what is asked for is not there. str() is one line."""


class Refused(Exception):  # noqa: N818
    """The platform did not take what was asked, or does not answer. str() is one line, without any value of ours."""


class Wire:
    """One platform. `name` is for people; `what` is what is written there."""

    name: str
    what = "comment"

    def __init__(self, base: str, headers: Mapping[str, str], *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=base.rstrip("/") + "/", headers=dict(headers), timeout=SECONDS, follow_redirects=False
        )

    def close(self) -> None:
        self._http.close()

    def ask(
        self, method: str, path: str, body: Any = None, *, form: str = "application/json", **query: str | int
    ) -> httpx.Response:
        """One call; `form` is the media type of the body. Raises NotAllowed for 401, 403, 404 and 410, Refused for what
        else is no success."""
        kind = {} if body is None else {"Content-Type": form}
        waited = 0.0
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._http.request(method, path, json=body, params=query or None, headers=kind)
            except httpx.HTTPError as broken:
                raise Refused(f"{self.name} does not answer ({type(broken).__name__})") from None
            if len(answer.content) > MOST_BYTES:
                raise Refused(f"{self.name} answers with more than 16 MiB")
            if answer.is_success:
                return answer
            pause = _pause(answer, attempt)
            if pause is None or attempt == ATTEMPTS or waited + pause > 2 * LONGEST_WAIT:
                break
            waited += pause
            self._sleep(pause)
        status = answer.status_code
        if status in (401, 403, 404, 410):
            raise NotAllowed(f"{self.name} allows this token no {self.what} here (HTTP {status})")
        raise Refused(f"{self.name} answers HTTP {status} to {method} of a {self.what}")

    def data(self, method: str, path: str, body: Any = None, **query: str | int) -> Any:
        """The JSON of an answer. Raises Refused where it is none."""
        answer = self.ask(method, path, body, form="application/json", **query)
        try:
            return answer.json()
        except ValueError:
            raise Refused(f"{self.name} answers with something that is no JSON") from None


def _pause(answer: httpx.Response, attempt: int) -> float | None:
    """Seconds to wait before the same call again; None when waiting does not help. GitHub's second limit is a 403 that
    says when to come back; any other 403 is a right that is missing."""
    limited = answer.status_code == 429 or (answer.status_code == 403 and "retry-after" in answer.headers)
    if not limited and answer.status_code not in (500, 502, 503, 504):
        return None
    told = answer.headers.get("retry-after", "")
    if told.isdigit():
        return min(float(told), LONGEST_WAIT)
    try:
        return min(max(parsedate_to_datetime(told).timestamp() - time.time(), 0.0), LONGEST_WAIT)
    except (TypeError, ValueError):
        return float(min(2**attempt, LONGEST_WAIT))
