"""A dynamic provider whose remote system is a folder of JSON files. Every call is logged, one line each."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

_LOCK = threading.Lock()


def _remote() -> Path:
    return Path(os.environ["THINGS_REMOTE"])


def _log(call: str, **details: Any) -> None:
    with _LOCK, (_remote() / "calls.log").open("a") as file:
        file.write(json.dumps({"call": call, "pid": os.getpid(), **details}, default=str, sort_keys=True) + "\n")


def _clean(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key not in ("__provider", "generation")}


def _plain(value: Any) -> Any:
    if isinstance(value, pulumi.output.Unknown):
        return "<unknown>"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


class Provider(ResourceProvider):
    serialize_as_secret_always = False

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return provider, ()

    def configure(self, req: Any) -> None:
        _log("configure", label=req.config.get("label"))

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        _log("check", name=news.get("name"), olds=_plain(_clean(olds)), news=_plain(_clean(news)))
        failures = [CheckFailure("color", "not a color")] if news.get("color") == "wrong" else []
        return CheckResult(_clean(news), failures)

    def diff(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        _log("diff", id=id_, olds=_plain(_clean(olds)), news=_plain(_clean(news)))
        before, after = _clean(olds), _clean(news)
        if before == after:
            return DiffResult(changes=False)
        mode = after.get("mode")
        replaces = ["name"] if before.get("name") != after.get("name") else []
        if isinstance(after.get("link"), pulumi.output.Unknown) and mode == "link-replaces":
            replaces.append("link")
        return DiffResult(
            changes=True if mode == "plain" else None,
            replaces=replaces,
            delete_before_replace=mode in ("delete-first", "link-replaces"),
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        _log("create", props=_clean(props))
        _wait(props)
        if props.get("fail") == "create":
            raise RuntimeError(f"cannot create {props['name']}")
        # Two generations of one name live side by side during a replacement.
        id_ = f"{props['name']}-{time.time_ns():x}" if props.get("mode") == "unique" else f"id-{props['name']}"
        outs = {**_clean(props), "generation": 1}
        (_remote() / f"{id_}.json").write_text(json.dumps(outs), "utf-8")
        return CreateResult(id_, outs)

    def update(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        _log("update", id=id_, olds=_clean(olds), news=_clean(news))
        _wait(news)
        if news.get("fail") == "update":
            raise RuntimeError(f"cannot update {id_}")
        outs = {**_clean(news), "generation": olds.get("generation", 0) + 1}
        (_remote() / f"{id_}.json").write_text(json.dumps(outs), "utf-8")
        return UpdateResult(outs)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        _log("read", id=id_, props=_clean(props))
        if props.get("fail") == "read":
            raise RuntimeError(f"cannot read {id_}")
        path = _remote() / f"{id_}.json"
        if not path.exists():
            return ReadResult("", {})
        outs = json.loads(path.read_text("utf-8"))
        return ReadResult(id_, outs, _clean(outs))

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        _log("delete", id=id_)
        if props.get("fail") == "delete":
            raise RuntimeError(f"cannot delete {id_}")
        (_remote() / f"{id_}.json").unlink(missing_ok=True)


def _wait(props: Mapping[str, Any]) -> None:
    """Hold the call until the test lets it go on: ``hold`` names a file that must appear first."""
    if not props.get("hold"):
        return
    (_remote() / f"held-{props['name']}").touch()
    for _ in range(600):
        if (_remote() / str(props["hold"])).exists():
            return
        time.sleep(0.05)


def provider() -> Provider:
    return Provider()


class Thing(Resource, module="acme", name="Thing"):
    generation: pulumi.Output[int]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(Provider(), name, {"name": name, "generation": None, **props}, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("acme:index:Group", name, {}, opts)
