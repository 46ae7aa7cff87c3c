"""API Management: its backends and APIs, and whom they lead to."""

from __future__ import annotations

from urllib.parse import urlsplit

from auditor.documents.view import View, parts, reference, text, word

SERVICE = "microsoft.apimanagement/service"
BACKEND = f"{SERVICE}/backends"
API = f"{SERVICE}/apis"


class PoolMember(View):
    """A backend that a pool spreads requests over."""

    backend = reference("id")


class ApiManagement(View, kind=SERVICE):
    """The service. `network_mode` is none, external or internal."""

    network_mode = word("properties", "virtualNetworkType")
    subnet = reference("properties", "virtualNetworkConfiguration", "subnetResourceId")


class Backend(View, kind=BACKEND):
    """Where requests of an API may go: a URL, or a pool of other backends."""

    url = text("properties", "url")
    pool_members = parts(PoolMember, "properties", "pool", "services")


class Api(View, kind=API):
    """An API; its requests go to `service_url` unless a policy says otherwise."""

    service_url = text("properties", "serviceUrl")


def host_of_url(url: str) -> str:
    """The host of a URL in lower case; empty where it is none, such as `https://[x`."""
    try:
        return (urlsplit(url if "//" in url else f"//{url}").hostname or "").rstrip(".").casefold()
    except ValueError:
        return ""
