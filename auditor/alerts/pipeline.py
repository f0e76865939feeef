"""The fixed order of the stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.alerts.stages.deduplicate import deduplicate
from auditor.alerts.stages.group import group
from auditor.alerts.stages.inhibit import inhibit
from auditor.alerts.stages.mute import mute
from auditor.alerts.stages.notify import notify
from auditor.alerts.stages.silence import silence

if TYPE_CHECKING:
    from auditor.alerts.flow import Flow, Stage

STAGES: tuple[Stage, ...] = (inhibit, mute, silence, group, deduplicate, notify)


def run(flow: Flow) -> Flow:
    """Return what the stages make of ``flow``, one after the other."""
    for stage in STAGES:
        flow = stage(flow)
    return flow
