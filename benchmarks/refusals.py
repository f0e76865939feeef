"""Records that Odoo refuses to change, the way a company's own rules do."""

from collections.abc import Callable, Sequence

from sentinel_env.odoo_rpc import OdooRpc

_MARK = "refused"


class Refusals:
    """A record rule under which nobody may write some orders, switched on for one run.

    :param rpc: an administrator.
    :param sql: runs a statement and returns rows of text.
    """

    def __init__(self, rpc: OdooRpc, sql: Callable[..., list[list[str]]]) -> None:
        self._rpc = rpc
        self._sql = sql
        (model,) = rpc.execute("ir.model", "search", [("model", "=", "sale.order")])
        self._rule = rpc.execute(
            "ir.rule",
            "create",
            {
                "name": "Benchmark: refused",
                "model_id": model,
                "domain_force": f"[('origin', '!=', '{_MARK}')]",
                "perm_read": False,
                "perm_create": False,
                "perm_unlink": False,
                "active": False,
            },
        )

    def begin(self, ids: Sequence[int]) -> None:
        """From now on these orders cannot be changed."""
        self._rpc.execute("sale.order", "write", list(ids), {"origin": _MARK})
        self._rpc.execute("ir.rule", "write", [self._rule], {"active": True})

    def end(self) -> None:
        """They can again; and they are out of the way of the next run."""
        self._rpc.execute("ir.rule", "write", [self._rule], {"active": False})
        self._sql(f"UPDATE sale_order SET state = 'cancel' WHERE origin = '{_MARK}'")
