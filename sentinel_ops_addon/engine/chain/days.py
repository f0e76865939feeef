"""The chain summed up by days, so that two who hold it find cheaply where they differ."""

_DAYS = """
    SELECT sealed_at::date::text, min(position)::text, max(position)::text, count(*),
           coalesce(sum(line_count), 0)::bigint,
           encode(sha256(string_agg(decode(seal, 'hex'), ''::bytea ORDER BY position)), 'hex')
      FROM sentinel_chain_entry
     WHERE chain = %s AND sealed_at >= %s AND sealed_at < %s::date + 1
     GROUP BY sealed_at::date
     ORDER BY sealed_at::date
"""


def days(cr, chain, since, until):
    """See ``sentinel.run.export_days``; days without entries are left out.

    :param chain: identity of the chain
    :param since: first day, a ``datetime.date`` (UTC)
    :param until: last day
    """
    cr.execute(_DAYS, [chain, since, until])
    names = ("day", "first", "last", "count", "lines", "digest")
    return [dict(zip(names, row, strict=True)) for row in cr.fetchall()]
