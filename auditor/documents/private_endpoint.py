"""Private endpoints: what they lead to, at which addresses, and which zones they write to."""

from __future__ import annotations

from auditor.documents.view import View, parts, reference, text, texts, word

ENDPOINT = "microsoft.network/privateendpoints"
ZONE_GROUP = f"{ENDPOINT}/privatednszonegroups"


class EndpointConnection(View):
    """One connection that an endpoint has or asks for, as its own side states it."""

    target = reference("properties", "privateLinkServiceId")
    groups = texts("properties", "groupIds")
    state = word("properties", "privateLinkServiceConnectionState", "status")


class CustomNames(View):
    """A name and its addresses, where Azure tells them in the endpoint's own document."""

    fqdn = text("fqdn")
    addresses = texts("ipAddresses")


class PrivateEndpoint(View, kind=ENDPOINT):
    """A private endpoint. Manual connections ask for an approval of the other side."""

    connections = parts(EndpointConnection, "properties", "privateLinkServiceConnections")
    manual_connections = parts(EndpointConnection, "properties", "manualPrivateLinkServiceConnections")
    names = parts(CustomNames, "properties", "customDnsConfigs")


class TargetSide(View):
    """A connection as the target's own side states it. The endpoint may be one of Azure's own, in no list of ours."""

    endpoint = reference("properties", "privateEndpoint")
    state = word("properties", "privateLinkServiceConnectionState", "status")
    groups = texts("properties", "groupIds")


class RecordSetWritten(View):
    """A record set that a zone group wrote."""

    kind_of_record = word("recordType")
    record = text("recordSetName")
    addresses = texts("ipAddresses")


class ZoneConfig(View):
    """A zone that a zone group writes to."""

    zone = reference("properties", "privateDnsZoneId")
    record_sets = parts(RecordSetWritten, "properties", "recordSets")


class ZoneGroup(View, kind=ZONE_GROUP):
    """The zones that an endpoint keeps its records in."""

    zones = parts(ZoneConfig, "properties", "privateDnsZoneConfigs")
