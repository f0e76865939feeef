"""Google Secret Manager as a source of settings, behind arguments, environment and ``.env.local``.

Only secrets are asked for, only those that nothing before has set, and only when
``SENTINEL_SECRETS`` says so. The source that comes with pydantic-settings was rejected: it asks for
every field, it lists all secrets of the project, and it takes "permission denied" for "not set".
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, get_args

from pydantic import SecretStr
from pydantic_settings import PydanticBaseSettingsSource

from auditor.errors import BadInput
from auditor.installing import install_extra

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings

NONE, GCP = "none", "gcp"
EMULATOR = "SECRET_MANAGER_EMULATOR_HOST"
"""``host:port`` of a stand-in for Secret Manager; neither credentials nor TLS are used then."""

CALL_SECONDS = 10.0
"""How long one answer may take."""
PATIENCE_SECONDS = 20.0
"""How long one secret is asked for again while Secret Manager is busy or cannot be reached."""
_AT_ONCE = 8

ALTERNATIVES = {"odoo_password": "odoo_api_key", "odoo_api_key": "odoo_password"}
"""Either will do. One that is set nearer by must not be overruled by the other one from afar."""


def secret_name(setting: str) -> str:
    """Return the secret that holds a setting: ``sentinel-ops-odoo-password``."""
    return "sentinel-ops-" + setting.replace("_", "-")


def secret_fields(settings: type[BaseSettings]) -> list[str]:
    """Return the settings that are secrets, in their order."""
    return [
        name
        for name, info in settings.model_fields.items()
        if info.annotation is SecretStr or SecretStr in get_args(info.annotation)
    ]


def wanted(choice: str, settings: type[BaseSettings]) -> list[str]:
    """Return the settings that ``SENTINEL_SECRETS`` lets be asked for.

    :param choice: ``none``, ``gcp`` for all secrets, or ``gcp:odoo_password,smtp_url`` for some.
    :raises ValueError: it is none of these.
    """
    known = secret_fields(settings)
    kind, colon, listed = choice.strip().lower().partition(":")
    if kind == NONE and not colon:
        return []
    if kind != GCP:
        raise ValueError("must be none, gcp, or gcp: with the names of settings")
    if not colon:
        return known
    names = [name.strip().replace("-", "_") for name in listed.split(",") if name.strip()]
    strange = [name for name in names if name not in known]
    if strange or not names:
        raise ValueError(
            f"gcp: names {', '.join(strange) or 'nothing'}; the secrets are {', '.join(known)}"
        )
    return names


class SecretManagerSource(PydanticBaseSettingsSource):
    """Reads the newest version of each secret that is still unset.

    A secret that does not exist, or is empty, leaves its setting unset.

    :raises BadInput: (when called) a secret may exist and can't be read, or nothing can be asked.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not used: all secrets are read at once."""
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        """Return the values found, by field name."""
        state = self.current_state
        try:
            names = wanted(str(state.get("sentinel_secrets") or NONE), self.settings_cls)
        except ValueError:
            return {}  # the validation of that field says so, together with everything else
        unset = [
            name
            for name in names
            if not state.get(name) and not state.get(ALTERNATIVES.get(name, ""))
        ]
        if not unset:
            return {}
        project = str(state.get("gcp_project") or "")
        if not project:
            raise BadInput(
                "SENTINEL_SECRETS is gcp, and GCP_PROJECT does not say in which project.",
                "Set GCP_PROJECT, or SENTINEL_SECRETS=none to do without Secret Manager.",
            )
        return _read(project, unset)


def _read(project: str, settings: Iterable[str]) -> dict[str, Any]:
    client = _client()
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            asked = {name: pool.submit(_one, client, project, name) for name in settings}
        return {name: value for name, future in asked.items() if (value := future.result())}
    finally:
        client.transport.close()  # type: ignore[no-untyped-call]


def _client() -> SecretManagerServiceClient:
    try:
        from google.auth.exceptions import GoogleAuthError
        from google.cloud.secretmanager_v1 import SecretManagerServiceClient
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("google", "grpc")):
            raise
        raise BadInput(
            "SENTINEL_SECRETS is gcp, which needs Google's client; it is not installed.",
            install_extra("gcp"),
        ) from None
    host = os.environ.get(EMULATOR)
    if not host:
        try:
            return SecretManagerServiceClient()
        except GoogleAuthError as error:
            raise BadInput(
                "Secret Manager cannot be asked: there are no credentials of Google "
                f"({_first_line(error)})",
                "Run as a service account, or log in: gcloud auth application-default login",
            ) from None
    import grpc  # type: ignore[import-untyped]
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
        SecretManagerServiceGrpcTransport,
    )

    return SecretManagerServiceClient(
        transport=SecretManagerServiceGrpcTransport(channel=grpc.insecure_channel(host))
    )


def _one(client: SecretManagerServiceClient, project: str, setting: str) -> str:
    """Return one secret, ``""`` when there is none."""
    from google.api_core import exceptions as api
    from google.api_core.retry import Retry, if_exception_type
    from google.auth.exceptions import GoogleAuthError

    name = f"projects/{project}/secrets/{secret_name(setting)}/versions/latest"
    again = if_exception_type(
        api.ServiceUnavailable,
        api.ResourceExhausted,
        api.DeadlineExceeded,
        api.InternalServerError,
    )
    try:
        answer = client.access_secret_version(
            name=name,
            timeout=CALL_SECONDS,
            retry=Retry(predicate=again, initial=0.2, maximum=4.0, timeout=PATIENCE_SECONDS),
        )
        # `echo key | gcloud secrets versions add` stores the end of the line, too.
        return answer.payload.data.decode("utf-8").strip("\r\n")
    except api.NotFound:
        return ""
    except api.RetryError as error:
        raise _error(project, setting, error.cause or error) from None
    except (api.GoogleAPIError, GoogleAuthError) as error:
        raise _error(project, setting, error) from None
    except UnicodeDecodeError:
        raise BadInput(
            f"The secret {secret_name(setting)} in the project {project} is no text.",
            "Add a version that is UTF-8 text.",
        ) from None


def _error(project: str, setting: str, error: BaseException) -> BadInput:
    from google.api_core import exceptions as api
    from google.auth.exceptions import GoogleAuthError

    secret = secret_name(setting)
    without = f"or set {setting.upper()} in the environment"

    def says(why: str, remedy: str) -> BadInput:
        return BadInput(
            f"The secret {secret} in the project {project} cannot be read: {why}.",
            f"{remedy}, {without}.",
        )

    if isinstance(error, api.PermissionDenied):
        return says(
            "permission denied",
            f"Give the account the role roles/secretmanager.secretAccessor on {secret}. Google "
            "says the same of a secret that does not exist to who may read single secrets only: "
            "then name those that there are, as in SENTINEL_SECRETS=gcp:odoo_password,smtp_url",
        )
    if isinstance(error, api.Unauthenticated | GoogleAuthError):
        return says(
            "the credentials of Google do not hold",
            "Run as a service account, or log in: gcloud auth application-default login",
        )
    if isinstance(error, api.FailedPrecondition):
        return says("its newest version is disabled or destroyed", "Add a version")
    if isinstance(error, api.ServiceUnavailable | api.DeadlineExceeded | api.RetryError):
        return says(
            "Secret Manager cannot be reached",
            "Check the network and that the Secret Manager API is on in that project",
        )
    return says(_first_line(error), "Look it up in Google's console")


def _first_line(error: BaseException) -> str:
    text = str(getattr(error, "message", "") or error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")
