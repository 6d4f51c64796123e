"""What every command on a stack opens: project, backend, stack configuration, secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from dynamic_engine.errors import EngineError, StackNotFoundError
from dynamic_engine.project.project import Project
from dynamic_engine.project.stack_file import StackConfig
from dynamic_engine.protocol.values import Secret
from dynamic_engine.state import checkpoint
from dynamic_engine.state.backend import ORGANIZATION, Backend
from dynamic_engine.state.checkpoint import Dumper, Pending, Snapshot
from dynamic_engine.state.crypter import Crypter, passphrase_from_environment
from dynamic_engine.state.resource import State


class Session:
    """One project and, for most commands, one stack of it."""

    def __init__(self, folder: Path, stack: str = "") -> None:
        """*stack* may be empty (the selected one), a name, or ``organization/<project>/<name>``."""
        self.project = Project.find(folder.resolve())
        self._asked = stack
        self._crypters: dict[str, Crypter] = {}

    @cached_property
    def backend_url(self) -> str:
        """The address of the state. Raises :class:`EngineError` when none is named."""
        url = os.environ.get("PULUMI_BACKEND_URL") or self.project.backend_url
        if not url:
            raise EngineError("no backend: set PULUMI_BACKEND_URL to file://<folder of the state>")
        return url

    @cached_property
    def backend(self) -> Backend:
        """The state folder. Raises :class:`EngineError` when no backend is named."""
        return Backend.open(self.backend_url, self.project.name, self.project.root)

    @cached_property
    def stack(self) -> str:
        """The name of the stack. Raises :class:`EngineError` when none is named or selected."""
        name = self._asked or self.project.selected_stack(self.backend_url)
        if not name:
            raise EngineError("no stack selected; name one with --stack")
        return self.short_name(name)

    def short_name(self, name: str) -> str:
        """The stack's name without organization and project, which must be ours."""
        *prefix, short = name.split("/")
        if prefix and prefix not in ([ORGANIZATION], [ORGANIZATION, self.project.name]):
            raise EngineError(f"'{name}' is no stack of project '{self.project.name}'")
        if not short or not all(char.isalnum() or char in "-_." for char in short):
            raise EngineError(f"'{short}' is no valid stack name: letters, digits, hyphens, underscores, periods")
        return short

    def require_stack(self) -> str:
        """The stack's name. Raises :class:`StackNotFoundError` when a named one is not there."""
        if not self.backend.exists(self.stack):
            if not self._asked:
                raise EngineError(f"no stack selected: there is no '{self.stack}'; name one with --stack")
            raise StackNotFoundError(f"no stack named '{self.stack}' found")
        return self.stack

    # -- configuration and secrets --------------------------------------------------------------------------------

    @cached_property
    def config(self) -> StackConfig:
        """The stack file."""
        return StackConfig.load(self.project.stack_file(self.stack), self.project.name)

    def crypter_for(self, salt_line: str) -> Crypter:
        """The crypter of a salt line under the passphrase of the environment."""
        crypter = self._crypters.get(salt_line)
        if crypter is None:
            crypter = self._crypters[salt_line] = Crypter(passphrase_from_environment(), salt_line)
        return crypter

    def config_crypter(self) -> Crypter:
        """The crypter of the stack file; a stack file without salt gets a new one."""
        if not self.config.salt_line:
            crypter = Crypter.create(passphrase_from_environment())
            self._crypters[crypter.salt_line] = crypter
            self.config.set_salt(crypter.salt_line)
        return self.crypter_for(self.config.salt_line)

    def decrypted_config(self) -> dict[str, str | Secret]:
        """The configuration as programs get it. Checks the passphrase whenever the stack has a salt."""
        if self.config.salt_line:
            self.crypter_for(self.config.salt_line)

        def crypter() -> Crypter:
            if not self.config.salt_line:
                raise EngineError(f"{self.config.path.name} holds secrets but no encryptionsalt")
            return self.crypter_for(self.config.salt_line)

        return self.config.decrypted(crypter)

    # -- state ----------------------------------------------------------------------------------------------------

    def read(self) -> Mapping[str, Any]:
        """The checkpoint document."""
        return self.backend.read(self.require_stack())

    def snapshot(self) -> Snapshot:
        """The decoded state."""
        return checkpoint.load(self.read(), self.crypter_for)

    def writer_crypter(self, snapshot: Snapshot) -> Crypter:
        """The crypter that new texts of the state use: the stack file's, else the state's own, else a new one."""
        if not self.config.salt_line and snapshot.salt_line:
            return self.crypter_for(snapshot.salt_line)
        return self.config_crypter()

    def dumper(self, crypter: Crypter | None) -> Dumper:
        """What makes the text of this stack's checkpoints."""
        return Dumper(f"{ORGANIZATION}/{self.project.name}/{self.stack}", crypter)

    def write(self, crypter: Crypter | None, resources: Sequence[State], pending: Sequence[Pending]) -> None:
        """Replace the checkpoint of this stack."""
        self.backend.writer(self.stack)(self.dumper(crypter).dump(resources, pending))
