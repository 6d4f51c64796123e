"""What values.py takes without asking a library, the library takes as well."""

from __future__ import annotations

import random
import string

import idna
from email_validator import validate_email

from schemas.kinds import mail_domains
from schemas.model import values

SIGNS = string.ascii_letters + string.digits + ".-_+@"
ASKED = 20_000


def texts(seed: int) -> list[str]:
    """Texts that look like domains and addresses, right ones and wrong ones."""
    chance = random.Random(seed)
    found = []
    for _ in range(ASKED):
        word = "".join(chance.choices(SIGNS, k=chance.randint(1, 12)))
        host = ".".join(
            "".join(chance.choices("ab1-" if chance.random() < 0.3 else "xyzABC09", k=chance.randint(1, 8)))
            for _ in range(chance.randint(1, 4))
        )
        found += [f"{word}@{host}", host, f"{word}@{host}.com", f"{host}.de"]
    return found


def test_the_library_takes_every_simple_address() -> None:
    simple = [one for one in texts(1) if values._is_simple(values._SIMPLE_EMAIL, one)]
    assert len(simple) > 1000
    for one in simple:
        values._check_email(one)


def test_the_library_takes_every_simple_domain_as_it_stands() -> None:
    simple = [one for one in texts(2) if values._is_simple(values._SIMPLE_DOMAIN, one)]
    assert len(simple) > 1000
    for one in simple:
        assert idna.encode(one.lower(), uts46=True).decode() == one.lower()


def test_most_addresses_of_a_live_estate_are_simple() -> None:
    for one in ("it@contoso.com", "Cora.Toso+csp@mail.contoso-group.co.uk", "a_b@x1.onmicrosoft.com"):
        assert values._is_simple(values._SIMPLE_EMAIL, one)
        assert validate_email(one, check_deliverability=False)
    for one in (
        "it@müller.de",
        "it@xn--mller-kva.de",
        "a..b@c.de",
        "a@b",
        ".a@b.de",
        "a@b-.de",
        "a b@c.de",
        "a@1.2.3.4",
    ):
        assert not values._is_simple(values._SIMPLE_EMAIL, one)


def test_top_level_domains_in_other_scripts_are_known_in_both_forms() -> None:
    assert mail_domains.known_suffix("пример.рф")
    assert mail_domains.known_suffix("xn--e1afmkfd.xn--p1ai")
    assert not mail_domains.known_suffix("xn--e1afmkfd.xn--e1afmkfd")
