"""Secrets, checkpoints, the backend, the journal: what is on disk."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from dynamic_engine.errors import EngineError, StackNotFoundError, UnsupportedError
from dynamic_engine.plan.selection import Patterns, Selection, kept_for
from dynamic_engine.plan.steps import seconds
from dynamic_engine.protocol.values import UNKNOWN, ResourceRef, Secret
from dynamic_engine.run.deletes import layers
from dynamic_engine.state import checkpoint
from dynamic_engine.state.backend import Backend
from dynamic_engine.state.checkpoint import Pending, Snapshot, check_integrity
from dynamic_engine.state.crypter import Crypter
from dynamic_engine.state.journal import Journal, topological
from dynamic_engine.state.resource import KEYS, State, decode, encode
from dynamic_engine.state.urns import Alias, alias_urns, make

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


class TestBackend:
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return Backend.open(f"file://{tmp_path}", "things", tmp_path)

    def test_layout(self, backend: Backend, tmp_path: Path) -> None:
        backend.write("dev", b'{"version":3,"n":1}')
        backend.write("dev", b'{"version":3,"n":2}')
        folder = tmp_path / ".pulumi" / "stacks" / "things"
        assert (tmp_path / ".pulumi" / "meta.yaml").read_text("utf-8") == "version: 1\n"
        assert json.loads((folder / "dev.json").read_text("utf-8"))["n"] == 2
        assert json.loads((folder / "dev.json.bak").read_text("utf-8"))["n"] == 1
        assert sorted(path.name for path in folder.iterdir()) == ["dev.json", "dev.json.bak"]
        assert backend.stacks() == ["dev"]

    def test_gzip_is_read_and_then_replaced(self, backend: Backend, tmp_path: Path) -> None:
        folder = tmp_path / ".pulumi" / "stacks" / "things"
        folder.mkdir(parents=True)
        (folder / "dev.json.gz").write_bytes(gzip.compress(b'{"version":3}'))
        assert backend.stacks() == ["dev"]
        assert backend.read("dev") == {"version": 3}
        backend.write("dev", b'{"version":4}')
        assert backend.read("dev") == {"version": 4}
        assert not (folder / "dev.json.gz").exists()

    def test_missing_stack(self, backend: Backend) -> None:
        with pytest.raises(StackNotFoundError) as caught:
            backend.read("dev")
        assert caught.value.exit_code == 6

    def test_damaged_checkpoint(self, backend: Backend) -> None:
        backend.write("dev", b"{")
        with pytest.raises(EngineError, match="damaged"):
            backend.read("dev")

    def test_locks(self, backend: Backend) -> None:
        with backend.lock("dev"):
            with pytest.raises(EngineError, match="currently locked by 1 lock"), backend.lock("dev"):
                pass
            with backend.lock("other"):
                pass
            assert backend.cancel("dev") == 1
        with backend.lock("dev"):
            pass

    @pytest.mark.parametrize("url", ["s3://bucket", "https://api.pulumi.com", "azblob://c"])
    def test_other_backends_are_refused(self, url: str, tmp_path: Path) -> None:
        with pytest.raises(UnsupportedError, match="backend"):
            Backend.open(url, "things", tmp_path)

    def test_the_folder_must_exist(self, tmp_path: Path) -> None:
        with pytest.raises(EngineError, match="no such directory"):
            Backend.open(f"file://{tmp_path}/none", "things", tmp_path)

    def test_the_old_layout_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / ".pulumi" / "stacks").mkdir(parents=True)
        (tmp_path / ".pulumi" / "stacks" / "dev.json").write_text("{}", "utf-8")
        with pytest.raises(UnsupportedError, match="layout"):
            Backend.open(f"file://{tmp_path}", "things", tmp_path)


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


def test_deletes_come_in_layers() -> None:
    group, inside = state("g"), state("in", parent=urn("g"))
    after = state("after", dependencies=[urn("g")])
    assert [[item.name for item in layer] for layer in layers([group, inside, after])] == [["after"], ["in"], ["g"]]


def test_aliases_multiply_with_the_parents() -> None:
    found = alias_urns(
        stack="dev",
        project="things",
        parent=urn("new"),
        type_="t:i:T",
        name="new-child",
        aliases=[Alias(type="t:i:Old")],
        parent_alias=urn("old"),
    )
    assert found == [
        make("dev", "things", urn("new"), "t:i:Old", "new-child"),
        make("dev", "things", urn("old"), "t:i:T", "old-child"),
        make("dev", "things", urn("old"), "t:i:Old", "old-child"),
    ]


def test_the_root_stack_is_no_part_of_types() -> None:
    assert make("dev", "things", STACK, "t:i:T", "a") == "urn:pulumi:dev::things::t:i:T::a"


def test_target_globs() -> None:
    thing = "urn:pulumi:dev::things::pulumi-python:dynamic/acme:Thing::a"
    assert thing in Patterns(["**Thing::a"])
    assert thing in Patterns([thing])
    assert thing not in Patterns(["urn:pulumi:dev::things::*::a"])
    assert Patterns([thing, "urn:x"]).missing([thing]) == ["urn:x"]


def test_what_excludes_keep() -> None:
    """What they need, what is in a component that they need other than as a parent, and dependents when asked."""
    group = State(urn=urn("g"), custom=False, type="t:t:G")
    rows = [group, state("in", parent=urn("g")), state("beside"), state("x", dependencies=[urn("g")]),
            state("child", parent=urn("g")), state("after", dependencies=[urn("x")])]  # fmt: skip

    def kept(*names: str, **more: bool) -> set[str]:
        return {one.rpartition("::")[2] for one in kept_for(Selection(excludes=[urn(n) for n in names], **more), rows)}

    assert kept() == set()
    assert kept("x") == {"x", "g", "in"}
    assert kept("child") == {"child", "g"}
    assert kept("x", exclude_dependents=True) == {"x", "g", "in", "child", "after"}


@pytest.mark.parametrize(("text", "value"), [("1h30m", 5400), ("5s", 5), ("1.5s", 1.5), ("100ms", 0.1)])
def test_durations(text: str, value: float) -> None:
    assert seconds(text) == value


def test_no_duration() -> None:
    with pytest.raises(EngineError):
        seconds("soon")


def test_unknowns_are_written_as_the_marker() -> None:
    assert encode(state("a", id=UNKNOWN), lambda text: {})["id"].startswith("04da6b54")
