"""SARIF 2.1.0, the form in which code review tools take findings. One shape for all of our reports."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.plain import message


def log(rules: Mapping[str, str], results: Sequence[Mapping[str, Any]], **run: Any) -> dict[str, Any]:
    """The document: rule id -> its title, the results, and what else the run says (`invocations`, ...)."""
    described = [{"id": rule, "shortDescription": {"text": title}} for rule, title in sorted(rules.items())]
    driver = {"name": "csp-onboarding", "rules": described}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": list(results), **run}],
    }


def result(rule: str, level: str, text: str, file: str, **region: int) -> dict[str, Any]:
    """One result at a place: `region` is startLine and, where known, startColumn. Code scanning refuses one without."""
    place = {"artifactLocation": {"uri": file}, "region": region}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": message(text)},
        "locations": [{"physicalLocation": place}],
    }
