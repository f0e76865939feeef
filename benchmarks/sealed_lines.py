"""A sealed run with very many lines: copies of a real one, sealed by the engine itself."""

import json

from sentinel_env.throwaway import Throwaway

# Of the copies differs what differs in life, and what cannot be packed: names, amounts, salts and
# fingerprints. The run is an open one while its lines come: nobody adds any to a sealed one.
_MAKE = """
from odoo.addons.sentinel_ops_addon.engine.dispatcher import dispatch
from odoo.addons.sentinel_ops_addon.engine.seal import seal
cr = env.cr
cr.execute('''
    UPDATE sale_order
       SET state = 'draft', locked = false, date_order = date_order - interval '1 year'
     WHERE company_id = 1
''')
cr.commit()
env(user=env.ref('base.user_admin').id)['sentinel.job'].trigger(
    'clean_old_orders', 'plan', {'days': 30, 'limit': 1})
dispatch(cr.dbname)
cr.rollback()
cr.execute('SELECT id, run_id FROM sentinel_run_line')
((line, run),) = cr.fetchall()
cr.execute('''
    INSERT INTO sentinel_run
    SELECT copied.*
      FROM sentinel_run AS run
     CROSS JOIN jsonb_populate_record(run, jsonb_build_object(
               'id', nextval('sentinel_run_id_seq'), 'uid', gen_random_uuid()::text,
               'state', 'running', 'position', NULL, 'salt', NULL, 'idempotency_key', NULL)
           ) AS copied
     WHERE run.id = %s
 RETURNING id
''', [run])
((copy,),) = cr.fetchall()
cr.execute('''
    INSERT INTO sentinel_run_line
    SELECT copied.*
      FROM sentinel_run_line AS line
     CROSS JOIN generate_series(1, %s) AS n
     CROSS JOIN jsonb_populate_record(line, jsonb_build_object(
               'id', nextval('sentinel_run_line_id_seq'), 'run_id', %s::int, 'position', n,
               'record_ref', 1000 + n, 'record_name', 'S' || lpad(n::text, 7, '0'),
               'before', line.before || jsonb_build_object('amount_total', n %% 5000),
               'amount', n %% 5000, 'salt', replace(gen_random_uuid()::text, '-', ''),
               'fingerprint', encode(sha256(n::text::bytea), 'hex'))
           ) AS copied
     WHERE line.id = %s
''', [COUNT, copy, line])
cr.execute("UPDATE sentinel_run SET state = 'sealing' WHERE id = %s", [copy])
cr.commit()
seal(cr.dbname, copy)
cr.rollback()
cr.execute('ANALYZE sentinel_run_line')
cr.commit()
cr.execute('SELECT position, seal FROM sentinel_chain')
import json
print(json.dumps(cr.fetchone()))
"""


def make_sealed(throwaway: Throwaway, database: str, count: int) -> tuple[int, str]:
    """Seal a run with so many lines, and return where the chain ends: position and seal.

    :param database: a new one; a run with one line is sealed before.
    :raises SetupError: Odoo could not.
    """
    printed = throwaway.shell(database, f"COUNT = {count}\n{_MAKE}")
    position, seal = json.loads(printed.splitlines()[-1])
    return int(position), str(seal)
