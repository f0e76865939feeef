"""A stand-in for Google Secret Manager that speaks its protocol, gRPC, over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud.secretmanager_v1.types import (
    AccessSecretVersionRequest,
    AccessSecretVersionResponse,
    SecretPayload,
)

SERVICE = "/google.cloud.secretmanager.v1.SecretManagerService/"


@dataclass
class SecretManager(grpc.GenericRpcHandler):
    """Secrets by name, what was asked, and secrets that answer with a status instead.

    :param address: ``host:port``, for ``SECRET_MANAGER_EMULATOR_HOST``.
    """

    secrets: dict[str, bytes] = field(default_factory=dict)
    refusals: dict[str, grpc.StatusCode] = field(default_factory=dict)
    moments: dict[str, int] = field(default_factory=dict)
    """How often a secret is not to be had before it is."""
    methods: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    project: str = "acme-project"
    address: str = ""

    def service(self, handler_call_details: Any) -> Any:
        """Find the method; whatever else than reading is asked for is noted and not there."""
        method = handler_call_details.method.removeprefix(SERVICE)
        self.methods.append(method)
        if method != "AccessSecretVersion":
            return None
        return grpc.unary_unary_rpc_method_handler(
            self._access,
            request_deserializer=AccessSecretVersionRequest.deserialize,
            response_serializer=AccessSecretVersionResponse.serialize,
        )

    def _access(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.asked.append(request.name)
        parts = request.name.split("/")
        secret = parts[3]
        if self.moments.get(secret):
            self.moments[secret] -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "in a moment")
        if secret in self.refusals:
            context.abort(
                self.refusals[secret], f"refused for {request.name} (or it may not exist)"
            )
        if parts[1] != self.project or secret not in self.secrets:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Secret [{request.name}] not found")
        return AccessSecretVersionResponse(
            name=request.name, payload=SecretPayload(data=self.secrets[secret])
        )

    def path(self, secret: str) -> str:
        """The newest version of a secret, as it is asked for."""
        return f"projects/{self.project}/secrets/{secret}/versions/latest"

    @property
    def names(self) -> list[str]:
        """The secrets that were asked for, each once, sorted."""
        return sorted({name.split("/")[3] for name in self.asked})


@contextmanager
def serving_secrets() -> Iterator[SecretManager]:
    """Serve an empty stand-in on a free port."""
    standin = SecretManager()
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, handlers=(standin,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        standin.address = f"127.0.0.1:{port}"
        try:
            yield standin
        finally:
            server.stop(0).wait()
