"""Settings, in this order of precedence.

Arguments, environment, ``.env.local``, Google Secret Manager (see :mod:`auditor.secrets_gcp`),
defaults.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from auditor.errors import BadInput
from auditor.redact import protect
from auditor.secrets_gcp import SecretManagerSource, wanted

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from auditor.stores.bigquery.address import Address

TEMPLATE = ".env.local.template"
ENV_FILE = ".env.local"
REQUIRED = ("odoo_url", "odoo_db", "odoo_username", "odoo_password")
TEMPLATE_REMEDY = (
    f"Set them in the environment, or copy {TEMPLATE} to {ENV_FILE} in the current folder and "
    "fill it in. After `make up`: . .sentinel/env"
)

_ODOO_KEY = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Connection:
    """Everything needed to talk to one Odoo database.

    :param url: base address without a trailing slash; may carry ``user:password@`` for a proxy.
    :param password: the user's password, or an API key.
    :param timeout: seconds that one answer may take in all.
    :param is_api_key: whether ``password`` was set as a key.
    """

    url: str
    database: str
    username: str
    password: str = field(repr=False)
    timeout: float = 60.0
    is_api_key: bool = False
    transport: Literal["auto", "xmlrpc", "json2"] = "auto"

    @property
    def may_be_key(self) -> bool:
        """Whether ``password`` is an API key or looks like one of Odoo's: 40 hexadecimal digits."""
        return self.is_api_key or bool(_ODOO_KEY.fullmatch(self.password))

    @property
    def shown_url(self) -> str:
        """The address without credentials, fit for people and logs."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))


class _Farther(PydanticBaseSettingsSource):
    """A source without the API key, where one before it has set the password.

    Within one source the key goes before the password; over sources what is nearer does. What asks
    Secret Manager keeps to the same rule.
    """

    def __init__(self, source: PydanticBaseSettingsSource) -> None:
        super().__init__(source.settings_cls)
        self._source = source

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """See the source itself."""
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        """Return the values found, by field name."""
        found = self._source()
        if self.current_state.get("odoo_password"):
            found.pop("odoo_api_key", None)
        return found


class Settings(BaseSettings):
    """The auditor's settings; the names of the environment are the fields' in capitals."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    odoo_url: str | None = None
    odoo_db: str | None = None
    odoo_username: str | None = None
    odoo_password: SecretStr | None = None
    odoo_api_key: SecretStr | None = None
    odoo_transport: Literal["auto", "xmlrpc", "json2"] = "auto"
    odoo_timeout: float = Field(default=60.0, gt=0, le=3600)

    gcp_project: str | None = None
    bq_dataset: str = "sentinel_ops"
    sentinel_secrets: str = "none"

    slack_webhook_url: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_channel: str = ""
    slack_api_url: str = "https://slack.com/api/"
    alert_webhook_url: SecretStr | None = None
    smtp_url: SecretStr | None = None
    alert_email_from: str = ""
    alert_email_to: str = ""
    deadman_url: SecretStr | None = None
    alert_record_names: bool = True
    sentinel_alerts: str | None = None
    sentinel_alert_store: str | None = None

    sentinel_http_token: SecretStr | None = None
    sentinel_mcp_token: SecretStr | None = None
    sentinel_mcp_allow_apply: bool = False

    environment: str = "development"

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["auto", "human", "json"] = "auto"

    sentinel_store: str | None = None
    sentinel_consumer: str = ""

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  folders are not read
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in their order of precedence."""
        return (
            init_settings,
            _Farther(env_settings),
            _Farther(dotenv_settings),
            SecretManagerSource(settings_cls),
        )

    @field_validator("sentinel_secrets")
    @classmethod
    def _known_secrets(cls, value: str) -> str:
        wanted(value, cls)
        return value

    @field_validator("odoo_url")
    @classmethod
    def _clean_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = value.strip().rstrip("/")
        # People paste what their browser shows.
        for tail in ("/odoo", "/web/login", "/web"):
            shorter = value.removesuffix(tail)
            # http://odoo is a host, as containers name theirs.
            if not shorter.endswith("/"):
                value = shorter
        try:
            parts = urlsplit(value)
            parts.port  # noqa: B018  reading it is what raises for a bad port
            # A login that a / ? # cuts in two: the first half would be shown as the host.
            usable = "@" not in parts.path + parts.query + parts.fragment
        except ValueError:
            usable = False
        if not usable:
            # In words of our own: urllib's repeat the address, and with it the password.
            raise ValueError("is not a web address; in a login write / ? # @ as %2F %3F %23 %40")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must look like https://odoo.example.com")
        return value

    @property
    def store_path(self) -> Path:
        """Where the embedded store lives, ``SENTINEL_STORE`` or the user's data folder."""
        if self.sentinel_store is not None:
            return Path(self.sentinel_store).expanduser()
        data_home = os.environ.get("XDG_DATA_HOME")
        base = Path(data_home) if data_home else Path.home() / ".local" / "share"
        return base / "sentinel-ops" / "trail.sqlite3"

    @property
    def bigquery_address(self) -> Address | None:
        """The store in BigQuery that ``SENTINEL_STORE`` names, None when it is a file.

        ``bigquery:`` alone stands for ``GCP_PROJECT`` and ``BQ_DATASET``.

        :raises BadInput: what it names is neither.
        """
        from auditor.stores.bigquery.address import is_address, parse

        text = self.sentinel_store or ""
        if not is_address(text):
            return None
        if text.lower().rstrip("/") == "bigquery:":
            if not self.gcp_project:
                raise BadInput(
                    "SENTINEL_STORE is 'bigquery:', and GCP_PROJECT is not set.",
                    "Set it, or name the store in full: bigquery://my-project/sentinel_ops",
                )
            text = f"bigquery://{self.gcp_project}/{self.bq_dataset}"
        return parse(text)

    @property
    def store_name(self) -> str:
        """The store as people are told it, a path or an address."""
        return str(self.bigquery_address or self.store_path)

    def connection(self) -> Connection:
        """Return what is needed to reach Odoo.

        :raises BadInput: naming every required setting that is missing.
        """
        secret = self.odoo_api_key or self.odoo_password
        given = {**dict(self), "odoo_password": secret}
        missing = [name.upper() for name in REQUIRED if not given[name]]
        if missing:
            listed = ", ".join(missing).replace("PASSWORD", "PASSWORD (or ODOO_API_KEY)")
            raise BadInput(f"Missing settings: {listed}.", TEMPLATE_REMEDY)
        if not (self.odoo_url and self.odoo_db and self.odoo_username and secret):
            raise AssertionError("checked just above")
        return Connection(
            url=self.odoo_url,
            database=self.odoo_db,
            username=self.odoo_username,
            password=secret.get_secret_value(),
            timeout=self.odoo_timeout,
            is_api_key=bool(self.odoo_api_key),
            transport=self.odoo_transport,
        )

    def protect_secrets(self) -> None:
        """Hide this settings' secrets in everything printed or logged from now on."""
        for name in type(self).model_fields:
            secret = getattr(self, name)
            if not isinstance(secret, SecretStr):
                continue
            # admin/admin: a password that is also the login can't be told from it.
            if secret.get_secret_value() != self.odoo_username:
                protect(secret.get_secret_value())
        proxy_password = urlsplit(self.odoo_url).password if self.odoo_url else None
        if proxy_password:
            protect(proxy_password)


def load(**arguments: Any) -> Settings:  # noqa: ANN401  pydantic checks each of them
    """Read the settings; ``arguments`` that are None count as not given.

    :raises BadInput: naming every setting whose value can't be used, never its value.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise BadInput(f"Bad settings: {problems}.", TEMPLATE_REMEDY) from None
    except (UnicodeDecodeError, OSError) as error:
        raise BadInput(f"{ENV_FILE} cannot be read: {error}", TEMPLATE_REMEDY) from None
    settings.protect_secrets()
    return settings
