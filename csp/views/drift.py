"""A drift report for people: blocks on a terminal, tables in markdown. Both say the same in the same words."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from csp.say import count, folded
from onboarding.core.contract import ABSENT
from onboarding.drift.report import Coverage, DriftReport, Finding, Rotation
from schemas.command import shown
from schemas.model.gates import CONFIRMABLE
from schemas.plain import markdown as escaped
from schemas.plain import plain

TITLES = {
    "drift": "Drift: somebody changed what the files declare",
    "progress": "Progress: a step was done",
    "unmanaged": "Not managed: nobody declares it",
    "inconsistent": "Contradictions between the systems",
}
COLUMNS = ("Customer", "Field", "Declared", "Seen", "Where", "Changed by", "Next run")
SYSTEMS = {"ion": "ION", "partner_center": "Partner Center", "entra": "Entra", "association": "association endpoint"}
_CONFIRMABLE = {f"{section}.{name}" for section, names in CONFIRMABLE.items() for name in names}
_NARROWEST, _WIDEST, _LABEL = 60, 120, 12


def terminal(report: DriftReport, stack: str) -> str:
    """One block a finding, folded to the width of the terminal."""
    fold = partial(_folded, stack, max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns)))
    lines = [*(shown(str(one), stack=stack) for one in report.unseen), _headline(report)]
    for kind, title in TITLES.items():
        findings = report.of(kind)
        if findings:
            lines += ["", f"{title} ({len(findings)})"]
        for found in findings:
            if kind in ("drift", "inconsistent"):
                lines += ["", *_block(found, fold, report.looked_at)]
            else:
                lines += fold(_one_line(found), "  ", "    ")
    lines.append("")
    for line in _footer(report):
        lines += fold(line, "", "  ")
    return "\n".join(lines)


def markdown(report: DriftReport, stack: str) -> str:
    """Tables, for a pull request or an issue."""
    lines = [f"> **{escaped(shown(str(one), stack=stack))}**\n" for one in report.unseen]
    lines += ["# Drift", "", _headline(report), ""]
    for kind, title in TITLES.items():
        if findings := report.of(kind):
            lines += [f"## {title} ({len(findings)})", "", _row(COLUMNS), "|" + "---|" * len(COLUMNS)]
            lines += [_row(_cells(found)) for found in findings] + [""]
    return shown("\n".join([*lines, *(f"- {escaped(line)}" for line in _footer(report))]), stack=stack)


def _headline(report: DriftReport) -> str:
    drifted = report.of("drift")
    if drifted:
        customers = len({found.customer for found in drifted})
        return f"Drift in {count(len(drifted), 'field')} of {count(customers, 'customer')}."
    if report.not_checked:
        return "No drift in what could be looked at. Not everything could: see above."
    none = "No drift: everything that can be seen is as declared, or waits for a known step."
    return f"{none} But systems contradict each other: see below." if report.of("inconsistent") else none


def _block(found: Finding, fold: Callable[[str, str, str], list[str]], looked_at: str) -> Iterator[str]:
    yield plain(f"  {found.customer or found.connection}  {found.field}")
    seen = _seen(found.seen)
    where = ", ".join(filter(None, (found.where, f"as of {found.at}" if found.at != looked_at else "")))
    parts = {
        "rule" if found.kind == "inconsistent" else "declared": found.declared,
        "seen": f"{seen} ({where})" if where else seen,
        "changed by": found.who,
        "next run": next_run(found),
    }
    for label, text in parts.items():
        if text:
            yield from fold(text, f"    {label:<{_LABEL}}", " " * (4 + _LABEL))


def _one_line(found: Finding) -> str:
    if found.kind == "unmanaged":
        return f"{found.field}{f' of {found.customer}' if found.customer else ''}: {found.seen}"
    after = f" (next run: {next_run(found)})" if found.will else ""
    return f"{found.customer}  {found.field}: {_seen(found.seen)}{after}"


def _folded(stack: str, width: int, text: str, first: str, rest: str) -> list[str]:
    return folded(shown(plain(text), stack=stack), width, first, rest)


def _cells(found: Finding) -> tuple[str, ...]:
    return (
        found.customer or "-",
        found.field,
        found.declared or "-",
        _seen(found.seen) or "-",
        found.where or "-",
        found.who or "-",
        next_run(found) or "-",
    )


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(map(escaped, cells)) + " |"


def next_run(found: Finding) -> str:
    """What the next `up` does, to stand behind the words "next run"."""
    return found.will.removeprefix("the next run ")


def _seen(seen: str) -> str:
    return "not there" if seen == ABSENT else seen


# --- what was looked at, what could not be seen, how old it is


def _footer(report: DriftReport) -> Iterator[str]:
    counts = Counter(found.kind for found in report.findings)
    yield (
        f"{count(report.customers, 'customer')}, {count(report.fields, 'field')}: {counts['drift']} drifted, "
        f"{counts['progress']} moved on, {report.pending} wait for a step (`csp todo`), "
        f"{counts['unmanaged']} not managed, {count(counts['inconsistent'], 'contradiction')}"
    )
    if counts["unmanaged"]:
        yield "`csp adopt` writes the files of what is not managed"
    yield from _out_of_sight(report)
    yield from _unseen(report)
    for one in report.coverage:
        yield _coverage(one)
    for stack, why in sorted(report.left_out.items()):
        yield f"Stack {stack} was not taken into account, so that its customers may be listed here: {why}"
    calls = ", ".join(f"{SYSTEMS.get(system, system)} {count}" for system, count in sorted(report.calls.items()))
    yield f"Looked at {report.looked_at}; calls: {calls or 'none'}"
    if report.kept:
        ages = ", ".join(f"{name} {at}" for name, at in sorted(report.oldest.items()))
        answers = count(report.kept, "answer")
        yield f"{answers} of earlier looks, the oldest: {ages} (`csp drift --fresh` asks everything again)"
    for name, rotation in sorted(report.rotations.items()):
        yield _records(name, rotation)
    for name, why in sorted(report.log_closed.items()):
        yield f"{name}: Partner Center's activity log could not be read, older answers may be out of date: {why}"
    for what, why in sorted(report.not_checked.items()):
        yield f"Not checked: {what}: {why.removeprefix(f'{what}: ')}"


def _out_of_sight(report: DriftReport) -> Iterator[str]:
    lost: dict[str, list[str]] = defaultdict(list)
    for found in report.of("not_visible"):
        if found.lost:
            lost[found.customer].append(found.field)
    for customer, names in sorted(lost.items()):
        yield f"Out of sight now, was as declared before: {customer} {', '.join(sorted(names))}"


def _unseen(report: DriftReport) -> Iterator[str]:
    """Fields that no system shows, by what a person can do about it."""
    groups: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for found in report.of("not_visible"):
        if found.lost:
            continue
        if found.stated:
            title = "Cannot be seen, a person stated it"
        elif found.field in _CONFIRMABLE:
            title = "Cannot be seen, nobody stated it (`csp todo`)"
        else:
            title = "Cannot be seen, and nothing waits for it"
        groups[title][found.field].add(found.customer)
    for title, names in sorted(groups.items()):
        yield f"{title}: " + ", ".join(f"{name} ({len(keys)})" for name, keys in sorted(names.items()))


def _coverage(one: Coverage) -> str:
    tenants = f", {one.tenants_declared} of {one.tenants} tenants" if one.tenants else ""
    return (
        f"{one.connection}: {one.customers_declared} of {one.customers} ION customers declared ({one.percent:g} %)"
        f"{_by_others(one.customers_elsewhere)}{tenants}{_by_others(one.tenants_elsewhere)}"
    )


def _by_others(counts: Mapping[str, int]) -> str:
    return "".join(f", {number} more by stack {stack}" for stack, number in sorted(counts.items()))


def _records(connection: str, rotation: Rotation) -> str:
    """How far the rotation got: whose contact and address was not looked at, and how old the others are."""
    earlier = rotation.of - rotation.now - len(rotation.never)
    line = f"{connection}: contact and address of {count(rotation.of, 'new tenant')}: {rotation.now} read now"
    line += f", {earlier} known from earlier looks, the oldest {rotation.oldest}" if earlier else ""
    if rotation.never:
        some = ", ".join(rotation.never[:5]) + (", ..." if len(rotation.never) > 5 else "")
        line += f", {len(rotation.never)} not looked at yet ({some}); they take turns, `csp drift --fresh` reads all"
    return line
