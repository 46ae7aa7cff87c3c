"""What is to be collected, and from which cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from auditor.model import AuditorError


class Cloud(NamedTuple):
    """Where a cloud's Resource Manager and its sign-in are (azure.mgmt.core.tools.get_arm_endpoints)."""

    name: str
    endpoint: str
    scope: str
    authority: str


CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        "public": Cloud(
            "AzurePublicCloud",
            "https://management.azure.com",
            "https://management.azure.com/.default",
            "login.microsoftonline.com",
        ),
        "usgovernment": Cloud(
            "AzureUSGovernment",
            "https://management.usgovcloudapi.net",
            # The audience of Resource Manager is another host than its endpoint in this cloud alone.
            "https://management.core.usgovcloudapi.net/.default",
            "login.microsoftonline.us",
        ),
        "china": Cloud(
            "AzureChinaCloud",
            "https://management.chinacloudapi.cn",
            "https://management.chinacloudapi.cn/.default",
            "login.chinacloudapi.cn",
        ),
    }
)


@dataclass(frozen=True)
class Target:
    """Which subscriptions and resource groups of which cloud, and how hard to try.

    `management_groups` (names or ids) stand for every subscription below them. Without these and without subscriptions,
    the only one that the credential sees is taken; `all_subscriptions` takes every one of them.
    `cloud` is one of `CLOUDS`; empty is the public one. `arm_endpoint` (https) replaces the cloud's, with `audience`
    for its tokens (the endpoint itself where empty) and `ca_file` (PEM) to trust; what such an endpoint serves is a
    cloud of its own unless `cloud` says which one it stands for. `timeout` is in seconds for the whole run; `patience`
    scales the waits between retries.
    """

    subscriptions: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    management_groups: tuple[str, ...] = ()
    all_subscriptions: bool = False
    cloud: str = ""
    arm_endpoint: str = ""
    audience: str = ""
    ca_file: str = ""
    concurrency: int = 16
    timeout: float | None = None
    patience: float = 1.0

    def where(self) -> Cloud:
        """The cloud asked for, its endpoint replaced where one was given.

        Raises `AuditorError` for a cloud that there is not and for an endpoint that is not https.
        """
        cloud = CLOUDS.get(self.cloud.casefold() or "public")
        if cloud is None:
            raise AuditorError(f"there is no cloud named {self.cloud!r}", tip=f"choose from {', '.join(CLOUDS)}")
        if not self.arm_endpoint:
            return cloud
        endpoint = self.arm_endpoint.rstrip("/")
        parts = urlsplit(endpoint)
        if "@" in parts.netloc:
            # Neither is repeated: it would end up in logs, and in the snapshot.
            raise AuditorError(
                "the endpoint holds a user name or a password, which have no place in it",
                tip="give the endpoint as https://HOST: who asks is told by the credential",
            )
        if parts.scheme != "https" or not parts.hostname:
            raise AuditorError(
                f"{self.arm_endpoint} is not an https URL",
                tip="a token is never sent over plain http; give the endpoint as https://HOST",
            )
        audience = (self.audience or endpoint).rstrip("/")
        scope = audience if audience.endswith("/.default") else f"{audience}/.default"
        name = cloud.name if self.cloud else f"custom ({parts.netloc})"
        return Cloud(name, endpoint, scope, cloud.authority)
