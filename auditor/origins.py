"""Where each setting came from."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import SecretStr
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from auditor.redact import MASK
from auditor.settings import ENV_FILE, Settings

ARGUMENT, ENVIRONMENT = "arguments", "environment"
SECRET_MANAGER, DEFAULT = "Secret Manager", "default"


def origins(settings: Settings, arguments: Collection[str]) -> dict[str, str]:
    """Return for every setting which source it came from.

    :param arguments: names of the settings that were arguments.
    """
    environment, file = EnvSettingsSource(Settings)(), DotEnvSettingsSource(Settings)()
    found = {}
    for name in Settings.model_fields:
        if name not in settings.model_fields_set:
            found[name] = DEFAULT
        elif name in arguments:
            found[name] = ARGUMENT
        elif name in environment:
            found[name] = ENVIRONMENT
        elif name in file:
            found[name] = ENV_FILE
        else:
            found[name] = SECRET_MANAGER
    return found


def shown(settings: Settings, name: str) -> str:
    """Return a setting's value as people may read it, ``""`` when it is not set."""
    value = getattr(settings, name)
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if name == "odoo_url" and value:
        parts = value.partition("://")
        return f"{parts[0]}://{parts[2].rpartition('@')[2]}"
    return "" if value is None else str(value)
