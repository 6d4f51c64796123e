"""What stands in a token file: edited by hand, cut, or written by a release to come. The refresh token counts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients.tokens.renewal import Wanted, usable
from clients.tokens.store import Chain, FileTokenStore

ODD_MEMBERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"expires_at": "soon"}, {"expires_at": 0.0}),
    ({"expires_at": None}, {"expires_at": 0.0}),
    ({"expires_at": float("nan")}, {"expires_at": 0.0}),
    ({"expires_at": float("inf")}, {"expires_at": 0.0}),
    ({"expires_at": int("9" * 400)}, {"expires_at": 0.0}),
    ({"obtained_at": [1]}, {"obtained_at": 0.0}),
    ({"access_token": 5}, {"access_token": ""}),
    ({"access_token": None}, {"access_token": ""}),
    ({"seed": None}, {"seed": ""}),
    ({"address": {}}, {"address": ""}),
    ({"account": 10501}, {"account": "10501"}),
    ({"rejected": 7}, {"rejected": "refused"}),
    ({"rejected": 0}, {"rejected": ""}),
    ({"sent_at": "x"}, {"sent_at": 0.0}),
    ({"sent_at": True}, {"sent_at": 0.0}),
    ({"more": "x"}, {}),
]


@pytest.mark.parametrize(("odd", "read"), ODD_MEMBERS, ids=lambda case: str(case)[:40])
def test_an_odd_member_costs_no_refresh_token(odd: dict[str, Any], read: dict[str, Any], tmp_path: Path) -> None:
    """Edited by hand, or written by a release to come."""
    file = tmp_path / "us.json"
    whole = {"format": 1, "refresh_token": "refresh-canary", "account": "10501"}
    file.write_text(json.dumps({**whole, **odd}), "utf-8")
    kept = FileTokenStore(file).load()
    assert kept == replace(Chain("refresh-canary", account="10501"), **read)
    assert not usable(kept, Wanted(), 1.7e9)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"format": 1, "refresh_token": ""}', '{"format": 1}', "null", "7", ""]
)
def test_what_holds_no_refresh_token_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "us.json").write_text(text, "utf-8")
    assert FileTokenStore(tmp_path / "us.json").load() is None
