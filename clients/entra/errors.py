"""Entra's token errors (AADSTS codes) and what they mean to us (partner-center.md 1.4, 6.1 shape D)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clients.errors import ClientError, OurBug, Problem
from clients.wire.rules import SIGN_IN, Rule, classify
from clients.wire.said import with_rest

_SIGN_INS = "Entra admin center: Monitoring > Sign-in logs"
_APPS = "Entra admin center: App registrations > (app) > Certificates & secrets"
_APP = "Entra admin center: App registrations > (app)"
_CODE = re.compile(r"AADSTS(\d+)")

RULES: tuple[Rule, ...] = (
    Rule("credentials", code="AADSTS50076", action=SIGN_IN, shown_at=_SIGN_INS, source="1.4"),
    Rule("credentials", code="AADSTS50078", action=SIGN_IN, shown_at=_SIGN_INS, source="1.4"),
    Rule("credentials", code="AADSTS50079", action=SIGN_IN, shown_at=_SIGN_INS),
    Rule("credentials", code="AADSTS50173", action=SIGN_IN, shown_at=_SIGN_INS),
    Rule("credentials", code="AADSTS70008", action=SIGN_IN, shown_at=_SIGN_INS),
    Rule("credentials", code="AADSTS70043", action=SIGN_IN, shown_at=_SIGN_INS),
    Rule("credentials", code="AADSTS700082", action=SIGN_IN, shown_at=_SIGN_INS),
    Rule(
        "person",
        code="AADSTS700007",
        action="use the client id the refresh token was issued to, or sign in again with the new one",
        shown_at=_APP,
        source="1.4",
    ),
    Rule("person", code="AADSTS7000215", action="set the value of a valid client secret", shown_at=_APPS),
    Rule("person", code="AADSTS7000222", action="make a new client secret: this one has expired", shown_at=_APPS),
    Rule("person", code="AADSTS700027", action="upload the certificate to the app registration", shown_at=_APPS),
    Rule(
        "person",
        code="AADSTS700213",
        action="make the subject of the federated credential match the pipeline's token",
        shown_at=_APPS,
    ),
    Rule("person", code="AADSTS70021", action="add a federated credential for this pipeline", shown_at=_APPS),
    Rule("person", code="AADSTS700024", action="read the federated token again: it has expired", shown_at=_APPS),
    Rule("person", code="AADSTS700016", action="correct client id or partner tenant in the connection", shown_at=_APP),
    Rule("person", code="AADSTS90002", action="correct the partner tenant in the connection", shown_at=_APP),
    Rule("person", code="AADSTS65001", action="grant admin consent for Microsoft Partner Center", shown_at=_APP),
    Rule("person", code="AADSTS500011", action="add Microsoft Partner Center to the app's permissions", shown_at=_APP),
    Rule(
        "person",
        code="AADSTS53003",
        action="exempt this runner from, or satisfy, the Conditional Access policy that blocks the sign-in",
        shown_at="Entra admin center: Protection > Conditional Access",
        source="6.2",
    ),
    Rule("retry", code="AADSTS90033", delay=30.0),
    Rule("retry", code="temporarily_unavailable", delay=30.0),
    Rule("credentials", code="invalid_grant", action=SIGN_IN, shown_at=_SIGN_INS),
    Rule("credentials", code="interaction_required", action=SIGN_IN, shown_at=_SIGN_INS),
    Rule("person", code="invalid_client", action="correct client id and secret", shown_at=_APPS),
    Rule("person", code="unauthorized_client", action="correct client id and secret", shown_at=_APPS),
    Rule("retry", status=429, delay=60.0),
    Rule("retry", status=500, delay=30.0),
    Rule("retry", status=503, delay=60.0),
)


def describe_token_error(operation: str, body: Mapping[str, Any], *, status: int | None = None) -> Problem:
    """From an OAuth error body, or msal's dict of one."""
    text = body.get("error_description")
    message = text if isinstance(text, str) else ""
    word = body.get("error")
    found = _CODE.search(message)
    code = f"AADSTS{found.group(1)}" if found else word if isinstance(word, str) else ""
    # The description goes on with trace id, correlation id and time stamp, which are repeated in members of their own.
    message = re.split(r"\s*(?:\r?\n|Trace ID:)", message)[0]
    return Problem(
        system="entra",
        operation=operation,
        status=status,
        code=code,
        message=with_rest(message, {"suberror": body.get("suberror")})
        or (word if isinstance(word, str) else "no explanation"),
        request_id=str(body.get("trace_id") or ""),
        correlation_id=str(body.get("correlation_id") or ""),
    )


def token_error(operation: str, body: Mapping[str, Any], *, status: int | None = None) -> ClientError:
    """The error of a token answer: by AADSTS code, else by the OAuth word, because Entra has hundreds of codes."""
    problem = describe_token_error(operation, body, status=status)
    error = classify(RULES, problem)
    word = body.get("error")
    if isinstance(error, OurBug) and isinstance(word, str):
        error = classify(RULES, replace(problem, code=word))
        error.problem = replace(error.problem, code=problem.code)
    return error
