"""What a run with nothing to do costs, in statements."""

import json

from sentinel_env.console import busy
from sentinel_env.throwaway import Throwaway

from .comparison import Comparison
from .settings import Settings

MOST = 15
# Counted like in the addon's own test: all that one call of the dispatcher hands to cursors on the
# connections that it opens, until the run has its place in the chain.
_COUNT = """
import json
from unittest.mock import patch
import psycopg2, psycopg2.extensions
from odoo.addons.sentinel_ops_addon.engine.dispatcher import dispatch
connect, sent = psycopg2.connect, []
class Counting(psycopg2.extensions.cursor):
    def execute(self, query, *args):
        sent.append(str(query))
        return super().execute(query, *args)
    def copy_expert(self, sql, *args):
        sent.append(sql)
        return super().copy_expert(sql, *args)
def counting(*args, **kwargs):
    return connect(*args, cursor_factory=Counting, **kwargs)
def count(mode):
    if mode:
        env['sentinel.job'].trigger('clean_old_orders', mode, {'days': 36500})
    sent.clear()
    with patch('psycopg2.connect', counting):
        dispatch(env.cr.dbname)
    if not mode:
        return len(sent)
    return 1 + max(number for number, text in enumerate(sent) if '_chain' in text)
env = env(user=env.ref('base.user_admin'))
count('plan')
count('live')
print(json.dumps({'plan': count('plan'), 'live': count('live'), 'none': count('')}))
"""


def measure(throwaway: Throwaway, _settings: Settings) -> list[Comparison]:
    """Count, in an Odoo that is warm.

    :raises SetupError: Odoo could not.
    """
    database = throwaway.database()
    try:
        with busy("counting the statements of runs with nothing to do"):
            found = json.loads(throwaway.shell(database, _COUNT).splitlines()[-1])
    finally:
        throwaway.drop(database)
    return [
        Comparison(
            "A run with nothing to do",
            notes=(
                f"plan, from dispatch to sealed: {found['plan']} statements (wanted: <= {MOST})",
                f"live and the plan it makes, two runs: {found['live']} statements "
                f"(wanted: <= {2 * MOST})",
                f"a look that finds no run: {found['none']}",
            ),
            figures={"statements": found},
        )
    ]
