"""Approving, undoing and stopping, by people in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.support.server import RunningOdoo

from .browser import logged_in
from .orders import Orders
from .test_backend import expect_status, picture
from .waiting import ended, until

JOB = "clean_old_orders"
SELLER = "sales_team.group_sale_salesman_all_leads"


@pytest.fixture
def policy(odoo_server: RunningOdoo) -> Iterator[None]:
    """More than two records of the job need one other person."""
    admin = odoo_server.rpc()
    rule = {"measure": "records", "above": 2, "approvers": "1"}
    policy_id = admin.execute(
        "sentinel.approval.policy", "create", {"name": "Two", "rule_ids": [(0, 0, rule)]}
    )
    (job,) = admin.execute("sentinel.job", "search", [("code", "=", JOB)])
    admin.execute("sentinel.job", "write", [job], {"approval_policy_id": policy_id})
    yield
    admin.execute("sentinel.job", "write", [job], {"approval_policy_id": False})


@pytest.mark.usefixtures("policy")
def test_approve_then_undo(odoo_server: RunningOdoo, orders: Orders) -> None:
    ids = orders.make([300 + number for number in range(4)])
    operator = odoo_server.new_user("sentinel_ops_addon.group_operator", SELLER)
    approver = odoo_server.new_user("sentinel_ops_addon.group_approver", SELLER)
    uid = operator.execute("sentinel.job", "trigger", JOB, "live", {"days": 290})["uid"]

    def run() -> dict[str, object]:
        return operator.execute("sentinel.run", "status", uid)

    until(run, lambda answer: answer["awaits"] == "approval")
    with logged_in(odoo_server.url, approver.login, approver._secret) as page:
        page.goto(f"{odoo_server.url}/odoo/sentinel-approvals")
        page.click(".o_list_table tbody tr:first-child td[name=job_name]")
        expect(page.locator(".alert-info")).to_contain_text("0 of 1 so far")
        # The lines of the plan are there to be looked at.
        expect(page.locator(".o_list_table tbody .o_data_row")).to_have_count(4)
        picture(page, "approval")
        page.click("button[name=action_approve]")
        page.fill(".modal [name=reason] input", "looked at all four")
        page.click(".modal-footer .btn-primary")
        page.wait_for_selector(".modal", state="detached")
        expect_status(page, "Success")
        page.click(".nav-link:has-text('Decisions')")
        expect(page.locator("[name=approval_ids]")).to_contain_text("looked at all four")
        picture(page, "approved")
    assert set(orders.states(ids)) == {"cancel"}

    admin = odoo_server.rpc()
    (job,) = admin.execute("sentinel.job", "search", [("code", "=", JOB)])
    admin.execute("sentinel.job", "write", [job], {"approval_policy_id": False})
    with logged_in(odoo_server.url, operator.login, operator._secret) as page:
        page.goto(odoo_server.url + str(run()["url"]))
        page.click("button[name=action_undo]")
        page.wait_for_selector(".o_breadcrumb:has-text('(Plan')")
        expect_status(page, "Dry run")
        picture(page, "undo")
        page.click("button:has-text('Run this plan')")
        page.click(".modal-footer .btn-primary")
        page.wait_for_selector(".o_breadcrumb:has-text('(Live)')")
        expect_status(page, "Success")
    assert set(orders.states(ids)) == {"draft"}


@pytest.fixture
def lifted(odoo_server: RunningOdoo) -> Iterator[None]:
    """Let everything go on after the test, whatever became of it."""
    yield
    admin = odoo_server.rpc()
    if admin.execute("sentinel.stop", "search", [("lifted_at", "=", False)]):
        admin.execute("sentinel.job", "resume_all", "the test is over")


@pytest.mark.usefixtures("lifted")
def test_stop_everything(odoo_server: RunningOdoo, orders: Orders) -> None:
    ids = orders.make([300])
    operator = odoo_server.new_user("sentinel_ops_addon.group_operator", SELLER)
    fireman = odoo_server.new_user("sentinel_ops_addon.group_emergency")
    with logged_in(odoo_server.url, fireman.login, fireman._secret) as page:
        page.goto(f"{odoo_server.url}/odoo/sentinel-stops")
        page.click("button[name=action_stop_all]")
        page.fill(".modal [name=reason] input", "Wrong prices")
        page.click(".modal-footer .btn-primary")
        page.wait_for_selector(".o_list_table tbody tr:has-text('Wrong prices')")
        picture(page, "stopped")
        uid = operator.execute("sentinel.job", "trigger", JOB, "live", {"days": 290})["uid"]
        run = ended(operator, uid)
        assert run["status"] == "aborted", run
        assert "Wrong prices" in run["error"]
        assert orders.states(ids) == ["draft"]
        page.click("button[name=action_resume_all]")
        page.fill(".modal [name=reason] input", "Right again")
        page.click(".modal-footer .btn-primary")
        page.wait_for_selector(".o_list_table tbody tr:has-text('Right again')")
