"""What stands between a question and the wire: only reads leave, retries are patient, a refused token is renewed."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy, RetryPolicy
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from auditor.collect.connection.credential import Token
from auditor.collect.pacing.throttle import Calm, service_of, subscription_of

_Request = PipelineRequest[Any]
_Response = PipelineResponse[Any, Any]


class NotAReadError(AssertionError):
    """Something tried to send a request that is not a read: a bug, and never sent."""


class Interrupted(Exception):  # noqa: N818 - somebody asked for it
    """The run was told to stop while a request waited."""


class Deadline:
    """When a run must end: by the clock, or because somebody said so. Seconds are those of `time.monotonic`."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the run now."""
        self._stopped.set()

    @property
    def over(self) -> bool:
        """Whether nothing more is to be asked."""
        return self._stopped.is_set() or (self._end is not None and time.monotonic() >= self._end)

    @property
    def left(self) -> float | None:
        """Seconds until the end; `None` where there is none."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def wait(self, seconds: float) -> None:
        """Sleep, but not past the end. Raises `Interrupted` where the end comes first."""
        left = self.left
        self._stopped.wait(seconds if left is None else min(seconds, left))
        if self.over:
            raise Interrupted


class OnlyReads(HTTPPolicy[Any, Any]):
    """Lets GET through and nothing else.

    The clients of Azure answer a 409 to a GET with a POST that registers a provider: azure-mgmt-core's
    ARMAutoResourceProviderRegistrationPolicy does. The pipeline here is built without it; this policy makes sure that
    no other like it finds its way in. It stands below the retries, so that what a policy sends by itself passes it too.
    """

    def send(self, request: _Request) -> _Response:
        """Pass a GET on. Raises `NotAReadError` for everything else."""
        if request.http_request.method.upper() != "GET":
            raise NotAReadError(f"{request.http_request.method} {request.http_request.url} is not a read")
        return self.next.send(request)


class Patience(RetryPolicy[Any, Any]):
    """Retries with jitter, obeys Retry-After, and gives up when the run is over.

    Resource Manager restarts a wait that is cut short (its page on throttling says so), so a Retry-After longer
    than `LONGEST` is not waited for at all: the read fails with its 429.
    """

    LONGEST = 300.0
    """Seconds. Longer waits belong to a limit that a run cannot sit out."""
    LEAST = 10.0
    """Seconds that a shorter wait counts for, so that there is an end to very short ones too."""
    FIRST = 0.4
    """Seconds before the second try, at the scale 1; each further one waits twice as long."""

    def __init__(self, deadline: Deadline, calm: Calm, scale: float) -> None:
        super().__init__(retry_total=12, retry_status=8, retry_connect=5, retry_read=5, retry_backoff_max=30)
        self._deadline = deadline
        self._calm = calm
        self._scale = scale

    def is_retry(self, settings: dict[str, Any], response: _Response) -> bool:
        """Whether another try may help."""
        wait = self.get_retry_after(response)
        return bool(super().is_retry(settings, response)) and (wait is None or wait <= self.LONGEST)

    def increment(self, settings: dict[str, Any], response: Any = None, error: Exception | None = None) -> bool:
        """Whether there is another try: for this request, and for the run.

        A wait that Azure asks for is neither's fault: such tries end when they have taken `LONGEST` together.
        """
        more = bool(super().increment(settings, response, error))
        said = self.get_retry_after(response) if isinstance(response, PipelineResponse) else None
        if said is None:
            return more and self._calm.spend()
        settings["total"] += 1
        settings["status"] += 1
        settings["waited"] = settings.get("waited", 0.0) + max(said, self.LEAST)
        return more and settings["waited"] <= self.LONGEST

    def send(self, request: _Request) -> _Response:
        """Send until there is an answer that another try would not better."""
        response = super().send(request)
        if response.http_response.status_code < 400:
            self._calm.earn()
        return response

    def get_retry_after(self, response: _Response) -> float | None:
        """Seconds that Azure asks to wait for; `None` where it does not say, or says nothing that is a time."""
        try:
            said = super().get_retry_after(response)
        except (ValueError, OverflowError, TypeError):
            return None
        return said if said is None or said >= 0 else 0.0  # what is not a number is no time to wait for

    def get_backoff_time(self, settings: dict[str, Any]) -> float:
        """Seconds before the next try where Azure did not say: doubled each time, spread over half of itself."""
        tries = max(0, len(settings["history"]) - 1)
        longest: float = min(float(settings["max_backoff"]), self.FIRST * 2**tries)
        # Spread, so that sixteen requests refused together do not come back together.
        return self._scale * longest * random.uniform(0.5, 1.0)  # noqa: S311

    def sleep(self, settings: dict[str, Any], transport: Any, response: _Response | None = None) -> None:
        """Wait as long as Azure said, or as the backoff says. Raises `Interrupted` where the run ends first."""
        said = self.get_retry_after(response) if response else None
        seconds = self.get_backoff_time(settings) if said is None else said
        if response is not None and response.http_response.status_code == 429:
            self._calm.close(service_of(response.http_request.url), seconds, response.http_response.headers)
        self._deadline.wait(seconds)


class Pace(HTTPPolicy[Any, Any]):
    """Slows down before Azure has to say so: it tells with every answer how many reads are left."""

    def __init__(self, deadline: Deadline, calm: Calm) -> None:
        super().__init__()
        self._deadline = deadline
        self._calm = calm

    def send(self, request: _Request) -> _Response:
        """Send when there is a slot. Raises `Interrupted` where the run ends first."""
        subscription = subscription_of(request.http_request.url)
        held = self._calm.due(subscription)
        headers = None
        try:
            while held:
                self._deadline.wait(held)
                # Others may have been told meanwhile to wait for longer; who comes too early makes all wait anew.
                held = self._calm.shut_for(subscription)
            response = self.next.send(request)
            headers = response.http_response.headers
        finally:
            self._calm.landed(subscription, headers)
        return response


class RenewingAuthentication(ARMChallengeAuthenticationPolicy):
    """Fetches a new token once where Resource Manager refuses the one it was given, with or without a challenge."""

    def __init__(self, token: Token, scope: str) -> None:
        super().__init__(token, scope)
        self._wallet = token
        self._scope = scope

    def on_challenge(self, request: _Request, response: _Response) -> bool:
        """Answer a 401: the SDK's way where it brings claims, else with a token that was not cached."""
        if super().on_challenge(request, response):
            return True
        refused = str(request.http_request.headers.get("Authorization", "")).removeprefix("Bearer ")
        try:
            renewed = self._wallet.renew(refused, self._scope)
        except AzureError:
            return False
        request.http_request.headers["Authorization"] = f"Bearer {renewed.token}"
        return True
