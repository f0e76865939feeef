"""Ways to get around a dry run, one a method; tried in a plan and in a simulation."""

import os
import socket
import subprocess
import threading

import psycopg2
import requests

from odoo import models


class SentinelTestRogueWays(models.AbstractModel):
    """Each ``_rogue_<way>`` tries one thing on one partner."""

    _name = "sentinel.test.rogue.ways"
    _description = "Sentinel tests: ways to misbehave"

    def _misbehave(self, record, ctx):
        rogue = self.with_context(rogue_port=ctx.parameters["port"])
        getattr(rogue, f"_rogue_{ctx.parameters['way']}")(record)

    def _port(self):
        return self.env.context["rogue_port"]

    def _rogue_behaves(self, record):
        """Nothing bad: so that the others are known to fail for what they do."""

    def _rogue_writes(self, record):
        record.name = "rogue"
        self.env.flush_all()

    def _rogue_leaves_a_write_pending(self, record):
        record.name = "rogue"

    def _rogue_writes_and_swallows(self, record):
        try:
            with self.env.cr.savepoint():
                record.name = "rogue"
        except Exception:  # noqa: BLE001 - that is what is tested
            return

    def _rogue_writes_by_sql(self, record):
        self.env.cr.execute("UPDATE res_partner SET name = 'rogue' WHERE id = %s", [record.id])

    def _rogue_creates(self, record):
        record.copy()

    def _rogue_commits(self, record):
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _rogue_rolls_back(self, record):
        self.env.cr.rollback()

    def _rogue_commits_by_sql_and_writes(self, record):
        self.env.cr.execute("COMMIT")
        self._rogue_writes_by_sql(record)

    def _rogue_hides_the_commit(self, record):
        self.env.cr.execute("SELECT ';' /* ; */; commit; BEGIN")
        self._rogue_writes_by_sql(record)

    def _rogue_goes_behind_the_cursor(self, record):
        self.env.cr._obj.execute("COMMIT; BEGIN")
        self.env.cr._obj.execute("UPDATE res_partner SET name = 'rogue' WHERE id = %s", [record.id])

    def _rogue_goes_behind_the_cursor_quietly(self, record):
        self.env.cr._obj.execute("COMMIT; BEGIN")

    def _rogue_commits_the_connection(self, record):
        self.env.cr._cnx.commit()
        self._rogue_writes_by_sql(record)

    def _rogue_asks_for_read_write(self, record):
        self.env.cr.execute("SET TRANSACTION READ WRITE")
        self._rogue_writes_by_sql(record)

    def _rogue_changes_the_session(self, record):
        self.env.cr.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        self._rogue_writes_by_sql(record)

    def _rogue_sets_config(self, record):
        self.env.cr.execute("SELECT set_config('transaction_read_only', 'off', false)")
        self._rogue_writes_by_sql(record)

    def _rogue_creates_a_table(self, record):
        self.env.cr.execute("CREATE TABLE rogue (id int)")

    def _rogue_takes_a_number(self, record):
        self.env.cr.execute("SELECT nextval('res_partner_id_seq')")

    def _rogue_locks_a_row(self, record):
        record.lock_for_update()

    def _rogue_notifies(self, record):
        self.env.cr.execute("NOTIFY rogue, 'x'")

    def _rogue_sends_a_mail(self, record):
        self.env["mail.mail"].create({"email_to": "a@example.com", "subject": "x"}).send()

    def _rogue_posts_a_message(self, record):
        record.message_post(body=record.name)

    def _rogue_opens_a_cursor(self, record):
        with self.env.registry.cursor() as cr:
            # The record is locked by the simulation: to fail, not to wait for ourselves.
            cr.execute("SET LOCAL lock_timeout = '1s'")
            cr.execute("UPDATE res_partner SET name = 'rogue' WHERE id = %s", [record.id])

    def _rogue_opens_a_cursor_and_swallows(self, record):
        try:
            self._rogue_opens_a_cursor(record)
        except Exception:  # noqa: BLE001 - that is what is tested
            return

    def _rogue_opens_a_connection(self, record):
        psycopg2.connect(dbname=self.env.cr.dbname).close()

    def _rogue_starts_a_thread(self, record):
        thread = threading.Thread(target=self._rogue_reaches_out, args=[record])
        thread.start()
        thread.join()

    def _rogue_starts_a_process(self, record):
        subprocess.run(["true"], check=True)

    def _rogue_asks_a_shell(self, record):
        os.system("true")

    def _rogue_forks(self, record):
        if not os.fork():
            os._exit(0)

    def _rogue_reaches_out(self, record):
        socket.create_connection(("127.0.0.1", self._port()), timeout=5).close()

    def _rogue_sends_a_datagram(self, record):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(b"rogue", ("127.0.0.1", self._port()))

    def _rogue_looks_up_a_host(self, record):
        socket.getaddrinfo("localhost", 80)

    def _rogue_posts_and_swallows(self, record):
        try:
            requests.post(f"http://127.0.0.1:{self._port()}/", json={}, timeout=5)
        except Exception:  # noqa: BLE001 - that is what is tested
            return

    def _rogue_runs_a_webhook(self, record):
        action = self.env["ir.actions.server"].search([("name", "=", "Rogue webhook")])
        action.with_context(active_id=record.id, active_model=record._name).run()

    def _rogue_writes_a_file(self, record):
        with open(self._stored_file("rogue"), "wb") as file:
            file.write(b"rogue")

    def _rogue_makes_a_folder(self, record):
        os.makedirs(self._stored_file("rogue/rogue"))

    def _rogue_removes_a_file(self, record):
        os.remove(self._stored_file("victim"))

    def _rogue_renames_a_file(self, record):
        os.rename(self._stored_file("victim"), self._stored_file("rogue"))

    def _stored_file(self, name):
        return os.path.join(self.env["ir.attachment"]._filestore(), name)

    def _rogue_stores_an_attachment(self, record):
        self.env["ir.attachment"].create({"name": "rogue", "raw": b"rogue " * 100})

    def _rogue_changes_and_deletes_attachments(self, record):
        attachments = self.env["ir.attachment"].search([("name", "=", "victim")], order="id")
        attachments[0].raw = b"rogue"
        attachments[1].unlink()

    def _rogue_triggers_a_cron(self, record):
        self.env.ref("base.autovacuum_job")._trigger()

    def _rogue_sends_to_the_bus(self, record):
        self.env["bus.bus"]._sendone("rogue", "rogue", {})

    def _rogue_takes_an_advisory_lock(self, record):
        self.env.cr.execute("SELECT pg_advisory_lock(4711)")

    def _rogue_makes_a_large_object(self, record):
        self.env.cr.execute("SELECT lo_from_bytea(0, 'rogue')")

    def _rogue_sets_a_parameter(self, record):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("rogue.parameter", "rogue")
        # Read again, so that Odoo keeps it in its caches.
        parameters.get_param("rogue.parameter")

    def _rogue_adds_a_field(self, record):
        self.env["ir.model.fields"].create(
            {
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "name": "x_rogue",
                "ttype": "char",
            }
        )

    def _rogue_empties_a_table(self, record):
        self.env.cr.execute("TRUNCATE res_partner CASCADE")

    def _rogue_deletes(self, record):
        record.copy().unlink()

    def _rogue_sleeps_in_the_database(self, record):
        self.env.cr.execute("SELECT pg_sleep(60)")

    def _rogue_sleeps_and_swallows(self, record):
        try:
            with self.env.cr.savepoint():
                self._rogue_sleeps_in_the_database(record)
        except Exception:  # noqa: BLE001 - that is what is tested
            return

    def _rogue_queries_for_ever(self, record):
        while True:
            self.env.cr.execute("SELECT 1")

    def _rogue_reads_a_huge_recordset(self, record):
        for start in range(1, 10**9, 1000):
            record.browse(range(start, start + 1000)).exists()

    # --- around what keeps a simulation from being committed -----------------------------------

    def _rogue_tests_constraints_early(self, record):
        record.name = "rogue"
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def _rogue_removes_the_tripwire_row(self, record):
        self._rogue_writes_by_sql(record)
        self.env.cr.execute("DELETE FROM sentinel_tripwire")
        self.env.cr._cnx.commit()

    def _rogue_drops_the_tripwire(self, record):
        self._rogue_writes_by_sql(record)
        self.env.cr._obj.execute("DROP TABLE sentinel_tripwire")

    def _rogue_switches_the_tripwire_off(self, record):
        self._rogue_writes_by_sql(record)
        self.env.cr._obj.execute("ALTER TABLE sentinel_tripwire DISABLE TRIGGER ALL")

    def _rogue_plays_the_replica(self, record):
        self._rogue_writes_by_sql(record)
        self.env.cr.execute("SET session_replication_role = replica")
        self.env.cr._cnx.commit()

    def _rogue_rolls_back_behind_the_cursor(self, record):
        self.env.cr._obj.execute(
            "ROLLBACK; UPDATE res_partner SET name = 'rogue' WHERE id = %s", [record.id]
        )

    def _rogue_rolls_back_and_commits_behind_the_cursor(self, record):
        self.env.cr._obj.execute("ROLLBACK")
        self.env.cr._obj.execute("UPDATE res_partner SET name = 'rogue' WHERE id = %s", [record.id])
        self.env.cr._cnx.commit()

    def _rogue_rolls_back_quietly(self, record):
        self.env.cr._cnx.rollback()

    def _rogue_waits_for_the_rollback(self, record):
        self.env.cr.postrollback.add(lambda: self._rogue_reaches_out(record))
        self.env.cr.prerollback.add(lambda: self._rogue_reaches_out(record))

    def _rogue_waits_for_the_commit(self, record):
        self.env.cr.postcommit.add(lambda: self._rogue_reaches_out(record))
