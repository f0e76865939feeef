"""`sentinel-ops pull`, with what each of its steps took.

Into a file or into BigQuery; over the streaming route with an API key, in pages with a password.
A process of its own: `python -m benchmarks.pulling`.
"""

import urllib3

from auditor.odoo import client as rpc
from auditor.odoo.sending import Sender
from auditor.settings import load
from auditor.stores.opening import open_store
from auditor.stores.sqlite import SqliteBatch, SqliteStore
from auditor.trail.chain import LinesCheck
from auditor.trail.pull import pull
from auditor.trail.source import Source

from .contenders import Order, Told, serve
from .stopwatch import Stopwatch

WAITING, UNPACKING, VERIFYING = "waiting for Odoo", "unpacking", "verifying"
WRITING, LOADING, LANDING = "writing", "loading", "landing"
IDLE = "nothing to write yet"


def copy(order: Order, told: Told) -> None:
    """Pull all there is."""
    watch = Stopwatch()
    _observe(watch)
    if order.store.startswith("bigquery:"):
        _observe_bigquery(watch)
    settings = load(
        odoo_url=order.url,
        odoo_db=order.database,
        odoo_username=order.login,
        odoo_password=order.secret,
        odoo_timeout=600.0,
        sentinel_store=order.store,
    )
    with told.timed(), open_store(settings, create=True) as store:
        connection = settings.connection()
        pulled = pull(rpc.connect(connection), store, url=connection.shown_url)
    told.lines, told.position, told.seal = pulled.lines, pulled.head.position, pulled.head.seal
    told.steps, told.steps_processor = watch.seconds(), watch.processor_seconds()


def _observe(watch: Stopwatch) -> None:
    watch.function(Sender, "post", WAITING)
    watch.function(urllib3.HTTPResponse, "read1", WAITING)
    watch.generator(Source, "_raw_lines", UNPACKING)
    watch.function(LinesCheck, "take", VERIFYING)
    watch.function(SqliteBatch, "add_lines", WRITING)
    # Its beginning and its commit: what comes between is counted for itself.
    watch.context(SqliteStore, "_transaction", WRITING)
    watch.generator(Source, "lines", IDLE)


def _observe_bigquery(watch: Stopwatch) -> None:
    # Google's client takes memory, which is not to be counted where it is not needed.
    from auditor.stores.bigquery.service import Service
    from auditor.stores.bigquery.store import BigQueryBatch

    watch.function(BigQueryBatch, "add_lines", WRITING)
    watch.function(Service, "load", LOADING)
    watch.function(Service, "run", LANDING)


if __name__ == "__main__":
    serve(copy)
