"""What a Traffic Manager profile says."""

from __future__ import annotations

from auditor.documents.view import View, parts, text, word

TRAFFIC_MANAGER = "microsoft.network/trafficmanagerprofiles"


class TrafficEndpoint(View):
    """A host that the profile answers with."""

    host = text("properties", "target")
    state = word("properties", "endpointStatus")


class TrafficManager(View, kind=TRAFFIC_MANAGER):
    """A profile: it answers names with one of its endpoints, by the health that `monitorConfig` asks for."""

    endpoints = parts(TrafficEndpoint, "properties", "endpoints")
