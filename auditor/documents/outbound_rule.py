"""Outbound rules of a workspace's managed network."""

from __future__ import annotations

from auditor.documents.view import View, flag, part, reference, text, word

OUTBOUND_RULE = "microsoft.machinelearningservices/workspaces/outboundrules"


class Destination(View):
    """Where a rule leads: a group of a resource by private endpoint, or a service tag with ports."""

    service = reference("serviceResourceId")
    group = word("subresourceTarget")
    spark = flag("sparkEnabled")
    tag = text("serviceTag")
    ports = text("portRanges")
    action = word("action")


class OutboundRule(View, kind=OUTBOUND_RULE):
    """A rule. `type` is `fqdn`, `privateendpoint` or `servicetag`; the destination of the first is a host name."""

    type = word("properties", "type")
    category = word("properties", "category")
    status = word("properties", "status")
    host = text("properties", "destination")
    destination = part(Destination, "properties", "destination")

    @property
    def denies(self) -> bool:
        """Whether it keeps traffic in rather than letting it out, as rules of service tags may."""
        to = self.destination.known
        return isinstance(to, Destination) and to.action.known == "deny"

    @property
    def shown_destination(self) -> str:
        """Its destination for a message: the host name, or the tag with its ports."""
        stated = self.shown("properties", "destination").value
        return (
            f"{stated.get('serviceTag')}, ports {stated.get('portRanges')}" if isinstance(stated, dict) else str(stated)
        )
