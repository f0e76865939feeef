"""Guess which of several records an error is about."""

from itertools import chain

from odoo.models import BaseModel


def suspects(error, records):
    """Those of ``records`` that the code which raised ``error`` had singled out.

    Business methods mostly refuse in a loop over the records, and Odoo names those that a rule
    forbids: the record is at hand where the error comes from, though no exception carries it. It
    is a guess; the caller must find out whether it is right.

    :return: set of IDs: some of them, or none, but never all
    """
    known = set(records.ids)
    frames = []
    traceback = error.__traceback__
    while traceback:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    for frame in reversed(frames):
        found = [ids & known for ids in _recordsets(frame, records._name)]
        named = min((ids for ids in found if 0 < len(ids) < len(known)), key=len, default=None)
        if named:
            return named
    return set()


def _recordsets(frame, model_name):
    """The IDs of each recordset of a model that the local variables of a frame hold."""
    values = list(frame.f_locals.values())
    nested = chain.from_iterable(value for value in values if isinstance(value, tuple))
    for value in chain(values, nested):
        if isinstance(value, BaseModel) and value._name == model_name:
            yield set(value.ids)
