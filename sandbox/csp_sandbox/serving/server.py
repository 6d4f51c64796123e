"""From bytes to handlers and back: routing, faults, one transaction a request, the recorder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from types import MappingProxyType

from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from csp_sandbox.ledger import rule
from csp_sandbox.serving import door
from csp_sandbox.serving.web import HTML, JSON, Answer, Call, MalformedError, Operation, RefusalError, System
from csp_sandbox.situation.clock import rfc3339
from csp_sandbox.situation.faults import FaultSpec
from csp_sandbox.situation.recorder import Entry
from csp_sandbox.situation.world import World

log = logging.getLogger("csp_sandbox")

_ROOT = "csp_sandbox.root"
MAX_BODY = 16 * 1024 * 1024
_KEPT_BODY = 4_000
_BOM = b"\xef\xbb\xbf"
ALLOW = rule("http.allow", "A 405 of any system names the methods of its path in Allow.", source="RFC 9110, 15.5.6")
NO_CONTENT = rule(
    "http.empty",
    "An answer without a body names no content type, so that nobody tries to read JSON from it.",
    source="RFC 9110, 8.3; partner-center.md 6.1 shape F",
)
_SICK_PAGE = "<html><head><title>Service unavailable</title></head><body><h1>Service unavailable</h1></body></html>"


class _System:
    """One system below its base path: finds the operation of a request.

    Starlette tries its routes one after the other; with thirty of them that costs more than answering. Here paths are
    found by their number of parts, fixed parts before parameters: /customers/relationshiprequests is not a customer.
    """

    def __init__(self, world: World, system: System, *, beside: bool = False) -> None:
        """`beside`: what lies at the system's host but not below its base, such as another version. Nothing is there,
        and the system says so in its own form."""
        self._world = world
        self._system = system
        self._paths: dict[int, dict[tuple[str, ...], dict[str, Operation]]] = {}
        by_path = sorted(
            [] if beside else system.operations, key=lambda op: [("{" in part, part) for part in op.path.split("/")]
        )
        for operation in by_path:
            parts = tuple(operation.path.split("/"))
            self._paths.setdefault(len(parts), {}).setdefault(parts, {})[operation.method] = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"][len(scope["root_path"]) :]
        if self._system.double_slash and path.startswith("//"):
            path = path[1:]
        operations, params = self._find(path)
        operation = operations.get(scope["method"])
        trouble = 0 if operation else (405 if operations else 404)
        stand_in = operation or self._system.operations[0]
        allow = ", ".join(sorted(operations)) if trouble == 405 else ""
        await _serve(self._world, self._system, stand_in, params, trouble, allow, scope, receive, send)

    def _find(self, path: str) -> tuple[dict[str, Operation], dict[str, str]]:
        given = path.split("/")
        for parts, operations in self._paths.get(len(given), {}).items():
            params = {}
            for part, text in zip(parts, given, strict=True):
                if part[:1] == "{" and text:
                    params[part[1:-1]] = text
                elif part != text:
                    break
            else:
                return operations, params
        return {}, {}


async def _serve(
    world: World,
    system: System,
    operation: Operation,
    params: dict[str, str],
    trouble: int,
    allow: str,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answer one request.

    ``trouble`` 404 or 405 means that no operation fits; ``operation`` is then a stand-in, and ``allow`` names the
    methods that a 405 has to tell.
    """
    content = await _body(receive)
    headers = MappingProxyType(
        {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
    )
    query = scope["query_string"].decode("latin-1")
    root = scope.get(_ROOT, world.base + system.base)
    call = Call(world, operation, scope["method"], scope["path"], params, query, headers, content, root)
    name = "" if trouble else operation.id
    key = (system.name, name, call.path)
    world.recorder.arrived(key, world.clock.timestamp())
    refusal = door.barred(call)
    fault = None if refusal else world.faults.take(system.name, name)
    if fault is not None and fault.kind == "cut_before":
        _record(call, system, name, 0, fault)
        await _cut(receive, send)
        return
    answer = _ordered(fault) if fault is not None else None
    if answer is None:
        answer = _handle(call, system, trouble, refusal)
        if allow and answer.status == 405:
            answer.headers["Allow"] = allow
    retry_after = answer.headers.get("Retry-After", "")
    if retry_after.isdigit():
        world.recorder.told_to_wait(key, world.clock.timestamp() + int(retry_after))
    cut = fault is not None and fault.kind == "cut_after"
    _record(call, system, name, 0 if cut else answer.status, fault)
    if cut:
        await _cut(receive, send)
        return
    if fault is not None and fault.kind == "latency":
        await asyncio.sleep(fault.seconds)
    body = answer.render()
    marked = system.bom is not None and answer.media == JSON and world.choice(system.bom) == "sent"
    if body and (marked or (fault is not None and fault.kind == "bom")):
        body = _BOM + body
    await _send(answer, body, scope["method"], send, truncate=fault is not None and fault.kind == "truncate")
    if fault is not None and fault.kind == "truncate":
        await _cut(receive, send)


def _handle(call: Call, system: System, trouble: int, barred: RefusalError | None) -> Answer:
    """Run the handler inside one transaction; whatever happens, the answer is in the system's own words.

    ``barred`` is the refusal of a request that may not come in at all.
    """
    world = call.world
    refusal: RefusalError | None = None
    answer = Answer()
    try:
        if barred is not None:
            raise barred
        if system.public:
            for hook in world.before_request:
                hook(world)
        if trouble:
            raise system.trouble(call, trouble, "")
        system.before(call)
        answer = call.operation.handler(call)
        world.store.commit()
    except RefusalError as error:
        world.store.commit()
        refusal = error
    except MalformedError as error:
        world.store.rollback()
        refusal = system.trouble(call, 400, error.message)
    except Exception:
        log.exception("%s %s failed inside the sandbox", call.method, call.path)
        world.store.rollback()
        refusal = system.trouble(call, 500, "")
    if refusal is not None:
        call.rule = refusal.rule.id
        answer = refusal.answer
    # A refusal's answer may be a shared constant: headers are added to a copy.
    answer = Answer(answer.status, answer.body, answer.content, answer.media, dict(answer.headers))
    system.after(call, answer)
    return answer


def _ordered(fault: FaultSpec) -> Answer | None:
    """The answer that a fault gives instead of the system, or None when the system answers."""
    if fault.kind == "status":
        content = (fault.body or "").encode()
        return Answer(fault.status or 500, content=content, headers=dict(fault.headers))
    if fault.kind == "html":
        return Answer(fault.status or 502, content=_SICK_PAGE.encode(), media=HTML, headers=dict(fault.headers))
    if fault.kind == "throttle":
        seconds = max(1, round(fault.seconds))
        body = {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {seconds} seconds."}
        return Answer(fault.status or 429, body, headers={"Retry-After": str(seconds), **fault.headers})
    return None


def _record(call: Call, system: System, name: str, status: int, fault: FaultSpec | None) -> None:
    if system.name in ("admin", "console"):
        return
    recorder = call.world.recorder
    write = bool(name) and call.operation.writes
    secret = system.name == "entra" or name.startswith("ion.oauth")
    recorder.add(
        Entry(
            n=recorder.next_n(),
            at=rfc3339(call.world.clock.now()),
            system=system.name,
            operation=name,
            method=call.method,
            path=call.path,
            query=call.query_string,
            status=status,
            write=write,
            owner=call.owner,
            request_id=call.request_id or call.headers.get("ms-requestid", ""),
            rule=call.rule,
            fault=fault.kind if fault else "",
            body=call.content[:_KEPT_BODY].decode("utf-8", "replace") if write and not secret else "",
        )
    )
    if write and system.name == "partner_center" and not call.headers.get("ms-requestid"):
        recorder.count("writes_without_request_id")


async def _body(receive: Receive) -> bytes:
    message = await receive()
    content: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        content += message.get("body", b"")
        if len(content) > MAX_BODY:
            break
    return content


async def _send(answer: Answer, body: bytes, method: str, send: Send, *, truncate: bool) -> None:
    headers = [
        (key.lower().encode("latin-1"), value.encode("latin-1", "replace")) for key, value in answer.headers.items()
    ]
    if body:  # else: NO_CONTENT
        headers.append((b"content-type", answer.media.encode("latin-1")))
    if answer.status != 204:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if method == "HEAD" or answer.status == 204:
        body = b""
    if truncate:
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    else:
        await send({"type": "http.response.body", "body": body})


async def _cut(receive: Receive, send: Send) -> None:
    """Close the connection without a (complete) answer; needs uvicorn, whose ``send`` belongs to the connection."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the sandbox cut the connection")
    await asyncio.sleep(0)  # let what was sent leave the buffer
    if transport.get_write_buffer_size():
        transport.close()
    else:
        transport.abort()
    message: Message = {"type": ""}
    while message["type"] != "http.disconnect":
        message = await receive()


#: Systems with an address of their own, for clients that take only a host: name and where it is on the shared one.
HOSTS = {"ion": "/ion", "partner_center": "/partner-center", "entra": "/entra"}


def _by_address(world: World, inner: ASGIApp) -> ASGIApp:
    """What comes in at a system's own port, or with the real system's name in Host, is that system's, without the part
    of the path that tells systems apart. The address that was asked is the one that answers name."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        host = next((value.decode("latin-1").lower() for key, value in scope["headers"] if key == b"host"), "")
        name, root = door.REAL_HOSTS.get(host, ""), f"https://{host}"
        if not name:
            name = world.ports.get((scope.get("server") or ("", 0))[1], "")
            root = world.hosts.get(name, "")
        if name:
            scope = {**scope, "path": HOSTS[name] + scope["path"], _ROOT: root}
        await inner(scope, receive, send)

    return app


def build_app(world: World, systems: Sequence[System]) -> ASGIApp:
    """The ASGI application of one sandbox."""
    mounts = []
    # Longer bases first, so that /ion/csp-association is not taken by /ion.
    bases = [(base, system) for system in systems for base in (system.base, *system.aliases)]
    for base, system in sorted(bases, key=lambda pair: -len(pair[0])):
        mounts.append(Mount(base, app=_System(world, system)))
    mounts += [Mount(HOSTS[one.name], app=_System(world, one, beside=True)) for one in systems if one.name in HOSTS]
    return _by_address(world, Router(routes=mounts, default=_nowhere))


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer where no system is at all, in the sandbox's own words."""
    if scope["type"] == "http":
        where = ", ".join(f"{path}/" for path in HOSTS.values())
        answer = Answer(404, {"error": f"no system of this sandbox is at {scope['path']}; there are {where}"})
        await _send(answer, answer.render(), scope["method"], send, truncate=False)
