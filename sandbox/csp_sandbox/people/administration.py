"""Administration of the people: when they act, what they read, whether an order would pass."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from csp_sandbox import checkout
from csp_sandbox.admin.control import ADMIN, explain, refuse
from csp_sandbox.ledger import OURS, rule
from csp_sandbox.people import work
from csp_sandbox.people.operator import Step
from csp_sandbox.serving.web import Answer, Call, MalformedError
from csp_sandbox.situation.clock import rfc3339

NO_ACCOUNT = rule("admin.checkout.no-account", "An account that does not exist: 404.", source=OURS)


class Mode(BaseModel):
    """When customers act."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["auto", "hand"]


class Todo(BaseModel):
    """What our operator works off."""

    model_config = ConfigDict(extra="forbid")

    todo: list[Step] = Field(default_factory=list)


@ADMIN.operation(
    "admin.people.mode",
    "POST",
    "/people",
    body=Mode,
    refusals=(400,),
    rule=rule(
        "admin.people.mode", "auto: customers act two minutes after a mail came; hand: only when told to.", source=OURS
    ),
)
def set_people_mode(call: Call) -> Answer:
    """Let the customers act by themselves, or not."""
    try:
        work.set_mode(call.world, Mode.model_validate(call.json_object()).mode)
    except ValidationError as error:
        raise MalformedError(explain(error)) from error
    return Answer(200, {"mode": work.mode(call.world)})


@ADMIN.operation(
    "admin.people.get", "GET", "/people", rule=rule("admin.people.get", "Tells the mode of the people.", source=OURS)
)
def get_people_mode(call: Call) -> Answer:
    """Whether the customers act by themselves."""
    return Answer(200, {"mode": work.mode(call.world)})


@ADMIN.operation(
    "admin.people.act",
    "POST",
    "/people/act",
    body=Todo,
    refusals=(400,),
    rule=rule(
        "admin.people.act",
        "Customers read their mail, the operator works off the to-do list in the console, TD SYNNEX answers "
        "tickets, until "
        "nobody can go on; then five minutes have passed.",
        source=OURS,
    ),
)
def let_people_act(call: Call) -> Answer:
    """All that can act now act, in true order."""
    try:
        todo = Todo.model_validate(call.json_object() if call.content.strip() else {}).todo
    except ValidationError as error:
        raise MalformedError(explain(error)) from error
    return Answer(200, work.act(call.world, todo).as_json())


@ADMIN.operation(
    "admin.checkout",
    "GET",
    "/checkout",
    refusals=(400, 404),
    rule=rule(
        "admin.checkout", "Whether an order would pass: query account, and customer by ION id or e-mail.", source=OURS
    ),
)
def get_checkout(call: Call) -> Answer:
    """Would an order go through?"""
    account_id, customer = call.query.get("account", ""), call.query.get("customer", "")
    if not account_id or not customer:
        raise MalformedError("account and customer are needed")
    store = call.world.store
    account = store.accounts.get(account_id) or store.accounts.first("key", account_id)
    if account is None:
        raise refuse(NO_ACCOUNT, 404, f"no account is called {account_id}")
    verdict = checkout.check(store, account, checkout.find_customer(store, account.id, customer))
    return Answer(200, {"allowed": verdict.allowed, "blockers": list(verdict.blockers)})


@ADMIN.operation(
    "admin.mailbox",
    "GET",
    "/mailbox",
    rule=rule("admin.mailbox", "All mails, or those of one address, oldest first.", source=OURS),
)
def get_mailbox(call: Call) -> Answer:
    """Mails, oldest first."""
    mails, address = call.world.store.mails, call.query.get("address", "").casefold()
    found = mails.find("to", address) if address else mails.find("all", "")
    shown = [
        {
            "id": mail.id,
            "to": mail.to,
            "cc": mail.cc,
            "from": mail.sender,
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
            "message_id": mail.message_id,
            "received_at": rfc3339(mail.received_at),
            "read": bool(mail.read_by),
        }
        for mail in found
    ]
    return Answer(200, {"mails": shown})
