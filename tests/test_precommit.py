"""A commit is checked by the tools of `make check` and by nothing that would have to be fetched."""

from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent


def test_every_hook_is_a_tool_of_make_check() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    recipe = recipe.replace("$(BIN)/", ".venv/bin/")
    given = YAML(typ="safe").load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = [hook for repo in given["repos"] for hook in repo["hooks"]]
    assert {repo["repo"] for repo in given["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    assert "make check" in {hook["entry"] for hook in hooks if hook.get("stages") == ["pre-push"]}
    for hook in hooks:
        words = hook["entry"].replace(" --force-exclude", "")
        assert words == "make check" or words in recipe, hook["entry"]
