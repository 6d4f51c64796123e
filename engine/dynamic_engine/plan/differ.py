"""Whether and how a resource differs: the provider's answer, the engine's own input comparison, replaceOnChanges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dynamic_engine.errors import EngineError
from dynamic_engine.plan.deployment import Deployment, ResourceError
from dynamic_engine.processes.plugin import PluginError
from dynamic_engine.protocol import paths
from dynamic_engine.protocol.paths import Details, PropertyDiff
from dynamic_engine.protocol.values import Properties, equal, unwrap
from dynamic_engine.state.resource import State


@dataclass
class Difference:
    """The outcome of a comparison."""

    changed: bool
    replace: bool = False
    keys: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    details: Details | None = None
    delete_before_replace: bool = False


def input_diff(old: Properties, new: Properties) -> tuple[list[str], Details]:
    """Changed top-level keys and changed paths between two input objects; secret marks do not count."""
    found = paths.diff(unwrap(old), unwrap(new))
    keys = sorted({str(path[0]) for path in found})
    return keys, {paths.render(path): PropertyDiff(kind) for path, kind in found.items()}


def compare(
    deployment: Deployment,
    old: State,
    new: State,
    ignore_changes: Sequence[str],
    replace_on_changes: Sequence[str],
    inputs: Properties | None = None,
) -> Difference:
    """Ask the provider, and compare inputs when it leaves that to the engine. *inputs* stand in for the new state's.

    Raises :class:`ResourceError` when the provider fails."""
    news = new.inputs if inputs is None else inputs
    plugin = deployment.plugin(new)
    if plugin is None:
        deployment.report.log("warning", new.urn, "its provider is not known yet; an update is assumed")
        return Difference(changed=True)
    try:
        answer = plugin.diff(old, old.outputs, old.inputs, news, ignore_changes)
    except (PluginError, EngineError) as error:
        raise ResourceError(new.urn, str(error)) from None
    keys: list[str] = []
    details: Details | None = None
    changed = answer.changes
    if changed is None:
        compared = paths.reset(news, old.inputs, ignore_changes) if ignore_changes else news
        keys, details = input_diff(old.inputs, compared)
        changed = bool(details)
    if not changed:
        return Difference(changed=False)
    reasons = list(answer.replaces)
    if replace_on_changes:
        patterns = [paths.parse(text) for text in replace_on_changes]
        details = {
            text: PropertyDiff(f"{item.kind}-replace") if _hit(patterns, text) else item
            for text, item in (details or {}).items()
        }
        reasons += [key for key in keys if key not in reasons and any(paths.matches(p, (key,)) for p in patterns)]
    replace = bool(reasons) or any(item.kind.endswith("-replace") for item in (details or {}).values())
    return Difference(True, replace, keys, reasons, details or None, answer.delete_before_replace)


def _hit(patterns: Sequence[paths.Path], text: str) -> bool:
    path = paths.parse(text)
    return any(paths.matches(pattern, path) for pattern in patterns)


def provider_changed(old: State, new: State) -> bool:
    """Provider resources: any other input is an update, told without detail."""
    return not equal(old.inputs, new.inputs)


def component_changed(old: State, new: State) -> bool:
    """Components: inputs compared with their secret marks."""
    return not equal(old.inputs, new.inputs)
