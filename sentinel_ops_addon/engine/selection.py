"""Which records a task selects: the same answer for a plan and for the test right before acting."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from odoo.fields import Domain
from odoo.tools import SQL

from .context import TaskContext
from .errors import TaskFailure

# So many are fetched along with the count.
FEW = 1000


@dataclass(frozen=True)
class Found:
    """What a look at a selection saw.

    :param population: how many records the rule is about
    :param matched: how many of them are trouble
    :param ids: the first of these, up to the limit
    """

    population: int
    matched: int
    ids: Sequence[int]


@dataclass(frozen=True)
class Selection:
    """The two domains of a task in one run.

    :param model: the target model, in the environment of the run
    :param population: what the rule is about, within the job's company
    :param matching: the part of it that is trouble
    """

    model: Any
    population: Domain
    matching: Domain

    def look(self, order, limit) -> "Found":
        """Count, and find what is trouble, at one moment and in one statement.

        :param order: in which order ``limit`` cuts
        :param limit: how many at most, ``None`` for all
        """
        first = FEW if limit is None else min(limit, FEW)
        population = self.model._search(self.population)
        matching = self.model._search(self.matching, order=order, limit=first)
        ((count, ids),) = self.model.env.execute_query(
            SQL("SELECT (%s), ARRAY(%s)", population.select("COUNT(*)"), matching.select())
        )
        if len(ids) < first:
            return Found(count, len(ids), ids)
        matched = self.model.search_count(self.matching)
        if len(ids) < min(matched, limit or matched):
            ids = self.find(order, limit)
        return Found(count, matched, ids)

    def find(self, order, limit, without=()):
        """The first of the records that are trouble, as a sequence of IDs.

        Fetched in parts, four bytes each: a million of them take no more memory than a picture.

        :param without: IDs to leave out
        """
        query = self.model._search(
            self.matching & Domain("id", "not in", list(without)), order=order, limit=limit
        )
        sql = query.select()
        env = self.model.env
        env.flush_query(sql)
        ids = array("i")
        # A cursor of the server, on the same connection and so with the same snapshot.
        with env.cr.connection.cursor(name="sentinel_selection") as portal:
            portal.itersize = FEW
            portal.execute(sql.code, sql.params)
            ids.extend(record_id for (record_id,) in portal)
        return ids

    def still_matching(self, records):
        """Those of ``records`` that are trouble still."""
        return self.model.search(self.matching & Domain("id", "in", records.ids))


def narrowed(selection, domain):
    """The same selection with less of it to act on."""
    return replace(selection, matching=selection.matching & domain)


def task_context(env, run, as_of) -> TaskContext:
    """The context of a run's task.

    :param env: environment of the user that the job runs as
    :param as_of: what "now" means for the run
    """
    return TaskContext(
        parameters=run.parameters or {},
        as_of=as_of,
        company=env["res.company"].browse(run.company_ref),
        currency=run.currency or "",
        currency_digits=run.currency_digits,
    )


def selection_of(task, ctx) -> Selection:
    """What a task selects.

    :raises TaskFailure: when its condition is empty, which never means "all"
    """
    model = task.env[task._target_model(ctx.parameters)]
    company = _company_domain(model, ctx.company)
    condition = task._condition(ctx)
    if condition.optimize(model).is_true():
        raise TaskFailure(
            task.env._("its condition is empty, so it would select every record; nothing was done")
        )
    population = task._population(ctx) & company
    return Selection(model, population, population & condition)


def _company_domain(model, company):
    """Within the job's company, whatever companies the user could see besides."""
    field = model._fields.get("company_id")
    if field is None or not field.store:
        return Domain.TRUE
    return Domain("company_id", "in", [company.id, False])
