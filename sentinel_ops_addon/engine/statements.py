"""Recognise SQL that would end or change the transaction it runs in.

This is the fence in front of PostgreSQL's own force (section 5 of the design): it exists to name
the culprit early. What slips through is caught by the state of the connection afterwards.
"""

import re

# Literals, quoted names, dollar quotes and comments: whatever may hide a semicolon or a keyword.
_OPAQUE = re.compile(
    r"""
      '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?P<dollar>\$[A-Za-z_]*\$).*?(?P=dollar)
    | --[^\n]*
    | /\*.*?\*/
    """,
    re.VERBOSE | re.DOTALL,
)

_CONTROL = re.compile(
    r"""\s*(?:
      (?P<word>commit|end|abort|begin|start\s+transaction|prepare\s+transaction)\b
    | (?P<rollback>rollback)\b(?!\s+(?:work\s+|transaction\s+)?to\b)
    | set\s+(?:session\s+|local\s+)?
        (?P<set>transaction|characteristics|default_transaction_read_only|transaction_read_only)\b
    | (?P<reset>reset\s+(?:all|default_transaction_read_only|transaction_read_only)|discard\s+all)\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)

_STRUCTURE = re.compile(
    r"""\s*(?:
      create\b(?!\s+(?:or\s+replace\s+)?(?:(?:local|global)\s+)?temp(?:orary)?\b)
    | (?:alter|drop|truncate|reindex|cluster|grant|revoke)\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)


def transaction_control(query) -> str:
    """The first transaction-control statement in a query, or an empty text.

    Savepoints are allowed (``SAVEPOINT``, ``RELEASE``, ``ROLLBACK TO``): they stay inside the
    transaction.

    :param query: SQL text, bytes or a psycopg2 ``Composable`` already rendered to text
    """
    return _first_match(_CONTROL, query)


def structure_change(query) -> str:
    """The first words of a statement that changes the database's structure, or an empty text.

    What is temporary, and so gone with the connection, does not count.

    :param query: as for :func:`transaction_control`
    """
    return _first_match(_STRUCTURE, query)


def _first_match(pattern, query):
    text = query.decode(errors="replace") if isinstance(query, bytes) else str(query)
    if ";" not in text and "--" not in text and "/*" not in text:
        match = pattern.match(text)
        return match.group(0).strip() if match else ""
    for statement in _OPAQUE.sub(" ", text).split(";"):
        if match := pattern.match(statement):
            return match.group(0).strip()
    return ""
