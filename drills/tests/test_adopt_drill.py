"""The adoption drill, small: kills where most is under way."""

from __future__ import annotations

from pathlib import Path

from drills.kills.adopt import CUSTOMERS, grown
from drills.seed.account import account


def test_a_killed_adoption_goes_on(tmp_path: Path) -> None:
    with account(CUSTOMERS, "reseller", tmp_path) as at:
        ground = grown(at)
        drafts = [n for n, name in enumerate(ground.moments, 1) if name.startswith("os.rename") and ".yaml.new" in name]
        states = [n for n, name in enumerate(ground.moments, 1) if name.startswith("os.rename") and "/stacks/" in name]
        for moment in (drafts[len(drafts) // 2], states[-1]):
            assert ground.kill(moment) == (True, [])
