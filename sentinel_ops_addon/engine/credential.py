"""What the caller of a remote method logged in with, and until when that is good.

Odoo checks a password or a key in the transaction that then serves the call, and forgets which of
a user's keys it was. So it is noted with that transaction; of a key only what its table keeps in
clear.
"""

from .canonical import utc_text

_NOTE = "sentinel_ops_addon.credential"


def note_password(env, user_id):
    """Note that a user was let in by their password."""
    # Not in the cursor's cache, which Odoo empties between the check and the call.
    env.cr.postcommit.data[_NOTE] = (user_id, "")


def note_key(env, user_id, index):
    """Note that a user was let in by an API key.

    :param str index: the first characters of the key, as in its table's column of that name
    """
    env.cr.postcommit.data[_NOTE] = (user_id, index)


def credential(env):
    """With what the current user came in, and when it expires.

    Where that cannot be known (a session, a call inside Odoo), the first of the user's keys to
    expire counts.

    :return: ``{"kind", "expires_at"}``: ``password``, ``key`` or ``unknown``; UTC text, empty when
        it never expires or nobody knows
    """
    user_id, index = env.cr.postcommit.data.get(_NOTE, (0, None))
    if user_id != env.uid:
        kind, expires_at = "unknown", _first_expiry(env, None)
    elif not index:
        kind, expires_at = "password", None
    else:
        kind, expires_at = "key", _first_expiry(env, index)
    return {"kind": kind, "expires_at": utc_text(expires_at)}


def _first_expiry(env, index):
    # The table is not Odoo's to read for users; these are the caller's own rows.
    env.cr.execute(
        """
        SELECT min(expiration_date) FROM res_users_apikeys
         WHERE user_id = %s AND (scope IS NULL OR scope = 'rpc')
           AND expiration_date >= timezone('UTC', now())
           AND (%s IS NULL OR index = %s)
        """,
        [env.uid, index, index],
    )
    (moment,) = env.cr.fetchone()
    return moment and moment.replace(microsecond=0)
