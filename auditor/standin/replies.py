"""What Resource Manager answers: bodies, codes and headers as it spells them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(frozen=True)
class Reply:
    """One answer before it is written to the wire."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body as bytes; what is bytes already is sent as it stands."""
        if isinstance(self.body, bytes):
            return self.body
        try:
            return msgspec.json.encode(self.body)
        except UnicodeEncodeError:
            # Half a character (a lone surrogate) has no UTF-8, but JSON can spell it.
            return json.dumps(self.body).encode("ascii")

    def length(self, content: bytes) -> int:
        """The Content-Length that the answer states for its bytes."""
        return len(content)


def ok(body: Any) -> Reply:
    """The answer to a question that has one."""
    return Reply(200, body)


def error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An error body in Resource Manager's form."""
    return Reply(status, {"error": {"code": code, "message": message}}, headers or {})


def unauthorized(code: str, message: str, authority: str) -> Reply:
    """A token that is missing, expired or not ours."""
    challenge = f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="{message}"'
    return error(401, code, message, {"WWW-Authenticate": challenge})


def resource_not_found(path: str) -> Reply:
    """A resource, or the parent of a list, that there is not."""
    type_and_name = path.rpartition("/providers/")[2]
    group = path.split("/")[4] if path.casefold().count("/resourcegroups/") else ""
    return error(
        404, "ResourceNotFound", f"The Resource '{type_and_name}' under resource group '{group}' was not found."
    )


def subscription_not_found(subscription: str) -> Reply:
    """A subscription that there is not, or that the caller must not know of."""
    return error(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def group_not_found(group: str) -> Reply:
    """A resource group that there is not."""
    return error(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def unknown_type(namespace: str, type_: str, version: str) -> Reply:
    """A type that the cloud does not have."""
    return error(
        404,
        "InvalidResourceType",
        f"The resource type '{type_}' could not be found in the namespace '{namespace}' for api version '{version}'.",
    )


def unknown_version(version: str, supported: tuple[str, ...]) -> Reply:
    """An api-version that the cloud does not have for the type."""
    return error(
        400,
        "InvalidApiVersionParameter",
        f"The api-version '{version}' is invalid. The supported versions are '{','.join(reversed(supported))}'.",
    )


def missing_version() -> Reply:
    """A request without an api-version."""
    return error(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )


def not_registered(namespace: str, subscription: str) -> Reply:
    """A provider that the subscription never registered."""
    return error(
        409,
        "MissingSubscriptionRegistration",
        # The SDK reads the namespace from between the last two quotes.
        f"The subscription {subscription} is not registered to use namespace '{namespace}'."
        " See https://aka.ms/rps-not-found for how to register subscriptions.",
    )


CALLER = "11111111-2222-4333-8444-555555555555"
"""The object id of the service principal that the stand-in signs in."""


def usual_headers() -> dict[str, str]:
    """The headers that every answer of Resource Manager carries, beside what is left of the caller's reads."""
    request = str(uuid.uuid4())
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "no-cache",
        "x-ms-request-id": request,
        "x-ms-correlation-request-id": request,
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
    }
