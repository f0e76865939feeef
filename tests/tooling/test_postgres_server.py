"""DATABASE_URL: read, refused, never shown."""

from pathlib import Path

import psycopg2.extensions
import pytest

from sentinel_env.errors import SetupError
from sentinel_env.postgres_server import from_url
from tests.support.workshop import Workshop

PSQL = Path("psql")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@db.example.org/main",
        "postgres://me:p%40ss%2F@127.0.0.1:5433/x?sslmode=require",
        "postgresql://me@/x?host=%2Frun%2Fpg%20dir&port=6000",
        "postgresql://me:pw@[::1]:5432/x",
    ],
)
def test_an_address_comes_back_as_libpq_understands_it(url: str) -> None:
    server = from_url(url, PSQL)
    wanted = psycopg2.extensions.parse_dsn(url)
    got = psycopg2.extensions.parse_dsn(server.url("other"))
    assert got.pop("dbname") == "other"
    wanted.pop("dbname")
    wanted.setdefault("port", "5432")
    assert got == wanted


@pytest.mark.parametrize("url", ["mysql://me:secret@h/x", "postgresql://me:secret@h:port/x", "x"])
def test_nonsense_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SetupError, match="DATABASE_URL") as caught:
        from_url(url, PSQL)
    assert "secret" not in str(caught.value)


def test_the_password_is_in_no_representation() -> None:
    assert "secret" not in repr(from_url("postgresql://me:secret@h/x", PSQL))


@pytest.mark.odoo
def test_values_are_quoted_by_psql(workshop: Workshop) -> None:
    server = workshop.site.program.server
    text = 'it\'s; DROP TABLE x; -- \\ "é" $1'
    assert server.sql("SELECT :'text', 2", text=text) == [[text, "2"]]
    assert server.sql("SELECT 1 WHERE false") == []


@pytest.mark.odoo
def test_a_role_that_may_not_create_databases_is_explained(workshop: Workshop) -> None:
    server = workshop.site.program.server
    server.check()
    with pytest.raises(SetupError) as caught:
        from_url(server.url("postgres").replace("sentinel@", "postgres@"), server.psql).check()
    assert "CREATE ROLE" in caught.value.remedy
