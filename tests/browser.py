"""A real headless Chromium, driven over the WebDriver protocol with nothing but the standard library."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)


class Browser:
    """One window. Every request that a page makes, and every line it writes to the console, is kept."""

    def __init__(self, driver: str, session: str) -> None:
        self._base = f"{driver}/session/{session}"

    def call(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """One WebDriver command."""
        return _ask(f"{self._base}{path}", body, method)

    def cdp(self, command: str, **parameters: Any) -> Any:
        """One command of Chromium's own protocol."""
        return self.call("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, path: Path) -> None:
        """Show a file, and wait until it is there."""
        self.call("/url", {"url": path.resolve().as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page."""
        return self.call("/execute/sync", {"script": script, "args": list(arguments)})

    def run_later(self, script: str, *arguments: Any) -> Any:
        """Run a function body that answers through its last argument."""
        return self.call("/execute/async", {"script": script, "args": list(arguments)})

    def log(self, kind: str) -> list[Any]:
        """What was logged since the last call: `browser` is the console, `performance` the protocol's events."""
        found: list[Any] = self.call("/se/log", {"type": kind})
        return found

    def requests(self) -> list[str]:
        """Every address that was asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def appear(self, *, dark: bool = False, width: int = 1280, height: int = 900, media: str = "screen") -> None:
        """Pretend to be a screen of this size and mood, or paper."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=features)
        self.cdp(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """A picture of the page as it appears."""
        found = self.cdp("Page.captureScreenshot", captureBeyondViewport=whole, format="png")
        path.write_bytes(base64.b64decode(found["data"]))

    def pdf(self, path: Path) -> None:
        """The page on paper."""
        self.cdp("Emulation.setEmulatedMedia", media="print")
        found = self.cdp("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        path.write_bytes(base64.b64decode(found["data"]))


def _ask(url: str, body: Any = None, method: str = "POST") -> Any:
    data = json.dumps(body or {}).encode() if method == "POST" else None
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=120) as reply:
            return json.load(reply)["value"]
    except urllib.error.HTTPError as problem:
        raise AssertionError(f"{url}: {problem.read().decode()[:2000]}") from problem


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for as long as a `with` block lasts. Skips the test where the machine has none."""
    program, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("NOT CHECKED: the page needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    with tempfile.TemporaryDirectory(prefix="auditor-browser-") as home:
        server = subprocess.Popen(
            [driver, "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "HOME": home},
        )
        try:
            base = f"http://127.0.0.1:{_port(server)}"
            wanted = {
                "browserName": "chrome",
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
                "goog:chromeOptions": {"binary": program, "args": [*_ARGUMENTS, f"--user-data-dir={home}/profile"]},
            }
            session = _ask(f"{base}/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
            browser = Browser(base, session)
            try:
                yield browser
            finally:
                browser.call("", method="DELETE")
        finally:
            server.terminate()
            server.wait(timeout=20)


def _port(server: subprocess.Popen[str]) -> str:
    """The port that the driver says it listens on."""
    assert server.stdout is not None
    end = time.monotonic() + 20
    while time.monotonic() < end:
        line = server.stdout.readline()
        if "started successfully on port" in line:
            return line.strip().rstrip(".").rpartition(" ")[2]
    raise AssertionError("chromedriver did not start")
