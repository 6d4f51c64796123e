"""Secrets, checkpoints, the backend, the journal: what is on disk."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pytest
from dynamic_engine.errors import EngineError, UnsupportedError
from dynamic_engine.protocol.values import UNKNOWN, ResourceRef, Secret
from dynamic_engine.state import checkpoint
from dynamic_engine.state.checkpoint import Pending, Snapshot, check_integrity
from dynamic_engine.state.crypter import Crypter
from dynamic_engine.state.journal import Journal, topological
from dynamic_engine.state.resource import KEYS, State, decode, encode

# Written by the Pulumi CLI under the passphrase below.
SALT_LINE = "v1:JkuSzM9dfRo=:v1:mD3PIvjGVeJ9DPNo:C5atvJJhmiUbjwFV1J74IFpjUDDAaA=="
TOKEN = "v1:d++AbmXhE5W0voap:XvGE7Sh7ENn87k5BLEvOU9JehIdao0L30Vw="
PASSPHRASE = "correct horse"
STORED = [item.name for item in fields(State) if item.name not in ("extra", "text")]
"""Names of the fields of a state that are stored."""
STACK = "urn:pulumi:dev::things::pulumi:pulumi:Stack::things-dev"


@pytest.fixture(scope="module")
def crypter() -> Crypter:
    return Crypter(PASSPHRASE, SALT_LINE)


def state(name: str, **more: Any) -> State:
    return State(urn=f"urn:pulumi:dev::things::acme:index:Group::{name}", custom=False, type="acme:index:Group", **more)


def urn(name: str) -> str:
    return state(name).urn


class TestSecrets:
    def test_text_of_the_cli_is_read(self, crypter: Crypter) -> None:
        assert crypter.decrypt(TOKEN) == "hunter2 ü"

    def test_round_trip(self, crypter: Crypter) -> None:
        ciphertext = crypter.encrypt("x", "fresh")
        assert ciphertext.startswith("v1:")
        assert Crypter(PASSPHRASE, SALT_LINE).decrypt(ciphertext) == "x"

    def test_unchanged_secrets_keep_their_ciphertext_but_only_in_their_place(self, crypter: Crypter) -> None:
        crypter.decrypt(TOKEN, "here")
        assert crypter.encrypt("hunter2 ü", "here") == TOKEN
        assert crypter.encrypt("hunter2 ü", "there") != TOKEN

    def test_wrong_passphrase(self) -> None:
        with pytest.raises(EngineError, match="incorrect passphrase"):
            Crypter("wrong", SALT_LINE)

    @pytest.mark.parametrize("text", ["", "v1:x", "v2:AAAA:AAAA", "v1:AAAA:%%"])
    def test_malformed(self, crypter: Crypter, text: str) -> None:
        with pytest.raises(EngineError):
            crypter.decrypt(text)

    def test_new_salts_work(self) -> None:
        made = Crypter.create("")
        assert Crypter("", made.salt_line).decrypt(made.encrypt("x")) == "x"


class TestStates:
    def test_every_field_is_stored(self) -> None:
        assert set(STORED) == set(KEYS)

    def test_round_trip_with_everything(self, crypter: Crypter) -> None:
        inputs = {"a": Secret({"k": ["v", 1, 2.5, None, True]}), "r": ResourceRef("urn:x", "1"), "n": None, "f": 0.1}
        before = State(
            urn="urn:pulumi:dev::things::pulumi-python:dynamic/acme:Thing::a",
            custom=True,
            type="pulumi-python:dynamic/acme:Thing",
            id="1",
            inputs=inputs,
            outputs={"o": Secret(Secret("nested"))},
            property_dependencies={"b": [], "a": ["x"]},
            custom_timeouts={"create": 5400},
            extra={"snippetID": "kept"},
        )
        text = json.dumps(encode(before, lambda plain: {"ciphertext": crypter.encrypt(plain, before.urn)}))
        assert "nested" not in text
        assert '"v"' not in text
        after = decode(json.loads(text), crypter)
        for name in STORED:
            if name != "outputs":
                assert getattr(after, name) == getattr(before, name), name
        assert after.extra == {"snippetID": "kept"}
        assert after.outputs == {"o": Secret(Secret("nested"))}

    def test_empty_fields_are_left_out(self) -> None:
        assert list(encode(state("a"), lambda text: {})) == ["urn", "custom", "type"]

    @pytest.mark.parametrize("key", ["taint", "viewOf", "refreshBeforeUpdate"])
    def test_states_that_need_special_treatment_are_refused(self, key: str) -> None:
        with pytest.raises(UnsupportedError):
            decode({**encode(state("a"), lambda text: {}), key: True}, None)


class TestCheckpoint:
    def load(self, document: dict[str, Any]) -> Snapshot:
        return checkpoint.load(document, lambda salt: Crypter(PASSPHRASE, salt))

    def test_round_trip(self, crypter: Crypter) -> None:
        rows = [state("a"), state("b", parent=urn("a"), outputs={"s": Secret("canary")}, replace_with=[urn("a")])]
        text = b"".join(
            checkpoint.Dumper("organization/things/dev", crypter).dump(rows, [Pending(rows[1], "creating")])
        )
        assert b"canary" not in text
        document = json.loads(text)
        assert document["version"] == 4
        assert document["features"] == ["replaceWith"]
        manifest = document["checkpoint"]["latest"]["manifest"]
        assert manifest["magic"] == hashlib.sha256(manifest["version"].encode()).hexdigest()
        loaded = self.load(document)
        assert [item.urn for item in loaded.resources] == [urn("a"), urn("b")]
        assert loaded.resources[1].outputs == {"s": Secret("canary")}
        assert [item.kind for item in loaded.pending] == ["creating"]
        assert loaded.salt_line == SALT_LINE

    def test_a_new_stack_is_empty(self) -> None:
        assert self.load({"version": 3, "checkpoint": {}}).resources == []

    @pytest.mark.parametrize("change", [{"version": 2}, {"version": 5}, {"features": ["views"], "version": 4}])
    def test_what_cannot_be_represented_is_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(UnsupportedError):
            self.load({"version": 3, "checkpoint": {}, **change})

    def test_other_secrets_providers_are_refused(self) -> None:
        document = {"version": 3, "checkpoint": {"latest": {"secrets_providers": {"type": "awskms"}}}}
        with pytest.raises(UnsupportedError, match="awskms"):
            self.load(document)

    def test_an_edited_manifest_is_noticed(self) -> None:
        document = {"version": 3, "checkpoint": {"latest": {"manifest": {"version": "v3", "magic": "00"}}}}
        with pytest.raises(EngineError, match="integrity"):
            self.load(document)

    @pytest.mark.parametrize(
        "rows",
        [
            [state("a", id="1")],
            [state("a"), state("a")],
            [state("a", parent=urn("b")), state("b")],
            [state("a", dependencies=[urn("b")])],
            [state("a", property_dependencies={"k": [urn("b")]})],
            [state("a", deleted_with=urn("b"))],
            [State(urn="urn:pulumi:dev::things::x:y:Z::c", custom=True, type="x:y:Z", id="1", provider="urn:p::1")],
        ],
    )
    def test_integrity_rules(self, rows: list[State]) -> None:
        with pytest.raises(EngineError, match="integrity"):
            check_integrity(rows)

    def test_a_deleted_twin_is_fine(self) -> None:
        check_integrity([state("a"), state("a", delete=True)])

    def test_a_text_made_again_is_that_made_at_once(self, crypter: Crypter) -> None:
        """States come, go and change between two writes, blocks of any size."""
        dice = random.Random(3)
        dumper = checkpoint.Dumper("organization/things/dev", crypter)
        rows: list[State] = []
        for step in range(60):
            at = dice.randrange(len(rows) + 1)
            rows[at:at] = [state(f"s{step}-{n}") for n in range(dice.randrange(40))]
            start = dice.randrange(len(rows) + 1)
            del rows[start : start + dice.randrange(30)]
            for one in dice.sample(rows, min(len(rows), dice.randrange(3))):
                one.replace_with = [urn("x")] if dice.random() < 0.2 else []
                one.outputs = {"n": step}
                one.touch()
            pending = [Pending(state("p"), "creating")] * dice.randrange(2)
            again = json.loads(b"".join(dumper.dump(rows, pending)))
            fresh = json.loads(b"".join(checkpoint.Dumper("organization/things/dev", crypter).dump(rows, pending)))
            for document in (again, fresh):
                del document["checkpoint"]["latest"]["manifest"]["time"]
            assert again == fresh


class TestJournal:
    def test_a_failing_disk_stops_everybody(self) -> None:
        def broken(_text: Sequence[bytes]) -> None:
            raise OSError("disk full")

        journal = Journal(Snapshot(), lambda states, pending: [], broken)
        with pytest.raises(OSError, match="disk full"):
            journal.finish(None, new=state("a")).wait()
        for _ in range(2):
            with pytest.raises(OSError, match="disk full"):
                journal.flush()

    def test_unfinished_creates_stay_on_record(self) -> None:
        base = Snapshot(pending=[Pending(state("a"), "creating"), Pending(state("b"), "updating")])
        kept: list[list[str]] = []
        journal = Journal(
            base, lambda _, pending: kept.append([item.kind for item in pending]) or [], lambda text: None
        )  # type: ignore[func-returns-value]
        journal.flush()
        journal.clear_orphans()
        journal.flush()
        assert kept == [["creating"], []]

    def test_references_follow_a_used_alias(self) -> None:
        old, child = state("old"), state("child", parent=urn("old"), dependencies=[urn("old")])
        journal = Journal(Snapshot([old, child]), None, None)
        journal.finish(None, new=state("new"), done=old)
        assert child.parent == urn("new")
        assert child.dependencies == [urn("new")]
        check_integrity(journal.resources())

    def test_topological_order(self) -> None:
        rows = [state("c", dependencies=[urn("b")]), state("b", parent=urn("a")), state("a")]
        assert [item.name for item in topological(rows)] == ["a", "b", "c"]


def test_unknowns_are_written_as_the_marker() -> None:
    assert encode(state("a", id=UNKNOWN), lambda text: {})["id"].startswith("04da6b54")
