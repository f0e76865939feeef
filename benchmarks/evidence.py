"""No time is believed before the work was found in the database, past Odoo and past us."""

from collections.abc import Callable
from typing import Any

from sentinel_env.errors import SetupError

_ORDERS = """
SELECT count(*),
       count(*) FILTER (WHERE state = 'cancel'),
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM mail_message AS message
             JOIN mail_tracking_value AS value ON value.mail_message_id = message.id
             JOIN ir_model_fields AS field ON field.id = value.field_id
            WHERE message.model = 'sale.order' AND message.res_id = sale_order.id
              AND field.name = 'state'))
  FROM sale_order WHERE client_order_ref = :'mark'
"""
_LINES = """
SELECT count(*), count(DISTINCT sale_order.id)
  FROM sentinel_run_line AS line
  JOIN sentinel_run AS run ON run.id = line.run_id
  LEFT JOIN sale_order ON sale_order.id = line.record_ref AND line.model = 'sale.order'
        AND sale_order.client_order_ref = :'mark' AND sale_order.state = 'cancel'
        AND line.outcome = 'done'
        AND line.before ->> 'state' = 'draft' AND line.after ->> 'state' = 'cancel'
 WHERE run.uid = :'uid'
"""


class Evidence:
    """Looks at what became of marked quotations.

    :param sql: runs a statement with named values and returns rows of text.
    """

    def __init__(self, sql: Callable[..., list[list[str]]]) -> None:
        self._sql = sql

    def untouched(self, mark: str, count: int) -> None:
        """Make sure that all are there and none was cancelled.

        :raises SetupError: otherwise.
        """
        self._demand(mark, count, cancelled=0)

    def cancelled(self, mark: str, count: int, untouched: int = 0) -> None:
        """Make sure that all were cancelled, and that the chatter of each tells it.

        :param untouched: so many of them were not to be.
        :raises SetupError: otherwise.
        """
        self._demand(mark, count, cancelled=count - untouched)

    def planned(self, status: dict[str, Any], count: int) -> None:
        """Make sure that a plan found just the marked ones.

        :raises SetupError: otherwise.
        """
        found = (status["status"], status["matched"], status["outcomes"])
        if found != ("dry_run", count, {"planned": count}):
            raise SetupError(f"the plan should find {count} quotations and says {found}")

    def audited(self, mark: str, status: dict[str, Any], count: int) -> None:
        """Make sure that a live run cancelled all, one line with before and after for each.

        :raises SetupError: otherwise.
        """
        found = (status["status"], status["outcomes"])
        if found != ("success", {"done": count}):
            raise SetupError(
                f"the live run should cancel {count} quotations and says {found} {status['error']}"
            )
        lines, good = (int(text) for text in self._sql(_LINES, mark=mark, uid=status["uid"])[0])
        if (lines, good) != (count, count):
            raise SetupError(
                f"the live run of {count} quotations has {lines} lines, {good} of them as it should"
            )
        self.cancelled(mark, count)

    def _demand(self, mark: str, count: int, *, cancelled: int) -> None:
        found = tuple(int(text) for text in self._sql(_ORDERS, mark=mark)[0])
        if found != (count, cancelled, cancelled):
            raise SetupError(
                f"of {count} quotations {mark!r}, {found[0]} are there, {found[1]} are cancelled "
                f"and {found[2]} say so in their chatter; it should be {cancelled}"
            )
