"""The chain as auditors pull it: places and lines, as sealed, packed for the way out.

Rows of text, made by PostgreSQL from the columns that the seals were made from; nothing is
serialized twice. One compressed text for each page: XML-RPC refuses nulls and large numbers, and
spends most of its time on tags. The form of the rows is documented in docs/chain.md.
"""

import base64
import zlib
from itertools import groupby

from odoo.fields import Domain

from .chain import content

# Text of a page before it is packed, in bytes; both sides hold it in memory.
PAGE_BYTES = 8_000_000
_ENTRIES_AT_ONCE = 100
_LINES_AT_ONCE = 1000

_ENTRIES = f"""
    SELECT entry.position, entry.kind, entry.ref, entry.uid, {content.utc("entry.sealed_at")},
           entry.digest, entry.seal, entry.withheld, coalesce(run.salt, event.salt),
           CASE WHEN run.id IS NOT NULL THEN {content.RUN}
                WHEN event.id IS NOT NULL THEN {content.EVENT} END
      FROM sentinel_chain_entry AS entry
      LEFT JOIN sentinel_run AS run ON entry.kind = 'run' AND run.id = entry.ref
      LEFT JOIN sentinel_event AS event ON entry.kind = 'event' AND event.id = entry.ref
     WHERE entry.chain = %s AND entry.position > %s
     ORDER BY entry.position
     LIMIT %s
"""
_RUNS_WITH_LINES = """
    SELECT position, ref, line_count
      FROM sentinel_chain_entry
     WHERE chain = %s AND kind = 'run' AND line_count > 0 AND position BETWEEN %s AND %s
       AND withheld IS DISTINCT FROM 'lines'
     ORDER BY position
     LIMIT %s
"""
_LINE_ROW = f"""
    SELECT entry.position, line.position,
           entry.position || E'\\t' || line.position || E'\\t' || coalesce(line.digest, '')
           || E'\\t' || CASE WHEN line.digest IS NULL THEN line.salt || E'\\t' || {content.LINE}
                            ELSE E'\\t' END
      FROM sentinel_run_line AS line
      JOIN sentinel_run AS run ON run.id = line.run_id
"""
_LINES = f"""
    {_LINE_ROW}
      JOIN unnest(%s::int[], %s::int[]) AS entry (position, ref) ON entry.ref = run.id
     WHERE line.run_id = ANY(%s)
     ORDER BY entry.position, line.position
"""
# A run may have a million lines. Read in the order of their index: where a second table takes part
# in the order, PostgreSQL makes and sorts all that is left of them for each page.
_LINES_OF_ONE = f"""
    {_LINE_ROW}
     CROSS JOIN (SELECT %s::int AS position) AS entry
     WHERE line.run_id = %s AND line.position > %s
     ORDER BY line.position
     LIMIT %s
"""


def export_runs(env, after, limit):
    """See ``sentinel.run.export_runs``."""
    chain = env["sentinel.chain"]._identity()
    page = list(_within(PAGE_BYTES, entry_rows(env, chain, after, limit)))
    return {
        "chain": chain.uid,
        "head": str(chain.position),
        "head_seal": chain.seal,
        "start": str(chain.start_position),
        "start_seal": chain.start_seal,
        "count": len(page),
        "next": str(page[-1][0] if page else after),
        "data": pack(row for _position, row in page),
    }


def export_lines(env, after, after_line, until, limit):
    """See ``sentinel.run.export_lines``."""
    chain = env["sentinel.chain"]._identity()
    page, place = [], (after, after_line)
    more = False
    rows = line_rows(env, chain, after, after_line, until, min(limit + 1, _LINES_AT_ONCE))
    for place_of_row, row in _within(PAGE_BYTES, rows):
        if len(page) == limit:
            more = True
            break
        place = place_of_row
        page.append(row)
    else:
        # Whether the rows ended by themselves or the page was full.
        more = next(rows, None) is not None
    return {
        "chain": chain.uid,
        "count": len(page),
        "next": str(place[0]),
        "next_line": place[1],
        "more": more,
        "data": pack(page),
    }


def entry_rows(env, chain, after, limit=None):
    """Places of a chain in order, as ``(position, row)``, with what the caller may see.

    :param chain: the ``sentinel.chain`` record
    :param after: a position
    :param limit: how many at most; ``None`` for all
    """
    left = float("inf") if limit is None else limit
    while left > 0:
        size = int(min(left, _ENTRIES_AT_ONCE))
        env.cr.execute(_ENTRIES, [chain.uid, after, size])
        found = env.cr.fetchall()
        if not found:
            return
        visible = {
            kind: _visible(env, model, [row[2] for row in found if row[1] == kind])
            for kind, model in (("run", "sentinel.run"), ("event", "sentinel.event"))
        }
        for position, kind, ref, uid, sealed_at, digest, seal, withheld, salt, text in found:
            if text is not None and ref not in visible[kind]:
                withheld = "company"
            if withheld not in (None, "lines"):
                salt = text = ""
            # What is gone without a word of it does not fit its digest, and is found so.
            columns = (position, kind, uid, sealed_at, digest, seal, withheld, salt, text)
            yield position, "\t".join("" if column is None else str(column) for column in columns)
        after, left = found[-1][0], left - len(found)


def line_rows(env, chain, after, after_line, until, at_once=_LINES_AT_ONCE):
    """Lines of sealed runs in chain order, as ``((run's position, line's), row)``.

    Those of runs that the caller may not see are left out.

    :param after: position of the last run already held, whole or in part
    :param after_line: position of its last line held
    :param until: position of the last run wanted
    :param at_once: how many rows to read from the database at once, about
    """
    first = after
    while True:
        env.cr.execute(_RUNS_WITH_LINES, [chain.uid, first, until, at_once])
        found = env.cr.fetchall()
        visible = _visible(env, "sentinel.run", [ref for _position, ref, _count in found])
        runs = [run for run in found if run[1] in visible]
        for group in _groups(runs, at_once):
            held = after_line if group[0][0] == after else 0
            yield from _lines_of(env, group, held, at_once)
        if len(found) < at_once:
            return
        first = found[-1][0] + 1


def _groups(runs, at_once):
    """Split runs so that each group has at most that many lines, or is one run."""
    number, lines = 0, 0
    numbers = {}
    for position, _ref, count in runs:
        if lines and lines + count > at_once:
            number, lines = number + 1, 0
        numbers[position], lines = number, lines + count
    return [list(group) for _number, group in groupby(runs, lambda run: numbers[run[0]])]


def _lines_of(env, runs, held, at_once):
    """Rows of a group of runs, a bounded number at a time.

    :param held: position of the first run's last line held; only of use where it is alone
    """
    if held and len(runs) > 1:
        # The first one is begun already, the others are not.
        yield from _lines_of(env, runs[:1], held, at_once)
        yield from _lines_of(env, runs[1:], 0, at_once)
        return
    if len(runs) > 1:
        # Several runs have few lines.
        positions, refs, _counts = map(list, zip(*runs, strict=True))
        env.cr.execute(_LINES, [positions, refs, refs])
        for run_position, position, row in env.cr.fetchall():
            yield (run_position, position), row
        return
    ((run_position, ref, _count),) = runs
    while True:
        env.cr.execute(_LINES_OF_ONE, [run_position, ref, held, at_once])
        found = env.cr.fetchall()
        for _run_position, position, row in found:
            yield (run_position, position), row
        if len(found) < at_once:
            return
        held = found[-1][1]


def _visible(env, model, ids):
    """Which of these records the caller may see, by the rules of their companies."""
    return set(env[model].search(Domain("id", "in", ids)).ids) if ids else set()


def _within(size, rows):
    """The rows until their text reaches a size in bytes; one at least."""
    for place, row in rows:
        yield place, row
        size -= len(row.encode())
        if size <= 0:
            return


def pack(rows) -> str:
    """Rows, compressed, as text that every transport can carry."""
    return base64.b64encode(zlib.compress("\n".join(rows).encode())).decode()
