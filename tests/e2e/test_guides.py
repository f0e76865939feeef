"""What the guides tell people to type works as written."""

import re
import shlex
from pathlib import Path

from .first_system import ROOT, House

GUIDE = (ROOT / "docs" / "guides" / "create-a-job.md").read_text()


def test_the_job_of_the_guide_from_menu_to_shell(house: House, tmp_path: Path) -> None:
    admin = house.server.rpc()
    values = [{"name": name, "lang": False, "email": "x@example.com"} for name in "ab"]
    contacts = admin.execute("res.partner", "create", values)
    chapter = GUIDE.partition("\n## 7. See it\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^\$ sentinel-ops (.*)$", chapter, re.MULTILINE)
    assert len(commands) == 8
    printed = {}
    for command in commands:
        said = house.auditor(tmp_path, *shlex.split(command))
        assert said.code == 0, (command, said.out, said.err)
        printed[command] = said.out
        rows = admin.execute("res.partner", "read", contacts, ["lang"])
        changed = [row["lang"] for row in rows if row["lang"]]
        if "--limit=1" in command:
            assert "✓ changed" in said.out
        elif "--dry-run" in command or "--simulate" in command:
            assert not changed
    assert "Contacts without a language" in printed["list --tag contacts"]
    assert "--days INTEGER" in printed["run contacts_without_language --help"]
    assert "contacts_without_language" in printed["show --job contacts_without_language"]


def test_the_job_of_the_guide_is_in_the_menu(house: House) -> None:
    """What the list under *Sentinel > Jobs* reads, as the operator who looks at it."""
    operator = house.server.rpc(house.login, house.key)
    fields = ["name", "task_id", "is_available", "max_records", "parameters"]
    (job,) = operator.execute(
        "sentinel.job", "search_read", [("code", "=", "contacts_without_language")], fields
    )
    assert (job["name"], job["is_available"], job["max_records"]) == (
        "Contacts without a language",
        True,
        200,
    )
    assert {each["name"]: each["string"] for each in job["parameters"]} == {
        "days": "Older than (days)",
        "limit": "At most (records)",
    }
