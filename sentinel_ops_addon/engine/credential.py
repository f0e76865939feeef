"""What the caller of a remote method logged in with, and until when that is good.

Odoo checks a password or a key in the transaction that then serves the call, and forgets which of
a user's keys it was. So it is noted with that transaction: of the secret only the few characters
that the table of keys holds in clear, and whether it looks like a key.
"""

import re

from odoo.addons.base.models.res_users import API_KEY_SIZE, INDEX_SIZE

from .canonical import utc_text

_NOTE = "sentinel_ops_addon.credential"
_KEY = re.compile(f"[0-9a-f]{{{2 * API_KEY_SIZE}}}")


def note_secret(env, user_id, secret):
    """Note with what Odoo just let a user in."""
    looks_like_key = bool(_KEY.fullmatch(secret))
    # Not in the cursor's cache, which Odoo empties between the check and the call.
    env.cr.postcommit.data[_NOTE] = (user_id, secret[:INDEX_SIZE], looks_like_key)


def credential(env):
    """With what the current user came in, and when it expires.

    Where that cannot be known (a session, a call inside Odoo, a key that is gone by now), the
    first of the user's keys to expire counts.

    :return: ``{"kind", "expires_at"}``: ``password``, ``key`` or ``unknown``; UTC text, empty when
        it never expires or nobody knows
    """
    user_id, index, looks_like_key = env.cr.postcommit.data.get(_NOTE, (0, "", False))
    if user_id != env.uid:
        return _credential("unknown", _first_to_expire(env))
    if found := _keys(env, index):
        return _credential("key", found[0])
    # Of keys that are gone Odoo may still take one that it took before.
    if looks_like_key:
        return _credential("unknown", _first_to_expire(env))
    return _credential("password", None)


def _credential(kind, expires_at):
    return {
        "kind": kind,
        "expires_at": utc_text(expires_at and expires_at.replace(microsecond=0)),
    }


def _keys(env, index):
    """When the user's keys that begin so expire: one, none, or an unlikely pair."""
    # The table is nobody's to read through the ORM but for its owner; these are the caller's rows.
    env.cr.execute(
        """
        SELECT expiration_date FROM res_users_apikeys
         WHERE user_id = %s AND index = %s AND (scope IS NULL OR scope = 'rpc')
         ORDER BY expiration_date
        """,
        [env.uid, index],
    )
    return [moment for (moment,) in env.cr.fetchall()]


def _first_to_expire(env):
    env.cr.execute(
        """
        SELECT min(expiration_date) FROM res_users_apikeys
         WHERE user_id = %s AND (scope IS NULL OR scope = 'rpc')
           AND expiration_date >= timezone('UTC', now())
        """,
        [env.uid],
    )
    return env.cr.fetchone()[0]
