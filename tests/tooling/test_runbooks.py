"""Each alert has its runbook, and what a runbook tells people to click or type exists."""

import re
import shlex
from pathlib import Path

import click
import pytest

from auditor.alerts.kinds import KINDS
from auditor.cli.top import group

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "runbooks"
INDEX = (FOLDER / "README.md").read_text()
LISTED = dict(re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|", INDEX, re.MULTILINE))
PAGES = {path.stem: path.read_text() for path in FOLDER.glob("*.md") if path.stem != "README"}
PARTS = ("What it means.", "How bad.", "Look", "Do", "It is over", "Silence it")
# Odoo's own words.
OF_ODOO = {"Settings", "Users & Companies", "Users", "Technical", "Scheduled Actions", "Graph"}
OF_ODOO |= {"My Preferences", "Security", "Add API Key"}


def test_the_index_has_all_pages_and_no_other() -> None:
    assert set(LISTED) == set(PAGES)


def test_each_alert_has_a_page() -> None:
    assert {name: kind.severity.value for name, kind in KINDS.items()} == LISTED


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_has_all_parts_in_order(name: str) -> None:
    places = [PAGES[name].find(f"\n**{part}") for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)
    assert f"`{name}`" in PAGES[name].splitlines()[2]
    assert f"--matcher kind={name} " in PAGES[name]
    # Short: somebody reads it at night.
    assert len(PAGES[name].splitlines()) < 40


def sources() -> str:
    """Everything that the addon shows: views, menus, labels."""
    addon = ROOT / "sentinel_ops_addon"
    folders = ("views", "models", "engine", "wizards", "security", "data")
    files = [path for folder in folders for path in (addon / folder).rglob("*")]
    return "\n".join(path.read_text() for path in files if path.suffix in (".xml", ".py"))


def clicked() -> set[str]:
    """Everything in italics, one step of a path each."""
    words = re.findall(r"(?<!\*)\*([A-Z][^*\n]*)\*(?!\*)", "\n".join([INDEX, *PAGES.values()]))
    return {step for word in words for step in word.split(" > ")}


def test_what_it_tells_people_to_click_exists() -> None:
    source = sources()
    meanings = set(re.findall(r"\*(\w+)\*: ", INDEX))
    unknown = {
        word
        for word in clicked() - OF_ODOO - meanings
        if f'"{word}"' not in source and f">{word}<" not in source
    }
    assert not unknown


def typed() -> list[str]:
    """Every command in the runbooks."""
    text = "\n".join([INDEX, *PAGES.values()])
    return sorted(
        set(re.findall(r"`(sentinel-ops [^`]*)`", text))
        | set(re.findall(r"^\$ (sentinel-ops .*)$", text, re.MULTILINE))
    )


@pytest.mark.parametrize("line", typed())
def test_what_it_tells_people_to_type_exists(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command | None = group
    context = click.Context(group)
    while isinstance(command, click.Group):
        name = words.pop(0)
        command = command.get_command(context, name)
        assert command is not None, name
    assert command is not None
    options = {name for option in command.params for name in option.opts + option.secondary_opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options
