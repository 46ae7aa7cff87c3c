"""What is to be collected, and from which cloud."""

from __future__ import annotations

import re
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
        endpoint, host = _checked(self.arm_endpoint, "the endpoint")
        audience = _checked(self.audience, "the audience", ("https", "api"))[0] if self.audience else endpoint
        scope = audience if audience.endswith("/.default") else f"{audience}/.default"
        name = cloud.name if self.cloud else f"custom ({host})"
        return Cloud(name, endpoint, scope, cloud.authority)


def _checked(url: str, what: str, schemes: tuple[str, ...] = ("https",)) -> tuple[str, str]:
    """An address without its last slash, and its host with the port. Raises `AuditorError` for what is none.

    What could be a secret is not repeated: it would end up in logs, and in the snapshot.
    """
    if "@" in url:
        raise AuditorError(
            f"{what} holds a user name or a password, which have no place in it",
            tip=f"give {what} as https://HOST; the credential identifies the caller",
        )
    if "?" in url or "#" in url:
        raise AuditorError(f"{what} holds a query or a fragment, which have no place in it", f"give {what} without it")
    try:
        parts = urlsplit(url.rstrip("/"))
        sound = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or _UNFIT.search(url) or any(step in (".", "..") for step in url.split("/")):
        raise AuditorError(
            f"{url} is not an https URL",
            tip=f"a token is never sent over plain http; give {what} as https://HOST",
        )
    return url.rstrip("/"), parts.netloc


_UNFIT = re.compile(r"[^!-~]|\\|%")
"""What no address of a Resource Manager has: blanks, controls, letters beyond ASCII, and what is taken for a slash."""
