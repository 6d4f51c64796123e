"""The engine's own exceptions. Every one of them prints as one line and carries the exit code of the command."""

from __future__ import annotations


class EngineError(Exception):
    """A failure that ends the command. ``exit_code`` follows the Pulumi CLI: 1 failed, 2 usage, 6 no such stack."""

    exit_code = 1


class InteractionNeededError(EngineError):
    """A change was asked for without ``--yes``, ``--skip-preview`` or ``--preview-only`` and nobody can be asked."""

    exit_code = 2


class StackNotFoundError(EngineError):
    """The stack does not exist in the backend."""

    exit_code = 6


class UnexpectedChangesError(EngineError):
    """``--expect-no-changes`` was given and something would change or has changed."""

    exit_code = 7


class UnsupportedError(EngineError):
    """A feature of Pulumi that this engine does not have. The text names the feature and a way out."""

    def __init__(self, feature: str, way_out: str = "") -> None:
        super().__init__(f"the embedded engine does not support {feature}: {way_out or 'use the Pulumi CLI for it'}")
