"""Cases: files to write and command lines to run on them, all of it decided by one number."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from auditor.model import Read
from auditor.snapshot import Snapshot, sealed, write_snapshot
from tests import worlds
from tests.fuzz.files import BASELINE, SETTINGS, WAIVERS
from tests.fuzz.junk import FOREIGN, SUB, TEXTS, Document, Spoiler, junk, pristine
from tests.fuzz.noise import bomb, damaged, damaged_yaml
from tests.fuzz.shapes import exported

WORLDS = ("reference-implementation", "compliant")
CHECKS = ("terminal", "json", "sarif", "html", "junit", "markdown", "csv", "ocsf", "github")
PLANS = worlds.FIXTURES / "plans"


@dataclass
class Case:
    """One input: its files are in a folder; each command line is run there."""

    kind: str
    runs: list[list[str]]
    outputs: frozenset[str] = frozenset()
    """The files that the command lines may write, beside those that are there."""
    audited: Snapshot | None = None
    """A snapshot to audit without files and command line, which takes a fifth of the time."""


def build(seed: int, folder: Path) -> Case:
    """Write the files of a case; everything follows from the seed."""
    rng = Random(seed)
    maker = rng.choices([made for made, _ in MAKERS], [weight for _, weight in MAKERS])[0]
    return maker(rng, folder)


# --- parts -----------------------------------------------------------------------------------------------------------


def _some(rng: Random) -> Callable[[Document], bool]:
    """Which documents of a world to take: all, or a part of it, which is quicker and lacks what others point at."""
    if rng.random() < 0.35:
        return lambda _: True
    share = rng.choice((0.1, 0.3, 0.6))
    always = ("workspaces", "virtualnetworks", "networksecuritygroups", "applicationgateways", "accounts")
    return lambda document: (
        (str(document["id"]).split("/")[-2].casefold() in always if rng.random() < 0.9 else False)
        or rng.random() < share
    )


def spoiled(rng: Random) -> tuple[list[Document], str]:
    """Documents of a world, spoiled, and the world's name."""
    world = rng.choice(WORLDS)
    times = rng.choice((1, 2, 5, 10, 20, 40, 80, 200))
    return Spoiler(rng, world, _some(rng)).spoil(times) or [{"id": SUB}], world


def _reads(rng: Random, world: str) -> tuple[Read, ...]:
    scope = worlds.subscription(world)
    types = [str(document.get("type", "")) for document in rng.sample(pristine(world), 4)]
    odd = [
        Read(
            path=rng.choice((f"{scope}/providers/{type_}", "plan", *TEXTS[:60])),
            api_version=rng.choice(TEXTS[:60]),
            status=rng.choice((0, 200, 401, 403, 404, 429, 500, 10**9)),
            covers=rng.choice((type_.casefold(), "*", "", *TEXTS[:60])),
            scope=rng.choice((scope, "/", FOREIGN, *TEXTS)),
            count=rng.choice((0, 10**30)),
            seconds=rng.choice((0, 1e300)),
            error=rng.choice(("", "NotPredicted", *TEXTS)),
            message=rng.choice(TEXTS),
            permission=rng.choice(("", *TEXTS)),
        )
        for type_ in types[: rng.randrange(4)]
    ]
    whole = worlds.whole(scope) if rng.random() < 0.7 else ()
    return (*whole, *odd)


def _snapshot(rng: Random, path: Path) -> None:
    write_snapshot(_made(rng, *spoiled(rng)), path)


def _made(rng: Random, documents: list[Document], world: str) -> Snapshot:
    made = worlds.snapshot(documents, _reads(rng, world), world)
    if rng.random() < 0.2:
        made = replace(
            made,
            source=rng.choice(("what-if", "azure", *TEXTS[:60])),
            collected_at=rng.choice(("", "2024-07-15T09:00:00.5Z", "9999-12-31T23:59:59Z")),
            cloud=rng.choice(TEXTS),
            tenant=rng.choice(TEXTS),
            complete=rng.random() < 0.5,
            subscriptions=tuple(rng.sample(TEXTS, 3)),
            resource_groups=tuple(rng.sample(TEXTS, 3)),
        )
    return made


@cache
def _sound(world: str) -> bytes:
    """The snapshot file of a world as it is."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write_snapshot(worlds.snapshot(name=world), Path(folder, "s.json"))
        return Path(folder, "s.json").read_bytes()


def _names(path: Path) -> list[str]:
    documents = json.loads(path.read_bytes())["documents"]
    return [
        *(str(each["id"]) for each in documents),
        *(str(each["id"]).rpartition("/")[2] or "x" for each in documents),
    ]


_GROUPS = ("networksecuritygroups", "roledefinitions", "roleassignments", "diagnosticsettings", "outboundrules")
"""What a world has many of, and audits spend most of their time on."""


def audited(rng: Random, folder: Path) -> Case:
    """A small part of a world, badly spoiled, audited in memory."""
    world = rng.choice(WORLDS)
    share, groups = rng.choice((0.2, 0.4, 0.8)), rng.choice((0.03, 0.1))

    def some(document: Document) -> bool:
        type_ = str(document["id"]).split("/")[-2].casefold()
        return rng.random() < (groups if type_ in _GROUPS else 0.95 if type_ == "workspaces" else share)

    documents = Spoiler(rng, world, some).spoil(rng.choice((1, 3, 10, 20, 40, 80))) or [{"id": SUB}]
    return Case("audit", [], audited=sealed(_made(rng, documents, world)))


# --- cases -----------------------------------------------------------------------------------------------------------


def checked(rng: Random, folder: Path) -> Case:
    """A spoiled snapshot, checked, with reports."""
    _snapshot(rng, folder / "s.json")
    also = rng.sample(CHECKS, rng.choice((0, 0, 0, 1, 2)))
    outs = [f"--also={name}=r.{name}" for name in also if name != "json"]
    flags = rng.choice(([], ["-v"], ["--strict"], ["--strict", "--until-deployed"], ["--fail-on", "low"]))
    outputs = frozenset(out.rpartition("=")[2] for out in outs)
    return Case("check", [["check", "s.json", "-q", "-o", "r.json", *outs, *flags]], outputs | {"r.json"})


def diffed(rng: Random, folder: Path) -> Case:
    """A sound snapshot and a spoiled one, or two spoiled ones, compared."""
    (folder / "old.json").write_bytes(_sound(rng.choice(WORLDS)))
    _snapshot(rng, folder / "new.json")
    pair = rng.choice((["old.json", "new.json"], ["new.json", "old.json"]))
    form = rng.choice(("terminal", "json", "markdown"))
    return Case("diff", [["diff", *pair, "--format", form, "-v", "-o", f"d.{form}"]], frozenset({f"d.{form}"}))


def asked(rng: Random, folder: Path) -> Case:
    """A spoiled snapshot, asked about flows, ways and permissions."""
    _snapshot(rng, folder / "s.json")
    names = _names(folder / "s.json")
    form = ["--format", rng.choice(("text", "json"))]
    word = lambda: rng.choice((*names, *names, *TEXTS))  # noqa: E731
    runs = [
        ["reach", "s.json", "--from", rng.choice(("Internet", "10.0.0.0/8", word())), *form],
        ["reach", "s.json", "--from", word(), "--to", word(), "--port", rng.choice(("443", "80/tcp", word())), *form],
        ["access", "s.json", *form],
        ["access", "s.json", "--principal", word(), "--blast-radius", *form],
        ["access", "s.json", "--action", rng.choice(("Microsoft.KeyVault/vaults/read", "*", word())), *form],
        ["access", "s.json", "--principal", word(), "--scope", word(), *form],
        ["flow", "s.json", "--at", word(), "--direction", "in", "--protocol", "Tcp", "--local", "10.0.0.4:443",
         "--remote", rng.choice(("Internet:443", "10.0.0.5:1", f"{word()}:80")), *form],
    ]  # fmt: skip
    return Case("ask", rng.sample(runs, 3))


def batched(rng: Random, folder: Path) -> Case:
    """Questions about flows, some of them no questions."""
    if rng.random() < 0.5:
        _snapshot(rng, folder / "s.json")
    else:
        (folder / "s.json").write_bytes(_sound(rng.choice(WORLDS)))
    names = _names(folder / "s.json")
    lines = []
    for _ in range(rng.choice((1, 5, 30))):
        question: dict[str, Any] = {
            "at": rng.choice(names),
            "direction": rng.choice(("in", "out", "IN")),
            "protocol": rng.choice(("Tcp", "Udp", "Icmp", "Any")),
            "local_ip": rng.choice(("10.0.0.4", "fd00::1")),
            "local_port": rng.choice((443, "*", None)),
            "remote_ip": rng.choice(("Internet", "8.8.8.8", "Storage")),
            "remote_port": rng.choice((1, "2")),
        }
        for _ in range(rng.choice((0, 0, 1, 3))):
            question[rng.choice((*question, "x"))] = junk(rng)
        line = json.dumps(question).encode()
        lines.append(damaged(rng, line) if rng.random() < 0.2 else line)
    (folder / "q.jsonl").write_bytes(b"\n".join(lines))
    to = rng.choice(([], ["-o", "a.jsonl"]))
    return Case("flow --batch", [["flow", "s.json", "--batch", "q.jsonl", *to]], frozenset(to[1:]))


def drawn(rng: Random, folder: Path) -> Case:
    """A spoiled snapshot as a picture and as a graph."""
    _snapshot(rng, folder / "s.json")
    form = rng.choice(("svg", "graphml", "mermaid"))
    return Case("graph", [["graph", "s.json", "--format", form, "-o", f"g.{form}"]], frozenset({f"g.{form}"}))


def imported(rng: Random, folder: Path) -> Case:
    """A spoiled world in any form, imported and checked."""
    documents, _ = spoiled(rng)
    data = exported(rng, documents)
    (folder / "i.json").write_bytes(damaged(rng, data) if rng.random() < 0.25 else data)
    flags = rng.choice(([], ["--complete"], ["--as-of", "2026-11-22"]))
    runs = [["import", "i.json", "-o", "s.json", *flags], ["check", "s.json", "-q", "-o", "r.json"]]
    return Case("import", runs, frozenset({"s.json", "r.json"}))


def planned(rng: Random, folder: Path) -> Case:
    """A damaged or spoiled plan, with what is deployed or without."""
    name = rng.choice(("what-if.json", "main.snapshot.json"))
    data = (PLANS / name).read_bytes()
    if rng.random() < 0.5:
        data = damaged(rng, data)
    else:
        plan = json.loads(data)
        for _ in range(rng.choice((1, 3, 10))):
            _spoil_any(rng, plan)
        data = json.dumps(plan).encode()
    (folder / "p.json").write_bytes(data)
    others = []
    if rng.random() < 0.5:
        (folder / "i.json").write_bytes(exported(rng, pristine(rng.choice(WORLDS)), spoil=False))
        others = ["i.json"]
    runs = [["import", "p.json", *others, "-o", "s.json"], ["check", "s.json", "-q", "-o", "r.json"]]
    return Case("import of a plan", runs, frozenset({"s.json", "r.json"}))


def _spoil_any(rng: Random, value: Any) -> None:
    while isinstance(value, (dict, list)) and value:
        step = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if rng.random() < 0.25 or not isinstance(value[step], (dict, list)) or not value[step]:
            value[step] = junk(rng)
            return
        value = value[step]


def torn(rng: Random, folder: Path) -> Case:
    """A snapshot with damaged bytes, read by every command that reads one."""
    data = _sound(rng.choice(WORLDS)) if rng.random() < 0.3 else _small()
    (folder / "s.json").write_bytes(damaged(rng, data))
    one = rng.choice(
        (
            ["check", "s.json", "-q", "-o", "r.json"],
            ["diff", "s.json", "s.json", "--format", "json", "-o", "r.json"],
            ["reach", "s.json", "--from", "Internet", "--format", "json", "-o", "r.json"],
            ["access", "s.json", "--format", "json", "-o", "r.json"],
            ["graph", "s.json", "--format", "graphml", "-o", "r.graphml"],
            ["flow", "s.json", "--batch", "s.json", "-o", "r.jsonl"],
            ["history", "s.json", "--format", "json", "-o", "r.json"],
        )
    )
    outputs = frozenset({one[-1], "t.json"})
    return Case(f"bytes of a snapshot: {one[0]}", [one, ["import", "s.json", "-o", "t.json"]], outputs)


@cache
def _small() -> bytes:
    import tempfile

    some = [each for each in pristine(WORLDS[0]) if "networkSecurityGroups" in str(each["id"])][:3]
    with tempfile.TemporaryDirectory() as folder:
        write_snapshot(worlds.snapshot(some), Path(folder, "s.json"))
        return Path(folder, "s.json").read_bytes()


def configured(rng: Random, folder: Path) -> Case:
    """Damaged settings, waivers and baselines."""
    texts = {"a.yaml": SETTINGS, "w.yaml": WAIVERS, "b.yaml": BASELINE}
    if rng.random() < 0.3:
        shipped = Path(__file__).parents[2] / "baselines" / "openai-chat.yaml"
        texts["b.yaml"] = shipped.read_text(encoding="utf-8")
    chosen = rng.choice(list(texts))
    for name, text in texts.items():
        raw = text.encode()
        if name == chosen:
            raw = bomb(rng).encode() if rng.random() < 0.15 else damaged_yaml(rng, text)
        (folder / name).write_bytes(raw)
    (folder / "s.json").write_bytes(_small())
    check = ["check", "s.json", "-q", "-o", "r.json"]
    runs = {
        "a.yaml": [["settings", "validate", "a.yaml"], [*check, "--settings", "a.yaml"]],
        "w.yaml": [["settings", "validate", "a.yaml", "--format", "json"], [*check, "--waivers", "w.yaml"]],
        "b.yaml": [["baseline", "validate", "b.yaml", "--format", rng.choice(("text", "json"))],
                   [*check, "--baseline", "b.yaml"]],
    }[chosen]  # fmt: skip
    return Case(f"YAML: {chosen[0]}", runs, frozenset({"r.json"}))


def kept(rng: Random, folder: Path) -> Case:
    """A history with the audit of a spoiled snapshot in it, or with damaged bytes."""
    _snapshot(rng, folder / "s.json")
    form = rng.choice(("json", "terminal"))
    runs = [
        ["check", "s.json", "-q", "-o", "r.html", "--history", "h.db"],
        ["history", "h.db", "--format", form, "-v", "-o", f"h.{form}"],
    ]
    if rng.random() < 0.4:
        from auditor.cli import run

        here = folder / "first"
        here.mkdir()
        (here / "s.json").write_bytes(_small())
        run(["check", str(here / "s.json"), "-q", "-o", str(here / "r.json"), "--history", str(folder / "h.db")])
        for each in here.iterdir():
            each.unlink()
        here.rmdir()
        (folder / "h.db").write_bytes(damaged(rng, (folder / "h.db").read_bytes()))
    return Case("history", runs, frozenset({"r.html", f"h.{form}", "h.db", "h.db-journal", "h.db-wal", "h.db-shm"}))


def tagged(rng: Random, folder: Path) -> Case:
    """Damaged lists of service tags."""
    tags = {
        "name": "Public", "changeNumber": 1, "cloud": "Public",
        "values": [
            {"name": name, "id": name, "properties": {"region": "", "addressPrefixes": ["20.38.0.0/16", "2603::/32"]}}
            for name in ("Storage", "AzureCloud", "Storage.EastUS2")
        ],
    }  # fmt: skip
    for _ in range(rng.choice((1, 3, 10))):
        _spoil_any(rng, tags)
    data = json.dumps(tags).encode()
    (folder / "t.json").write_bytes(damaged(rng, data) if rng.random() < 0.4 else data)
    (folder / "s.json").write_bytes(_small())
    runs = [
        ["check", "s.json", "-q", "-o", "r.json", "--service-tags", "t.json"],
        ["reach", "s.json", "--from", "Internet", "--service-tags", "t.json"],
    ]
    return Case("service tags", [rng.choice(runs)], frozenset({"r.json"}))


MAKERS: Sequence[tuple[Callable[[Random, Path], Case], int]] = (
    (audited, 200), (checked, 20), (imported, 16), (asked, 10), (torn, 12), (configured, 10), (diffed, 5), (drawn, 5),
    (batched, 4),
    (planned, 6), (kept, 3), (tagged, 4),
)  # fmt: skip
