"""The demo's quotations, as `make demo` makes them. Runs inside `odoo shell`."""

from typing import Any

from odoo.service.model import call_kw

from sentinel_env.demo.orders import DemoOrders

JOB = "clean_old_orders"


class _Inside:
    """`OdooRpc.execute` without a network, as the administrator."""

    def __init__(self, env: Any) -> None:
        self._env = env(user=env.ref("base.user_admin").id)

    def execute(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        return call_kw(self._env[model], method, list(args), kwargs)


def seed(env: Any) -> None:
    """Make old quotations among fresh, confirmed and locked orders."""
    odoo = _Inside(env)
    jobs = odoo.execute("sentinel.job", "catalog")["jobs"]
    job = next(row for row in jobs if row["code"] == JOB)
    if not job["available"]:
        return
    days = next(row["value"] for row in job["parameters"] if row["name"] == "days")
    DemoOrders(odoo, job["company"], int(days)).seed()  # type: ignore[arg-type]
