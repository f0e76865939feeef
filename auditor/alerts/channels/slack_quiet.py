"""What keeps slack-sdk from saying what nobody may read."""

from __future__ import annotations

import logging

SILENT = logging.Logger("slack_sdk, silenced", level=logging.CRITICAL + 1)  # noqa: LOG001  see below
"""For slack-sdk, which logs address and text at DEBUG and every failure as an error.

It hangs below no other logger, so that no configuration, ours or an embedder's, makes it speak.
"""
