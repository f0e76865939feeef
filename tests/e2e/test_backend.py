"""An operator does the whole of the demo from the menus, in a real browser."""

import os
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.server import RunningOdoo

from .browser import logged_in
from .orders import Orders

CARD = ".o_kanban_record:has-text('clean_old_orders')"


def picture(page: Page, name: str) -> None:
    """Keep a picture for people to look at, where SENTINEL_PICTURES names a folder."""
    folder = os.environ.get("SENTINEL_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def expect_status(page: Page, text: str) -> None:
    """Wait until the run on the page ends so, which it shows by itself.

    Another run may stand there still, for a moment after the way to a new one appeared.
    """
    badge = page.locator(".o_field_widget[name=final_status]")
    expect(badge).to_have_text(text, timeout=60_000)


def test_plan_look_run_and_look_again(odoo_server: RunningOdoo, orders: Orders) -> None:
    ids = orders.make([200 + number for number in range(12)])
    operator = odoo_server.new_user(
        "sentinel_ops_addon.group_operator", "sales_team.group_sale_salesman_all_leads"
    )
    with logged_in(odoo_server.url, operator.login, operator._secret) as page:
        page.goto(f"{odoo_server.url}/odoo/sentinel-jobs")
        page.click(f"{CARD} button:has-text('Plan')")
        expect_status(page, "Dry run")
        expect(page.locator("h3")).to_contain_text("would be changed")
        picture(page, "plan")
        assert set(orders.states(ids)) == {"draft"}

        page.click("button:has-text('Run this plan')")
        page.click(".modal-footer .btn-primary")
        page.wait_for_selector(".o_breadcrumb:has-text('(Live)')")
        expect_status(page, "Success")
        summary = page.locator("h3").inner_text()
        assert "changed, 0 skipped, 0 with errors" in summary
        picture(page, "live")
        assert set(orders.states(ids)) == {"cancel"}

        page.click(".o_list_table tbody tr:first-child button[name=action_open_record]")
        page.wait_for_selector(".o_form_view .o_field_widget[name=order_line]")
        expect(page.locator(".o_arrow_button_current")).to_contain_text("Cancelled")

        page.goto(f"{odoo_server.url}/odoo/sentinel-jobs")
        page.wait_for_selector(f"{CARD} :text('{summary}')")
        picture(page, "jobs")
        page.goto(f"{odoo_server.url}/odoo/sentinel-runs")
        page.wait_for_selector(".o_list_table tbody tr:has-text('Live')")
        picture(page, "runs")
        page.click(".o_switch_view.o_graph")
        page.wait_for_selector(".o_graph_renderer canvas")
        picture(page, "graph")
        page.click(".o_switch_view.o_pivot")
        page.wait_for_selector(".o_pivot table")


def test_a_manager_sets_parameters_and_a_schedule(odoo_server: RunningOdoo) -> None:
    manager = odoo_server.new_user("sentinel_ops_addon.group_manager")
    with logged_in(odoo_server.url, manager.login, manager._secret) as page:
        page.goto(f"{odoo_server.url}/odoo/sentinel-jobs")
        page.click(f"{CARD} .fw-bold")
        days = page.locator(".o_property_field:has-text('Older than') input")
        days.fill("0")
        days.press("Tab")
        page.click(".o_form_button_save")
        page.wait_for_selector(".modal:has-text('from 1 to 36500')")
        page.click(".modal-footer .btn-primary")
        days.fill("120")
        days.press("Tab")
        page.check("[name=schedule_active] input")
        page.fill("[name=schedule_next] input", "01/31/2099 08:00:00")
        page.click(".o_form_button_save")
        page.wait_for_selector(".o_form_saved, .o_form_button_save:not(:visible)", state="attached")
        picture(page, "job")
    admin = odoo_server.rpc()
    catalog = admin.execute("sentinel.job", "catalog")["jobs"]
    (entry,) = [job for job in catalog if job["code"] == "clean_old_orders"]
    assert entry["parameters"][0]["value"] == 120
    assert (entry["schedule"]["active"], entry["schedule"]["unit"]) == (True, "days")
    (job,) = admin.execute("sentinel.job", "search", [("code", "=", "clean_old_orders")])
    admin.execute(
        "sentinel.job", "write", [job], {"schedule_active": False, "parameters": {"days": 90}}
    )
