"""The chain as auditors pull it: places and lines, as sealed, packed for the way out.

Rows of text, made by PostgreSQL from the columns that the seals were made from; nothing is
serialized twice. One compressed text for each page: XML-RPC refuses nulls and large numbers, and
spends most of its time on tags. The form of the rows is documented in docs/chain.md.
"""

import base64
import zlib

from odoo.fields import Domain
from odoo.tools import groupby

from .chain import content

# Text of a page before it is packed, in bytes; both sides hold it in memory.
PAGE_BYTES = 8_000_000
_ENTRIES_AT_ONCE = 100
# One more than the auditor asks for: it tells whether there are more.
_LINES_AT_ONCE = 2001

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
           entry.position || E'\\t' || line.position || E'\\t' || coalesce(line.digest, '')
           || E'\\t' || CASE WHEN line.digest IS NULL THEN line.salt || E'\\t' || {content.LINE}
                            ELSE E'\\t' END
"""
_LINES = f"""
    SELECT entry.position, line.position, {_LINE_ROW}
      FROM sentinel_run_line AS line
      JOIN sentinel_run AS run ON run.id = line.run_id
      JOIN unnest(%s::int[], %s::int[]) AS entry (position, ref) ON entry.ref = run.id
     WHERE line.run_id = ANY(%s)
     ORDER BY entry.position, line.position
"""
# In the order of the index, from where it was left: sorted by the place in the chain as well, each
# step would read all the lines that are left.
_LINES_OF_ONE = f"""
    SELECT entry.position, line.position, {_LINE_ROW}
      FROM sentinel_run_line AS line
     CROSS JOIN sentinel_run AS run
     CROSS JOIN (VALUES (%s)) AS entry (position)
     WHERE line.run_id = %s AND line.position > %s AND run.id = %s
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
    at_once = min(limit + 1, _LINES_AT_ONCE)
    rows = line_rows(env, chain, after, after_line, until, at_once)
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
    return [group for _number, group in groupby(runs, lambda run: numbers[run[0]])]


def _lines_of(env, runs, held, at_once):
    """Rows of a group of runs, a bounded number at a time.

    :param held: position of the first run's last line held; only of use where it is alone
    """
    if len(runs) > 1 and not held:
        # Several runs have few lines, a single one may have a million.
        positions, refs = zip(*((position, ref) for position, ref, _count in runs), strict=True)
        env.cr.execute(_LINES, [list(positions), list(refs), list(refs)])
        yield from (((place, position), row) for place, position, row in env.cr.fetchall())
        return
    ((entry, run, _count), *others) = runs
    while True:
        env.cr.execute(_LINES_OF_ONE, [entry, run, held, run, at_once])
        found = env.cr.fetchall()
        yield from (((place, position), row) for place, position, row in found)
        if len(found) < at_once:
            break
        held = found[-1][1]
    if others:
        # The first one was begun already, the others were not.
        yield from _lines_of(env, others, 0, at_once)


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
    # The quickest level: most of what is left are salts and digests, which nothing makes smaller.
    return base64.b64encode(zlib.compress("\n".join(rows).encode(), level=1)).decode()
