"""How mails read: per place, cohort and language, as text and HTML, with templates of the reseller's own."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import schemas
from clients.errors import PersonMustAct
from drills.harness import Pipeline
from onboarding.people import letters
from tests.onboarding.world import LINK, World

PLACES = [
    ("us", "scm-migrated", "en", "invitation.us-scm-migrated.en.txt.j2", "confirm this relationship once more"),
    ("us", "ion-onboarded", "en", "invitation.us-ion-onboarded.en.txt.j2", "Cloud Solution Provider behind us"),
    ("us", "ion-onboarded", "fr", "invitation.fr.txt.j2", "Bonjour Cora Toso,"),
    ("ca", None, "en", "invitation.ca.en.txt.j2", "works for a Microsoft tenant in Canada"),
    ("ca", None, "fr", "invitation.ca.fr.txt.j2", "un locataire Microsoft au Canada"),
    ("ca", "ion-onboarded", "de", "invitation.ca.en.txt.j2", "Hello Cora Toso,"),
]


def session(region: str = "us", cohort: str | None = None, project: Path | None = None, **more: Any) -> Any:
    world = World()
    changes = {"partner_center_region": region, "cohort": cohort, **more}
    world.connection = world.connection.model_copy(update=changes)
    world.project = project
    return world


def render(one: Any, language: str = "en", kind: str = "invitation", company: str = "Contoso Ltd") -> letters.Rendered:
    return letters.render(kind, language, one, name="Cora Toso", company=company, link=LINK)


@pytest.mark.parametrize(("region", "cohort", "language", "template", "says"), PLACES)
def test_every_place_and_cohort_has_its_text(
    region: str, cohort: str | None, language: str, template: str, says: str
) -> None:
    mail = render(session(region, cohort), language)
    assert mail.template == template
    assert says in mail.text


@pytest.mark.parametrize(("region", "cohort", "language", "_template", "_says"), PLACES)
@pytest.mark.parametrize("role", ["indirect-provider", "direct-bill"])
def test_what_every_invitation_says(
    region: str, cohort: str | None, language: str, _template: str, _says: str, role: str
) -> None:
    mail = render(session(region, cohort, role=role), language)
    french = mail.template.split(".")[-3] == "fr"
    assert "Contoso Ltd" in mail.subject
    assert f"\n\n{LINK}\n\n" in mail.text, "the link stands alone, so that no mail program breaks it"
    for said in (
        ["droits d'administrateur", "abonnements existants", "ID de locataire", "Customer Agreement"]
        if french
        else ["administrator rights", "existing subscriptions", "reply with your Microsoft ID", "Customer Agreement"]
    ):
        assert said in mail.text
    assert ("TD SYNNEX as our distributor" in mail.text or "TD SYNNEX comme notre distributeur" in mail.text) == (
        role != "direct-bill"
    )
    assert not re.search(r"\{|\}|\n\n\n| \n", mail.text)


def test_the_page_says_what_the_text_says_and_holds_the_same_links() -> None:
    mail = render(session("ca"), "fr", company='A & B <"Ltd">')
    assert '<html lang="fr">' in mail.html
    shown = unescape(re.sub(r"<[^>]+>", "", mail.html))
    for paragraph in mail.text.strip().split("\n\n"):
        assert paragraph in shown
    assert '<"Ltd">' not in mail.html, "what people typed is never markup"
    links = {unescape(link) for link in re.findall(r'href="([^"]+)"', mail.html)}
    assert links == {LINK, "https://aka.ms/customeragreement"}
    assert "Accepter l&#39;invitation" in mail.html


@pytest.mark.parametrize(
    ("language", "says"), [("en", "Hello Cora Toso"), ("fr", "contrat client Microsoft"), ("xx", "Hello")]
)
def test_the_agreement_mail(language: str, says: str) -> None:
    mail = render(session("ca"), language, "agreement")
    assert says in mail.text
    assert LINK in mail.text
    assert "Contoso Ltd" in mail.subject


def test_the_resellers_name_signs() -> None:
    reseller = schemas.Reseller(tenant_id="11111111-1111-1111-1111-111111111111", partner_id="1", name="Example Cloud")
    mail = render(session(reseller=reseller))
    assert mail.text.startswith("Hello Cora Toso,\n\nContoso Ltd and Example Cloud want to work together")
    assert mail.text.endswith("\n\nExample Cloud\n")
    assert "Microsoft will show Example Cloud as your partner and TD SYNNEX as our distributor." in mail.text


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "stacks" / "mail"
    folder.mkdir(parents=True)
    return folder


def test_an_own_template_wins(tmp_path: Path, own: Path) -> None:
    (own / "invitation.us.en.txt.j2").write_text("Subject: Hi {{ company }}\n\nClick:\n\n{{ link }}\n", "utf-8")
    mail = render(session(project=tmp_path))
    assert (mail.subject, mail.text) == ("Hi Contoso Ltd", f"Click:\n\n{LINK}\n")
    assert f'href="{LINK.replace("&", "&amp;")}"' in mail.html


def test_an_own_template_changes_one_block_of_the_built_in_one(tmp_path: Path, own: Path) -> None:
    text = (
        '{% extends "built-in/invitation.en.txt.j2" %}\n{% block promises %}\nAsk Kim: 425 555 0100.\n{% endblock %}\n'
    )
    (own / "invitation.en.txt.j2").write_text(text, "utf-8")
    mail = render(session(project=tmp_path))
    assert "Ask Kim: 425 555 0100." in mail.text
    assert "administrator rights" not in mail.text
    assert "reply with your Microsoft ID" in mail.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Subject: Hi\n\n{{ link }} {{ admin }}", "invitation.en.txt.j2:3: 'admin' is undefined"),
        ("Subject: Hi\n\n{{ link }", "invitation.en.txt.j2:3: unexpected '}'"),
        ("Hello\n\n{{ link }}", "the first line must read 'Subject: ...'"),
        ("Subject: Hi\n\nNo link", "the text does not hold the link"),
        ('{% extends "nowhere.txt.j2" %}', "there is no mail template nowhere.txt.j2"),
        ("Subject: Hi\n\n{{ link }}{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_template_that_cannot_be_used_is_one_line(tmp_path: Path, own: Path, text: str, why: str) -> None:
    (own / "invitation.en.txt.j2").write_text(text, "utf-8")
    with pytest.raises(PersonMustAct) as refused:
        render(session(project=tmp_path))
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_own_templates_are_checked_before_anything_is_sent(tmp_path: Path, own: Path) -> None:
    connection = session().connection
    assert letters.problems(connection, tmp_path / "elsewhere") == []
    (own / "agreement.fr.txt.j2").write_text("Subject: Hi\n\nNo link", "utf-8")
    (line,) = letters.problems(connection, tmp_path)
    assert line == "stacks/mail: mail template agreement.fr.txt.j2: the text does not hold the link ({{ link }})"


def test_people_who_speak_french_get_every_mail_in_french() -> None:
    """From the file to the mailbox, over the wire."""
    estate = Pipeline.example("provider")
    try:
        estate.declared = {key: estate.declared[key] for key in ("maplegrove", "blueyonder", "alpine")}
        for key in estate.declared:
            estate.declare(key, {"profile.language": "FR"})
        estate.up()
        estate.settle(2)
        mails = [mail for mail in estate.remote.world.store.mails if mail.sender.startswith("onboarding@")]
        assert sorted(mail.subject for mail in mails) == [
            "Contrat client Microsoft pour Alpine Ski House : veuillez l'accepter",
            "Contrat client Microsoft pour Blue Yonder : veuillez l'accepter",
            "Veuillez accepter la relation de partenaire Microsoft pour Maple Grove Ltd",
        ]
        for mail in mails:
            assert "Bonjour " in mail.text
            assert '<html lang="fr">' in mail.html
            assert "Bonjour " in mail.html
            assert "Hello" not in mail.text + mail.html
    finally:
        estate.remove()


NAMES = "Names are invitation.us-ion-onboarded.en.txt.j2, invitation.us.en.txt.j2, invitation.en.txt.j2, agreement.us"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("invitation.en.txt.j2", ""),
        ("invitation.us.de.txt.j2", ""),
        ("agreement.ca-scm-migrated.pt-BR.txt.j2", ""),
        ("foot.txt.j2", ""),  # named inside another
        ("README.md", ""),
        (".keep", ""),
        ("invite.en.txt.j2", f"no mail is made of it. Did you mean invitation.en.txt.j2? {NAMES}"),
        ("invitation.en.txt", f"no mail is made of it. Did you mean invitation.en.txt.j2? {NAMES}"),
        ("Invitation.en.txt.j2", f"no mail is made of it. Did you mean invitation.en.txt.j2? {NAMES}"),
        ("invitation.us-old.en.txt.j2", "no mail is made of it. Did you mean invitation.us.en.txt.j2? Names are"),
        ("invitation.txt.j2", "no mail is made of it. Did you mean invitation.en.txt.j2? Names are"),
        ("footer.txt.j2", f"no mail is made of it. {NAMES}"),
        ("welcome.en.html.j2", "no mail is made of it."),
    ],
)
def test_a_template_that_no_mail_is_made_of_is_told(tmp_path: Path, name: str, told: str) -> None:
    own = tmp_path / "stacks" / "mail"
    own.mkdir(parents=True)
    (own / "invitation.fr.txt.j2").write_text("Subject: Bonjour\n\n{{ link }}{% include 'foot.txt.j2' %}", "utf-8")
    (own / "foot.txt.j2").write_text("\n\nYours", "utf-8")
    if not (own / name).exists():
        (own / name).write_text("Subject: Hi\n\n{{ link }}", "utf-8")
    one = session("us", "ion-onboarded", tmp_path)
    lines = [line for line in letters.problems(one.connection, tmp_path) if name in line.split(":")[1]]
    if not told:
        assert lines == []
    else:
        (line,) = lines
        assert f"stacks/mail: mail template {name}: {told}" in line


@pytest.mark.parametrize(
    ("company", "address"),
    [
        ("Contoso https://evil.example/x Ltd", "https://evil.example/x"),
        ("Contoso www.evil.com Ltd", "www.evil.com"),
        ("Contoso (evil.com/pay)", "evil.com/pay"),
        ("Call tel:+14255550108", "tel:+14255550108"),
        ("Booking.com", ""),
        ("St. John's Co. of A.B. Smith", ""),
    ],
)
def test_a_name_with_an_address_is_told_to_whom_it_belongs(company: str, address: str) -> None:
    if not address:
        assert render(session(), company=company).text
        return
    with pytest.raises(PersonMustAct) as refused:
        render(session(), company=company)
    assert f"holds the address {address}; next: Write the company's name (`profile.organization`" in str(refused.value)
    assert "template" not in str(refused.value)
