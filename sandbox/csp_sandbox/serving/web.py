"""What handlers see of HTTP: a call comes in, an answer goes out, a refusal is raised.

A system (ION, Partner Center, ...) is a base path, a list of operations and its habits: how it authenticates, which
headers every answer carries, what its errors look like. Handlers are plain functions that run one at a time, so one
request is one transaction.
"""

from __future__ import annotations

import email.parser
import email.policy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel

from csp_sandbox.ledger import Rule, Switch
from csp_sandbox.situation.world import World

JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass(slots=True)
class Answer:
    """A response. ``body`` is sent as JSON unless ``content`` is given; both None means an empty body."""

    status: int = 200
    body: Any = None
    content: bytes | None = None
    media: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    def render(self) -> bytes:
        """The bytes of the body."""
        if self.content is not None:
            return self.content
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


def page(html: str, status: int = 200) -> Answer:
    """An HTML page."""
    return Answer(status, content=html.encode(), media=HTML)


class RefusalError(Exception):
    """A documented refusal: raised by handlers, sent as its answer. Carries the ledger row that demands it."""

    def __init__(self, rule: Rule, answer: Answer) -> None:
        super().__init__(rule.id)
        self.rule = rule
        self.answer = answer


class MalformedError(Exception):
    """The request could not be read (body, query or path); the system turns it into its own words."""

    def __init__(self, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields


@dataclass(slots=True)
class Call:
    """One request. ``principal`` is what the system's ``before`` found out about the caller."""

    world: World
    operation: Operation
    method: str
    path: str
    params: Mapping[str, str]
    query_string: str
    headers: Mapping[str, str]  # lower-case names
    content: bytes
    root: str = ""  # address of the system as the caller named it, without a slash at the end
    principal: Any = None
    owner: str = ""  # account or tenant, for the recorder
    request_id: str = ""
    rule: str = ""

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; the last value of each."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def json(self) -> Any:
        """The JSON body. Raises MalformedError."""
        if not self.content.strip():
            raise MalformedError("The body is missing.")
        try:
            return json.loads(self.content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise MalformedError("The body is not JSON.") from error

    def json_object(self) -> dict[str, Any]:
        """The JSON body, which must be an object. Raises MalformedError."""
        body = self.json()
        if not isinstance(body, dict):
            raise MalformedError("The body must be a JSON object.")
        return body

    def form(self) -> dict[str, str]:
        """Fields of a urlencoded or multipart form; the last value of each. Raises MalformedError."""
        media = self.headers.get("content-type", "")
        try:
            if media.startswith("multipart/form-data"):
                return _multipart(media, self.content)
            return dict(parse_qsl(self.content.decode(), keep_blank_values=True))
        except (ValueError, LookupError) as error:
            raise MalformedError("The body is not a form.") from error


def _multipart(media: str, content: bytes) -> dict[str, str]:
    head = f"Content-Type: {media}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + content)
    fields: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            fields[name] = payload.decode().removesuffix("\r\n")
    return fields


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method and path of a system.

    ``auth`` is read by the system's ``before`` ("" = its usual rule). ``writes`` tells the counters. ``query``,
    ``body`` and ``answer`` describe the OpenAPI document; ``refusals`` are the statuses it may answer besides.
    """

    id: str
    method: str
    path: str
    handler: Handler
    rule: Rule
    summary: str
    writes: bool
    auth: str = ""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    form: bool = False
    answer: type[BaseModel] | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()


def _nothing(call: Call) -> None:
    del call


def _no_headers(call: Call, answer: Answer) -> None:
    del call, answer


#: How a system says that something is wrong before or outside a handler.
Trouble = Callable[[Call, int, str], RefusalError]


@dataclass(slots=True)
class System:
    """A remote system under one base path.

    ``before`` authenticates and throttles (it may raise RefusalError), ``after`` adds the headers of every answer, and
    ``trouble(call, status, message)`` builds the refusal for 400 (unreadable), 404 (no such path), 405 and 500.
    """

    name: str
    title: str
    base: str
    trouble: Trouble
    before: Callable[[Call], None] = _nothing
    after: Callable[[Call, Answer], None] = _no_headers
    aliases: tuple[str, ...] = ()  # further base paths
    double_slash: bool = False  # one slash too many between the base path and the rest is overlooked
    public: bool = True  # part of the OpenAPI document
    bom: Switch | None = None  # whether JSON bodies begin with a byte order mark: choices "sent" and "not-sent"
    operations: list[Operation] = field(default_factory=list)

    def operation(
        self,
        operation_id: str,
        method: str,
        path: str,
        *,
        rule: Rule,
        writes: bool | None = None,
        auth: str = "",
        query: type[BaseModel] | None = None,
        body: type[BaseModel] | None = None,
        form: bool = False,
        answer: type[BaseModel] | None = None,
        status: int = 200,
        refusals: tuple[int, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Register a handler. The first line of its docstring is the summary. ``{name}`` in the path is a parameter."""

        def register(handler: Handler) -> Handler:
            self.operations.append(
                Operation(
                    id=operation_id,
                    method=method,
                    path=path,
                    handler=handler,
                    rule=rule,
                    summary=(handler.__doc__ or operation_id).strip().splitlines()[0],
                    writes=method not in ("GET", "HEAD") if writes is None else writes,
                    auth=auth,
                    query=query,
                    body=body,
                    form=form,
                    answer=answer,
                    status=status,
                    refusals=refusals,
                )
            )
            return handler

        return register
