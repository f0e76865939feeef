"""A transport that makes a span of every call, whichever way the call goes."""

from __future__ import annotations

from auditor.odoo.interface import Repeat, Transport
from auditor.telemetry import span


class Traced:
    """See :class:`auditor.odoo.interface.Transport`; arguments are kept out of the spans."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def call(self, model: str, method: str, *, repeat: Repeat, **arguments: object) -> object:
        """See the interface."""
        with span(f"{model}/{method}", rpc_system="odoo", rpc_service=model, rpc_method=method):
            return self._transport.call(model, method, repeat=repeat, **arguments)
