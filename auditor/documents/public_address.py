"""What a public address says."""

from __future__ import annotations

from auditor.documents.view import View, reference, text, word

PUBLIC_ADDRESS = "microsoft.network/publicipaddresses"


class PublicAddress(View, kind=PUBLIC_ADDRESS):
    """A public address. `ddos_protection` is `enabled`, `disabled` or `virtualnetworkinherited`."""

    address = text("properties", "ipAddress")
    fqdn = text("properties", "dnsSettings", "fqdn")
    sku = word("sku", "name")
    ddos_protection = word("properties", "ddosSettings", "protectionMode")
    holder = reference("properties", "ipConfiguration")
