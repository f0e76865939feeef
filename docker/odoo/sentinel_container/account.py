"""The auditor's account in Odoo and its API key. Runs inside `odoo shell`."""

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from odoo.fields import Command

LOGIN = "sentinel-auditor"
CONSUMER = "container"
_KEY_NAME = "auditor's container"
# The most that the group Auditor grants is 365; a key that ends soon is renewed at a start.
_DAYS = 360
_RENEW_DAYS = 60
_logger = logging.getLogger(__name__)


def hand_over(env: Any, key_file: Path) -> None:
    """See to it that the account is there and that `key_file` has a key of it that works.

    What an administrator changed since the first start stays: groups are given once, and an
    account that was archived gets no key.
    """
    users = env["res.users"].with_context(active_test=False, no_reset_password=True)
    user = users.search([("login", "=", LOGIN)])
    if not user:
        user = _create(users)
    if not user.active:
        _logger.warning("The account %s is archived: it gets no key.", LOGIN)
        return
    _see_all_companies(user)
    _register(env, user)
    keys = env["res.users.apikeys"].sudo()
    mine = keys.search([("user_id", "=", user.id), ("name", "=", _KEY_NAME)])
    known = key_file.read_text().strip() if key_file.is_file() else ""
    works = bool(known) and keys._check_credentials(scope="rpc", key=known) == user.id
    late = datetime.now() + timedelta(days=_RENEW_DAYS)  # noqa: DTZ005 - as Odoo keeps times
    if works and any(key.expiration_date and key.expiration_date > late for key in mine):
        return
    if not works:
        # Who else may have them, now that they are not where they were put?
        mine.unlink()
    _write(key_file, _new_key(env, user))


def _create(users: Any) -> Any:
    env = users.env
    groups = (
        "base.group_user",
        "sentinel_ops_addon.group_operator",
        "sentinel_ops_addon.group_auditor",
    )
    companies = env["res.company"].search([])
    # No password: it comes in by its key only.
    return users.create(
        {
            "name": "Sentinel-Ops auditor",
            "login": LOGIN,
            "company_id": env.company.id,
            "company_ids": [Command.set(companies.ids)],
            "group_ids": [Command.set([env.ref(group).id for group in groups])],
            "tz": "UTC",
        }
    )


def _see_all_companies(user: Any) -> None:
    missing = user.env["res.company"].search([]) - user.company_ids
    if missing:
        # The trail of a company that came later would be withheld from the store.
        user.write({"company_ids": [Command.link(company.id) for company in missing]})


def _register(env: Any, user: Any) -> None:
    consumers = env["sentinel.consumer"].with_context(active_test=False)
    if not consumers.search_count([("name", "=", CONSUMER)]):
        consumers.create({"name": CONSUMER, "user_id": user.id})


def _new_key(env: Any, user: Any) -> str:
    end = datetime.now() + timedelta(days=_DAYS)  # noqa: DTZ005
    keys = env["res.users.apikeys"].with_user(user).sudo()
    return str(keys._generate("rpc", _KEY_NAME, end))


def _write(file: Path, key: str) -> None:
    temporary = file.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    # The auditor's user has another number; the volume is mounted where the key is needed only.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(key)
    temporary.rename(file)
