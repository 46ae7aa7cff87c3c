"""Diagnostic settings: which logs of a resource are sent, and where."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.documents.view import View, flag, parts, reference, word
from auditor.model import ArmId, Evidence, NotKnown, Unknown

SETTING = "microsoft.insights/diagnosticsettings"


class Log(View):
    """A group of log categories, or one category; it has one of the two words."""

    category = word("category")
    group = word("categoryGroup")
    enabled = flag("enabled")


class DiagnosticSetting(View, kind=SETTING):
    """What is sent, and where. Of `serviceBusRuleId` Azure says that it is the older word for an event hub's rule."""

    logs = parts(Log, "properties", "logs")
    workspace = reference("properties", "workspaceId")
    storage = reference("properties", "storageAccountId")
    event_hub = reference("properties", "eventHubAuthorizationRuleId")
    service_bus = reference("properties", "serviceBusRuleId")
    partner = reference("properties", "marketplacePartnerId")

    def destinations(self) -> Iterator[tuple[ArmId, Evidence]]:
        """What it sends to, and where that stands. Raises `NotKnown` where that does not show."""
        if not self.states("properties"):
            raise NotKnown(Unknown(f"the diagnostic setting {self.name} shows nothing of itself", absent=True))
        for reading in (self.workspace, self.storage, self.event_hub, self.service_bus, self.partner):
            if reading.value is not None:
                yield reading.value, reading.evidence
