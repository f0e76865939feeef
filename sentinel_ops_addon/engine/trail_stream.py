"""The rows of the trail on a connection of their own, for answers that are made while they go."""

from contextlib import contextmanager

from odoo import api

from .trail import entry_rows, line_rows

# Rows read at once: some megabytes of lines.
_AT_ONCE = 4000


def stream_entries(registry, user_id, context, after, until):
    """Rows of places of the current chain after one, up to another."""
    with _reading(registry, user_id, context) as env:
        chain = env["sentinel.chain"]._identity()
        for position, row in entry_rows(env, chain, after):
            if position > until:
                return
            yield row


def stream_lines(registry, user_id, context, after, after_line, until):
    """Rows of lines of sealed runs in chain order, from a line on."""
    with _reading(registry, user_id, context) as env:
        chain = env["sentinel.chain"]._identity()
        for _place, row in line_rows(env, chain, after, after_line, until, _AT_ONCE):
            yield row


@contextmanager
def _reading(registry, user_id, context):
    """An environment of one snapshot; gone with its connection when the client hangs up."""
    with registry.cursor() as cr:
        cr.execute("SET TRANSACTION READ ONLY")
        yield api.Environment(cr, user_id, context)
