"""`csp invite` where a person sends the mail: the draft, the day in the file, the refusals."""

from __future__ import annotations

import datetime as dt
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.csp.conftest import Desk, Said

KEY, STACK = "maplegrove", ("-s", "provider")


@pytest.fixture
def desk(provider_desk: Desk) -> Desk:
    """Without a mail server."""
    file = provider_desk.root / "stacks" / "connections" / "ca.yaml"
    text = file.read_text("utf-8")
    file.write_text(text[: text.index("mail:")], "utf-8")
    return provider_desk


def file_of(desk: Desk) -> Path:
    return desk.root / "stacks" / "customers" / "provider" / f"{KEY}.yaml"


def invite(desk: Desk, verb: str, *more: str) -> Said:
    return desk.csp("invite", verb, KEY, *STACK, *more)


def mail_of(said: Said) -> EmailMessage:
    assert said.code == 0, said.err
    mail = message_from_string(said.out, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text


def test_without_a_server_it_is_a_draft_that_a_person_sends_and_notes(desk: Desk) -> None:
    draft = mail_of(invite(desk, "show", "--format", "eml"))
    assert (draft["X-Unsent"], draft["From"]) == ("1", None)
    assert (draft["To"], draft["Cc"]) == ("admin@maplegrove.example", "it@maplegrove.example")
    link = "invType=IndirectResellerRelationship"
    assert link in part(draft, "plain")
    assert link in part(draft, "html")

    refused = invite(desk, "send")
    assert refused.code == 1
    for way in ("has no mail server", "--format eml", f"csp invite send {KEY} -s provider --by-hand"):
        assert way in refused.err

    before = file_of(desk).read_text("utf-8")
    days = [dt.datetime.now(dt.UTC)]
    noted = invite(desk, "send", "--by-hand").out
    days.append(dt.datetime.now(dt.UTC))  # midnight may have been between
    (today,) = {day for one in days if f"identity.sent_on: {(day := one.date().isoformat())}" in noted}
    after = file_of(desk).read_text("utf-8")
    assert [line for line in after.splitlines() if line not in before.splitlines()] == [f"  sent_on: {today}"]
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    assert "nothing to change" in invite(desk, "send", "--by-hand").out
    shown = invite(desk, "show", "--format", "json").json
    assert (shown["state"], shown["told"]) == (
        "sent",
        f"the invitation was sent to admin@maplegrove.example on {today}",
    )
    assert "Nothing to send" in invite(desk, "send").out
    assert "has no mail server" in invite(desk, "renew").err


def test_with_a_server_the_file_names_who_sends(provider_desk: Desk) -> None:
    mail = mail_of(invite(provider_desk, "show", "--format", "eml"))
    assert (mail["X-Unsent"], mail["From"]) == (None, "onboarding@examplereseller.example")
    shown = invite(provider_desk, "show", "--format", "json").json
    assert (mail["Message-ID"], mail["Subject"]) == (shown["message_id"], shown["subject"])
    assert part(mail, "html").strip() == invite(provider_desk, "show", "--format", "html").out.strip()


def test_a_canadian_customer_reads_french_in_both_parts(desk: Desk) -> None:
    file = file_of(desk)
    file.write_text(file.read_text("utf-8").replace("language: EN", "language: FR"), "utf-8")
    mail = mail_of(invite(desk, "show", "--format", "eml"))
    assert mail["Subject"] == "Veuillez accepter la relation de partenaire Microsoft pour Maple Grove Ltd"
    assert part(mail, "plain").startswith("Bonjour Maude Grover,")
    page = part(mail, "html")
    assert '<html lang="fr">' in page
    assert "Bonjour Maude Grover," in page
    assert "Hello" not in page + part(mail, "plain")


def test_what_has_no_invitation_or_nothing_to_renew(provider_desk: Desk) -> None:
    assert "only invite has an invitation" in provider_desk.csp("invite", "show", "alpine", *STACK).err
    assert "has no customer 'nobody'" in provider_desk.csp("invite", "show", "nobody", *STACK).err
    assert f"csp invite send {KEY}" in invite(provider_desk, "renew").err
    assert "'pdf' is not one of 'text', 'html', 'eml', 'json'" in invite(provider_desk, "show", "--format", "pdf").err
