"""`csp invite` on a real estate: shown, ended, renewed, accepted again; every mail is one mail."""

from pathlib import Path
from typing import Any

from drills.kills import invite as kill_invite
from equipment.workspace import Workspace

KEY = "maplegrove"


def invitations(estate: Workspace) -> list[dict[str, Any]]:
    mails: list[dict[str, Any]] = estate.sandbox.admin("GET", "mailbox")["mails"]
    return [mail for mail in mails if "partner relationship" in mail["subject"]]


def test_shown_ended_and_renewed(ready_provider: Workspace, tmp_path: Path) -> None:
    estate = ready_provider
    shown = estate.csp_json("invite", "show", KEY, "-s", "provider", "--format", "json")
    assert (shown["state"], shown["template"]) == ("accepted", "invitation.ca.en.txt.j2")
    assert [mail["message_id"] for mail in invitations(estate)] == [shown["message_id"]]
    assert "nothing to renew" in estate.csp("invite", "renew", KEY, "-s", "provider", expect=1)
    assert "renew" not in estate.csp("invite", "send", KEY, "-s", "provider"), "renew would be refused"
    assert "nothing to note" in estate.csp("invite", "send", KEY, "-s", "provider", "--by-hand", expect=1)

    estate.sandbox.change({"do": "end_relationship", "tenant": "maplegrove.onmicrosoft.com", "account": "10502"})
    estate.up("--target", f"**::{KEY}")
    assert len(invitations(estate)) == 1, "nobody is invited again unasked"
    assert "the relationship with the customer's tenant is gone" in estate.csp("invite", "show", KEY, "-s", "provider")

    told = estate.csp("invite", "renew", KEY, "-s", "provider")
    assert f"{KEY}: the invitation was sent to admin@maplegrove.example" in told
    ids = [mail["message_id"] for mail in invitations(estate)]
    assert len(set(ids)) == len(ids) == 2
    assert "Nothing to send" in estate.csp("invite", "send", KEY, "-s", "provider")
    (item,) = [
        item for item in estate.csp_json("todo", "-s", "provider", "--format", "json") if item["owner"] == "customer"
    ]
    assert item["follow_up"]["next"], "the day on which to ask again is told"

    estate.sandbox.act()
    estate.up("--target", f"**::{KEY}")
    assert estate.status()[KEY]["can_order"]
    assert len(invitations(estate)) == 2


def test_what_a_lost_runner_may_have_sent_is_not_sent_again(engine: str) -> None:
    """The mail server has taken the mail; command, engine and plugin die before its answer, and the machine is gone."""
    with kill_invite.scene(engine) as one:
        one.invite("send", step=kill_invite.TAKEN)
        assert len(one.post.taken) == 1
        one.lose_the_runner()
        one.estate.csp("cancel", "-s", "provider", "--yes")
        assert "worked on maplegrove, and not on this machine" in one.estate.csp("refresh", "-s", "provider", expect=1)
        assert "counts as one that may have been sent" in one.estate.up()
        assert one.shown()["told"].startswith("the invitation to admin@maplegrove.example may have been sent")
        one.estate.preview("--expect-no-changes", "--refresh=false")
        assert "Nothing to send" in one.estate.csp("invite", "send", KEY, "-s", "provider")
        assert len(one.post.taken) == 1
