from odoo.tests.common import BaseCase, tagged

from ..engine.statements import transaction_control


@tagged("post_install", "-at_install")
class TestStatements(BaseCase):
    def test_control_is_found(self):
        for query in [
            "COMMIT",
            "  commit work",
            "END",
            "ABORT",
            "rollback",
            "ROLLBACK WORK",
            "BEGIN",
            "start transaction",
            "PREPARE TRANSACTION 'x'",
            "SET TRANSACTION READ WRITE",
            "set session characteristics as transaction read write",
            "SET default_transaction_read_only = off",
            "SET LOCAL transaction_read_only TO off",
            "RESET ALL",
            "DISCARD ALL",
            "SELECT 1; COMMIT",
            "SELECT ';'; commit; SELECT 2",
            "/* harmless */ COMMIT",
            "-- harmless\nCOMMIT",
            "SELECT $$;$$ ; ROLLBACK",
        ]:
            with self.subTest(query=query):
                self.assertTrue(transaction_control(query))

    def test_the_rest_passes(self):
        for query in [
            "SELECT 1",
            'SAVEPOINT "x"',
            'RELEASE SAVEPOINT "x"',
            'ROLLBACK TO SAVEPOINT "x"',
            "ROLLBACK WORK TO x",
            "SELECT 'commit; commit'",
            "SELECT ';commit'",
            'SELECT 1 AS ";commit"',
            "SELECT $x$; commit; $x$",
            "SELECT 1 -- ; commit",
            "SELECT /* ; commit */ 1",
            "SELECT CASE WHEN true THEN 1 END",
            "UPDATE t SET state = 'x'; SELECT 1",
            "SET LOCAL lock_timeout = '1s'",
        ]:
            with self.subTest(query=query):
                self.assertEqual(transaction_control(query), "")
