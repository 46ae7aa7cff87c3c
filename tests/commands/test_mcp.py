"""`auditor mcp` as the SDK's own client meets it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from auditor.cli import run
from auditor.commands.mcp import server
from auditor.commands.options.answers import NOTICE, Answers
from auditor.snapshot import write_snapshot
from tests import worlds

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("allowed")
    write_snapshot(worlds.snapshot(), made / "s.json")
    return made


def with_client(folder: Path, what: Callable[[Client], Awaitable[Any]]) -> Any:
    async def talk() -> Any:
        async with Client(server(Answers(folder))) as client:
            return await what(client)

    return asyncio.run(talk())


def called(folder: Path, tool: str, **arguments: Any) -> Any:
    answer = with_client(folder, lambda client: client.call_tool(tool, arguments))
    assert not answer.is_error, answer.content
    (content,) = answer.content
    found = json.loads(content.text)
    assert found["notice"] == NOTICE
    return found


def test_the_tools_are_read_only_and_say_what_they_do(folder: Path) -> None:
    tools = {tool.name: tool for tool in with_client(folder, lambda client: client.list_tools()).tools}
    assert set(tools) == {"snapshots", "check", "explain", "fix", "reach", "flow", "access"}
    for tool in tools.values():
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert tool.description
    assert tools["flow"].input_schema["required"] == ["snapshot", "at", "direction", "protocol", "local", "remote"]


def test_each_tool_answers(folder: Path) -> None:
    assert called(folder, "snapshots")["data"][0]["name"] == "s.json"
    assert called(folder, "check", snapshot="s.json", limit=2)["data"]["summary"]["fail"] > 2
    assert called(folder, "explain", requirement="PUB-07")["data"]["rule"]
    assert called(folder, "reach", snapshot="s.json", origin="Internet")["data"]
    assert called(folder, "access", snapshot="s.json", target="kv-aibase")["data"]
    flow = {"at": "nic-jmp-aibase", "direction": "in", "protocol": "tcp", "local": "10.0.2.132:3389"}
    assert called(folder, "flow", snapshot="s.json", remote="Internet:50000", **flow)["data"]
    assert called(folder, "fix", snapshot="s.json", only=["PUB-07"])["data"]


def test_a_refusal_is_an_error_of_the_tool(folder: Path) -> None:
    answer = with_client(folder, lambda client: client.call_tool("check", {"snapshot": "../s.json"}))
    assert answer.is_error
    assert "lies outside the folder" in answer.content[0].text


def test_without_the_sdk_it_says_how_to_get_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    assert run(["mcp", "--folder", str(folder)]) == 2
    assert "pip install 'azure-chat-auditor[mcp]'" in capsys.readouterr().err


@pytest.mark.slow
def test_over_standard_input_and_output_nothing_else_is_written(folder: Path) -> None:
    async def talk() -> Any:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "auditor", "mcp", "--folder", str(folder)], env={**os.environ}
        )
        async with Client(stdio_client(command)) as client:
            return await client.call_tool("check", {"snapshot": "s.json", "limit": 1})

    answer = asyncio.run(talk())
    assert json.loads(answer.content[0].text)["data"]["summary"]["fail"] > 1
