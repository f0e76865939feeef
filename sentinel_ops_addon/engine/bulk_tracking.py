"""Write the chatter of a batch in a few statements, row for row what Odoo would write.

Odoo notes each tracked change by creating one message and its tracking values, record by record;
that is three quarters of the time of a live run. Inside the engine's batches, and nowhere else,
the plain notes that ``mail.thread._message_track`` logs are kept back until it is done and then
inserted together. All that decides *what* is noted stays Odoo's own code: which fields changed,
the subtype, the texts, the author. A change with a subtype is posted by Odoo itself, followers
and all, after the notes that came before it, so that even the order of the rows is Odoo's.

What is stepped around here is private to Odoo and may change with any update. So it is stepped
around only while every method concerned is, to the letter, one that ``tests/test_bulk_tracking.py``
was passed with (:data:`PASSED`), and only on models where nobody has overridden one. Otherwise
Odoo works as it always does, only slower, and ``health`` says why.

After an update of Odoo: read the difference of the methods that ``health`` names, take the new
values from ``found(env)`` in an Odoo shell into :data:`PASSED`, and run that test.
"""

import hashlib
import inspect
import linecache
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from odoo.tools import SQL, str2bool

from .cursors import EngineCursor

SETTING = "sentinel_ops_addon.bulk_tracking"

# Digest of the source of each method that is stepped around, or whose use of one is relied on.
PASSED = {
    "odoo.addons.mail.models.mail_thread.MailThread": {
        "_message_track": "6b19babb0545e189222704bfca5983e0",
        "_message_log": "9830424ce2980aa19dd939b915602c4b",
        "_message_log_batch": "04581f97deb66ab6a339f932ed9fc14b",
        "_message_create": "05fb22316044e03019f5170d67e31dcf",
    },
    "odoo.addons.mail.models.mail_message.MailMessage": {
        "create": "43912723ad8fe55429249060195e9277",
    },
    "odoo.orm.models.BaseModel": {
        "create": "995e4a1bf0467c2f0eca4542aa166ca6",
        "_create": "95c09ff00b011043a7165e552818bd53",
        "_prepare_create_values": "d5a5286d54195f08dfa846d6fb255499",
        "_add_missing_default_values": "7c41e12769e88df6f9b15382ad9060da",
        "_validate_fields": "ce05685ddc9fe920c0257fc5b0cd10f8",
    },
}

_OWN = "odoo.addons.sentinel_ops_addon.models.mail_thread"
_OF_THREADS = ("_message_track", "_message_log", "_message_log_batch", "_message_create")
_OF_ROWS = (
    "create",
    "_create",
    "_prepare_create_values",
    "_add_missing_default_values",
    "_validate_fields",
)
_ROWS = ("mail.message", "mail.tracking.value")
# What ``_message_log_batch`` says of a note; other messages are none of our business.
_NOTE = frozenset(
    {
        "attachment_ids",
        "author_id",
        "body",
        "email_add_signature",
        "email_from",
        "is_internal",
        "message_id",
        "message_type",
        "model",
        "partner_ids",
        "record_alias_domain_id",
        "record_company_id",
        "reply_to",
        "res_id",
        "subject",
        "subtype_id",
        "tracking_value_ids",
    }
)
# Held by the batch that is being worked on; nothing that a caller sends can set it.
_writer = ContextVar("sentinel_bulk_tracking", default=None)


@contextmanager
def bulk_tracking(env):
    """Within this context, tracking on the cursor of ``env`` is written in bulk where it may be.

    Whatever was kept back is written before ``_message_track`` returns, so nothing is left over
    at the end.

    :raises TypeError: for a cursor that is not the engine's
    """
    if not isinstance(env.cr, EngineCursor):
        raise TypeError("Tracking is written in bulk in the engine's own transactions only")
    if not is_wanted(env) or unknown(env):
        yield
        return
    token = _writer.set(_Writer(env.cr))
    try:
        yield
    finally:
        _writer.reset(token)


def is_wanted(env) -> bool:
    """Whether the setting leaves it on; it does unless it says 0, off, no or false."""
    text = env["ir.config_parameter"].sudo().get_param(SETTING, "")
    return str2bool(text, True)


def unknown(env) -> list[str]:
    """Why this database must do without: the methods that are not as they were tested."""
    names = []
    for model in ("mail.thread", *_ROWS):
        names += _unknown_methods(env.registry[model])
    for model in _ROWS:
        names += _unknown_traits(env[model])
    return sorted(set(names))


def found(env) -> dict[str, dict[str, str]]:
    """What :data:`PASSED` would have to be in this database."""
    digests = {}
    for model in ("mail.thread", *_ROWS):
        for owner, name, digest in _methods(env.registry[model]):
            digests.setdefault(owner, {})[name] = digest
    return digests


@contextmanager
def collecting(threads):
    """Keep back the notes that the body logs on ``threads``, and write them together at its end.

    Does nothing outside a batch of the engine, and for a model with methods of its own.
    """
    writer = _writer.get()
    if writer is None or writer.cr is not threads.env.cr or _unknown_methods(type(threads)):
        yield
        return
    # A message that tracking posts may change records whose tracking begins before it is done.
    writer.write_out()
    outer, writer.threads = writer.threads, threads.sudo()
    try:
        yield
        writer.write_out()
    finally:
        # After an error nothing of the batch stays, so neither does what was kept back.
        writer.notes = []
        writer.threads = outer


def keep_back(thread, values_list) -> bool:
    """Take over messages that are about to be created on ``thread``, if they can wait.

    :param values_list: as ``mail.thread._message_create`` gets it
    :return: whether they are taken care of
    """
    writer = _writer.get()
    if writer is None or writer.threads is None:
        return False
    # The environment stands for cursor, user and context: rows written together share them.
    if thread.env is not writer.threads.env or not _is_note(writer.threads, values_list):
        writer.write_out()
        return False
    writer.notes.append(values_list[0])
    return True


def _is_note(threads, values_list):
    """Whether these are values of a note that only tells what changed in one of ``threads``."""
    return (
        len(values_list) == 1
        and values_list[0].keys() == _NOTE
        and values_list[0]["model"] == threads._name
        and bool(values_list[0]["tracking_value_ids"])
        and all(command[0] == 0 for command in values_list[0]["tracking_value_ids"])
        # With a text, an attachment or a recipient there is more to do than a row.
        and not any(values_list[0][name] for name in ("body", "attachment_ids", "partner_ids"))
        and not _NOTE & threads._get_message_create_ignore_field_names()
    )


class _Writer:
    """The notes of one batch that wait to be written.

    :param cr: the cursor of the batch
    """

    def __init__(self, cr):
        self.cr = cr
        self.threads = None  # those whose notes may be kept back now
        self.notes = []

    def write_out(self):
        """Write what was kept back, in the order in which Odoo would have written it."""
        if not self.notes:
            return
        notes, self.notes = self.notes, []
        threads = self.threads.browse([values["res_id"] for values in notes])
        messages, tracking = [], []
        for values in notes:
            message = dict(values)
            tracking.append(message.pop("tracking_value_ids"))
            # Empty, see _is_note: no row of theirs.
            del message["attachment_ids"], message["partner_ids"]
            messages.append(message)
        model = threads.env["mail.message"]
        ids = _insert(model, messages)
        _insert(
            threads.env["mail.tracking.value"],
            [
                dict(command[2], mail_message_id=message_id)
                for message_id, commands in zip(ids, tracking, strict=True)
                for command in commands
            ],
        )
        inverses = threads.pool.field_inverses[model._fields["res_id"]]
        threads.invalidate_recordset(
            [field.name for field in inverses if field.model_name == threads._name]
            + ["message_needaction", "message_needaction_counter"]
        )


def _insert(model, values_list):
    """Insert one row for each, as ``create`` of ``model`` would.

    :return: the ids, in the order of ``values_list``
    """
    templates = {}
    rows_values = []
    for values in values_list:
        names = frozenset(values)
        if names not in templates:
            # Odoo's own defaults and magic fields; they depend on what is given, not on values.
            templates[names] = model._prepare_create_values([values])[0]
        rows_values.append({**templates[names], **values})
    given = set().union(*templates.values())
    fields = [
        field
        for field in model._fields.values()
        if field.name in given and field.store and field.column_type
    ]
    columns = [_column(model, field, rows_values) for field in fields]
    model.env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) VALUES %s RETURNING id",
            SQL.identifier(model._table),
            SQL(", ").join(SQL.identifier(field.name) for field in fields),
            SQL(", ").join(zip(*columns, strict=True)),
        )
    )
    ids = [row[0] for row in model.env.cr.fetchall()]
    model.browse(ids).modified(model._fields, create=True)
    return ids


def _column(model, field, rows_values):
    """The values of one column, as the ORM converts them; most rows share theirs."""
    converted = {}
    column = []
    for values in rows_values:
        value = values.get(field.name)
        try:
            key = (type(value), value)
            known = key in converted
        except TypeError:
            # A JSON value; rare, and equal ones need not be found.
            column.append(field.convert_to_column_insert(value, model, values))
            continue
        if not known:
            converted[key] = (
                field.convert_to_column_insert(value, model, values)
                if field.name in values
                else None
            )
        column.append(converted[key])
    return column


def _methods(model_class):
    """Class, name and digest of each implementation that a call on this model may reach."""
    names = _OF_ROWS if model_class._name in _ROWS else _OF_THREADS
    for name in names:
        for base in model_class.__mro__:
            method = vars(base).get(name)
            if method is not None and base.__module__ != _OWN:
                yield f"{base.__module__}.{base.__qualname__}", name, _digest(method)


def _unknown_methods(model_class):
    return [
        f"{owner}.{name}"
        for owner, name, digest in _methods(model_class)
        if PASSED.get(owner, {}).get(name) != digest
    ]


def _unknown_traits(model):
    """What the rows of a model would need besides being inserted."""
    traits = {
        "_inherits": model._inherits,
        "_check_company_auto": model._check_company_auto,
        "_constraint_methods": model._constraint_methods,
        "_parent_store": model._parent_store,
    }
    for field in model._fields.values():
        if field.store and field.column_type:
            traits[field.name] = field.compute or field.inverse or field.company_dependent
    return [f"{model._name}.{name}" for name, present in traits.items() if present]


@lru_cache(maxsize=256)
def _digest(method):
    """Digest of a method's source, with that of whatever it was wrapped in; "" without source."""
    digest = hashlib.blake2b(digest_size=16)
    while method is not None:
        # Of the code, not of the function: inspect.getsource() would look through a wrapper,
        # and search all modules besides.
        code = getattr(method, "__code__", None)
        lines = linecache.getlines(code.co_filename) if code else []
        if not lines:
            return ""
        digest.update("".join(inspect.getblock(lines[code.co_firstlineno - 1 :])).encode())
        method = getattr(method, "__wrapped__", None)
    return digest.hexdigest()
