"""The guides show code that exists and is tested, and their links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
EXAMPLE = ROOT / "tests" / "addons" / "test_sentinel_ops_addon"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "AGENTS.md", ROOT / "CONTRIBUTING.md"])


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a guide."""
    text = (DOCS / "guides" / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_job_of_the_guide_is_the_tested_one() -> None:
    task, tests = blocks("create-a-job.md", "python")
    assert task == (EXAMPLE / "tasks" / "contacts_without_language.py").read_text()
    assert tests == (EXAMPLE / "tests" / "test_contacts_without_language.py").read_text()
    (data,) = blocks("create-a-job.md", "xml")
    real = (EXAMPLE / "data" / "sentinel_job_data.xml").read_text()
    for part in data.split("\n\n"):
        assert part.strip() in real


def test_the_operation_of_the_guide_is_the_tested_one() -> None:
    (operation,) = blocks("create-an-operation.md", "python")
    imports, _, body = operation.partition("\n\n\n")
    real = (EXAMPLE / "operations" / "partners.py").read_text()
    assert real.startswith(imports)
    assert real.endswith(body)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), target


def anchors(page: Path) -> set[str]:
    """Return the names by which the headings of a page are reached."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
