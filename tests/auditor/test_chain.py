"""The canonical form of the chain, by numbers computed elsewhere, and hand-made rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.odoo import packed
from auditor.stores.interface import EMPTY, NO_SEAL, Entry, Head, LineRow
from auditor.trail.chain import (
    LinesCheck,
    check_entry,
    digest,
    facts,
    lines_digest,
    seal,
    seals_digest,
)
from auditor.trail.errors import Broken

CHAIN = "11111111-2222-3333-4444-555555555555"
UID = "3f1c9a52-0d5e-4b8f-9f55-0a4c8a3d2b11"
AT = "2026-01-31T12:00:00.000000Z"
SALT = "00112233445566778899aabbccddeeff"
CONTENT = '{"job":"clean_old_orders","name":"Ünïcode 💶 \\u0001 \\n"}'
# sha256sum of the bytes, by coreutils.
DIGEST = "7eb1a18124f43f31b1ade38766f8fe69e3c71e6baf73ffc89f67c3bb6efb9555"
SEAL = "4c19c5c3224bb0d2e639c874804cc5f4416fc3f2e96ec5a961faa08a09e78365"
OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
VECTORS = Path(__file__).parents[1] / "support" / "chain_vectors.json"


def test_vectors() -> None:
    assert digest(SALT, CONTENT) == DIGEST
    entry = Entry(1, "run", UID, AT, DIGEST, SEAL, "", SALT, CONTENT)
    assert seal(CHAIN, entry, NO_SEAL) == SEAL
    assert check_entry(CHAIN, entry, EMPTY) == Head(1, SEAL)
    assert lines_digest([]) == OF_NOTHING
    assert seals_digest([]) == OF_NOTHING
    # Raw digests one after the other, not their hexadecimal text.
    assert (
        lines_digest([DIGEST, SEAL])
        == "dc31771cd4a85aa28e0d951295e77e00e77d47b510f739972e18995adde88b8d"
    )


def test_every_field_is_sealed() -> None:
    entry = Entry(1, "run", UID, AT, DIGEST, SEAL, "", SALT, CONTENT)
    others = [
        entry._replace(kind="event"),
        entry._replace(uid=UID[:-1] + "2"),
        entry._replace(sealed_at=AT.replace("31", "30")),
        entry._replace(digest=OF_NOTHING, salt="", content="", withheld="erased"),
        entry._replace(salt=SALT[:-1] + "e"),
        entry._replace(content=CONTENT + " "),
        entry._replace(withheld="because"),
        entry._replace(salt="", content=""),
    ]
    for other in others:
        with pytest.raises(Broken):
            check_entry(CHAIN, other, EMPTY)
    with pytest.raises(Broken):
        check_entry(CHAIN[:-1] + "6", entry, EMPTY)
    with pytest.raises(Broken):
        check_entry(CHAIN, entry, Head(0, DIGEST))
    for reason in ("company", "erased", "retention"):
        bare = entry._replace(salt="", content="", withheld=reason)
        assert check_entry(CHAIN, bare, EMPTY) == Head(1, SEAL)


def test_lines_that_begin_at_no_one_and_leave_gaps() -> None:
    """Of a plan some lines may be chosen: their numbers stay, so a gap by itself is none."""
    rows = [LineRow(1, number, "", SALT, f'{{"position":{number},"x":1}}') for number in (2, 5, 9)]
    made = [digest(row.salt, row.content) for row in rows]
    content = json.dumps({"line_count": 3, "lines_digest": lines_digest(made)})
    run = Entry(1, "run", UID, AT, "", "", "", SALT, content)
    check = LinesCheck([run])
    assert [row.digest for row in check.take(rows)] == made
    check.end()
    assert check.lines == 3
    check = LinesCheck([run])
    check.take(rows[:2])
    with pytest.raises(Broken, match="a line is missing: 3 lines were sealed and 2 are there"):
        check.end()


@pytest.mark.skipif(not VECTORS.exists(), reason="the addon's test vectors are not there")
def test_a_trail_that_odoo_made() -> None:
    """The small trail that the addon's tests write, made by a real Odoo."""
    vectors = json.loads(VECTORS.read_text())
    entries = packed.entries(vectors["places"])
    lines = packed.lines(vectors["lines"])
    head = EMPTY
    for entry in entries:
        head = check_entry(vectors["chain"], entry, head)
        facts(entry)
    assert head.seal == vectors["head_seal"]
    check = LinesCheck(entries)
    check.take(lines)
    check.end()
    assert check.lines == len(lines) > 0
