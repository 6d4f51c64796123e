"""Templates and values that would make a mail of ours lead to a stranger, or show what the runner holds."""

import functools
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from clients.errors import PersonMustAct
from onboarding.people import letters
from tests.onboarding.world import LINK, World

CASES = yaml.safe_load(Path(__file__).with_name("mail_templates.yaml").read_text("utf-8"))
CANARY = "Cora-Canary"
GIANTS = {
    "LONG": "long " * 10_000,
    "DIGITS": "9" * 6000,
    "BRACKETS": "(" * 9000 + "name" + ")" * 9000,
    "FILTERS": "|upper" * 300,
    "CONDITIONS": "{% if name %}{% endif %}" * 2000,
}
GOOD_FRAME = """
<html><body>{% for part in parts %}<p>{{ part }}</p>{% endfor %}<a href='{{ link }}'>{{ button }}</a></body></html>
"""


def place(project: Path, **changes: Any) -> Any:
    world = World()
    world.connection = world.connection.model_copy(update={"partner_center_region": "us", "cohort": None, **changes})
    world.project = project
    return world


def render(one: Any, company: str = "Contoso Ltd") -> letters.Rendered:
    return letters.render("invitation", "en", one, name=CANARY, company=company, link=LINK)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "stacks" / "mail"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"])
def test_a_hostile_template_is_one_line_and_no_mail(tmp_path: Path, own: Path, case: dict[str, Any]) -> None:
    for name, text in case["files"].items():
        content = functools.reduce(lambda told, word: told.replace(*word), GIANTS.items(), text)
        (own / name).write_bytes(content.encode(case.get("encoding", "utf-8")))
    one = place(tmp_path, cohort=case.get("cohort"))
    with pytest.raises(PersonMustAct) as refused:
        render(one)
    line = str(refused.value)
    assert case["says"] in line
    assert "\n" not in line
    assert CANARY not in line
    assert any(case["says"] in told for told in letters.problems(one.connection, tmp_path))


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack of the review: a link to the runner's environment, included by a template, printed by `validate`."""
    (own / "secret.txt.j2").symlink_to("/proc/self/environ")
    (own / "invitation.en.txt.j2").write_text("Subject: Hi\n\n{{ link }}{% include 'secret.txt.j2' %}", "utf-8")
    with pytest.raises(PersonMustAct) as refused:
        render(place(tmp_path))
    assert "secret.txt.j2: it is reached by a link; only files of the folder itself are read" in str(refused.value)
    told = letters.problems(place(tmp_path).connection, tmp_path)
    assert told
    assert all("PATH=" not in line for line in told)


def test_a_linked_template_is_not_read_even_inside_the_project(tmp_path: Path, own: Path) -> None:
    (tmp_path / "other.txt").write_text("Subject: Hi\n\n{{ link }}", "utf-8")
    (own / "invitation.en.txt.j2").symlink_to(tmp_path / "other.txt")
    with pytest.raises(PersonMustAct, match=r"invitation\.en\.txt\.j2: it is reached by a link"):
        render(place(tmp_path))


@pytest.mark.parametrize("where", ["outside", "inside"])
def test_a_linked_folder_is_no_folder_of_templates(tmp_path: Path, where: str) -> None:
    project = tmp_path / "project"
    target = tmp_path / "outside" if where == "outside" else project / "elsewhere"
    target.mkdir(parents=True)
    (target / "invitation.en.txt.j2").write_text("Subject: Hi\n\n{{ link }}", "utf-8")
    (project / "stacks").mkdir(parents=True, exist_ok=True)
    (project / "stacks" / "mail").symlink_to(target)
    one = place(project)
    with pytest.raises(PersonMustAct, match="reached by a link"):
        render(one)
    (line,) = letters.problems(one.connection, project)
    assert line == "stacks/mail: a link or outside of the project; name a folder of the project itself"


@pytest.mark.parametrize("folder", ["../outside", "/etc"])
def test_a_folder_outside_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "outside").mkdir()
    project = tmp_path / "project"
    project.mkdir()
    (line,) = letters.problems(place(project, mail_templates=folder).connection, project)
    assert line.endswith("a link or outside of the project; name a folder of the project itself")


def test_a_pipe_does_not_hold_validate_up(tmp_path: Path, own: Path) -> None:
    os.mkfifo(own / "invitation.en.txt.j2")
    with pytest.raises(PersonMustAct, match=r"invitation\.en\.txt\.j2: no regular file"):
        render(place(tmp_path))


def test_a_giant_is_not_read(tmp_path: Path, own: Path) -> None:
    with (own / "invitation.en.txt.j2").open("wb") as out:
        out.truncate(2**40)
    with pytest.raises(PersonMustAct, match=r"invitation\.en\.txt\.j2: the file is larger than 64 KiB"):
        render(place(tmp_path))


def test_a_company_name_brings_no_link(tmp_path: Path) -> None:
    """And the advice is for who can follow it: no template is at fault."""
    refused = (
        r'"Contoso https://evil\.example" holds the address https://evil\.example; next: Write the company\'s name'
    )
    with pytest.raises(PersonMustAct, match=refused):
        render(place(tmp_path), company="Contoso https://evil.example")


def test_a_company_that_is_called_like_a_domain_gets_its_mail(tmp_path: Path) -> None:
    assert "Booking.com" in render(place(tmp_path), company="Booking.com").subject


def test_an_address_of_a_person_and_a_listed_host_are_no_strangers(tmp_path: Path, own: Path) -> None:
    text = "Subject: Hi\n\n{{ link }}\n\nAsk ada.lovelace@reseller.com, or look at help.reseller.com (no login)."
    (own / "invitation.en.txt.j2").write_text(text, "utf-8")
    assert "ada.lovelace@" in render(place(tmp_path, mail_links=("https://help.reseller.com/",))).text


def test_more_templates_than_anybody_reads_are_told(tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "MAX_TEMPLATES", 3)
    for number in range(4):
        (own / f"invitation.x{number}.txt.j2").write_text("Subject: Hi\n\n{{ link }}", "utf-8")
    assert letters.problems(place(tmp_path).connection, tmp_path) == ["stacks/mail: more than 3 templates"]


def test_listed_links_and_an_own_frame_together_with_its_text(tmp_path: Path, own: Path) -> None:
    help_page = "https://help.reseller.example/csp"
    (own / "invitation.en.txt.j2").write_text(f"Subject: Hi\n\n{{{{ link }}}}\n\nHelp: {help_page}.", "utf-8")
    (own / "page.html.j2").write_text(GOOD_FRAME, "utf-8")
    with pytest.raises(PersonMustAct, match="is on no list; remove it, or name it in mail_links"):
        render(place(tmp_path))
    mail = render(place(tmp_path, mail_links=(help_page,)))
    assert help_page in mail.text
    assert help_page in mail.html


STYLED_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ subject }}</title></head>
<body style="margin:0;background-color:#111;color:#eee;-webkit-text-size-adjust:100%">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" align="center" bgcolor="#ffffff"
 style="color:#222222;mso-table-lspace:0pt;border-collapse:collapse"><tbody><tr>
<td style="padding:1em 5%;font-weight:600"><h1 style="font-size:1.4em;line-height:1.2">{{ subject }}</h1></td>
</tr><tr><td width="100%" valign="top"><ul>{% for part in parts %}<li><small>{{ part }}</small></li>{% endfor %}</ul>
<hr><p style="text-align:center">
<a href="{{ link }}" style="display:inline-block;background:#0b5cad;color:white !important;
 border:1px solid #0b5cad;border-radius:4px;text-decoration:none;padding:12px 22px">{{ button }}</a></p>
</td></tr></tbody></table></body></html>
"""


def test_a_page_as_designers_write_it_passes(tmp_path: Path, own: Path) -> None:
    (own / "invitation.en.txt.j2").write_text("Subject: Hi\n\nHello {{ name }}.\n\n{{ link }}", "utf-8")
    (own / "page.html.j2").write_text(STYLED_FRAME, "utf-8")
    assert CANARY in render(place(tmp_path)).html


def test_a_language_of_our_own_is_checked_too(tmp_path: Path, own: Path) -> None:
    (own / "agreement.de.txt.j2").write_text("Subject: Hallo\n\n{{ fehlt }}", "utf-8")
    assert any(
        "agreement.de.txt.j2:3: 'fehlt'" in line for line in letters.problems(place(tmp_path).connection, tmp_path)
    )
