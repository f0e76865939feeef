"""A real Chromium over a real server."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The sandbox needs privileges that containers do not give; the rest keeps it off the network.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
]
# Stripped from Debian's package of Odoo, and of no use here; the bundle says so in the console.
KNOWN_NOISE = ("selfie_segmentation",)


def find_chromium() -> str:
    """Return the path of a Chromium, or skip the test with the command that installs one."""
    found = os.environ.get("SENTINEL_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")
    if not found:
        pytest.skip("no Chromium here: sudo apt-get install chromium")
    return found


@contextmanager
def logged_in(url: str, login: str, password: str) -> Iterator[Page]:
    """Give a page of the backend; errors in the browser's console fail the test at the end."""
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            # The first page compiles Odoo's assets.
            page.set_default_timeout(120_000)
            page.on(
                "console",
                lambda message: errors.append(message.text) if message.type == "error" else None,
            )
            page.goto(f"{url}/web/login")
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", password)
            page.click("button[type=submit]")
            page.wait_for_selector(".o_main_navbar")
            yield page
        finally:
            browser.close()
    real = [error for error in errors if not any(noise in error for noise in KNOWN_NOISE)]
    assert not real, real
