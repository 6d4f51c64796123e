"""The state folder: layout, locks, what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from dynamic_engine.errors import EngineError, StackNotFoundError, UnsupportedError
from dynamic_engine.state.backend import Backend


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
