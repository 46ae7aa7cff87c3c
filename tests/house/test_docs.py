"""The documentation is true: its commands run and end as it says, its links lead somewhere, its options exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from auditor.cli import auditor, run
from auditor.commands import COMMANDS
from auditor.commands.demo import deployment, variables
from auditor.model import ExitCode
from auditor.snapshot import write_snapshot
from tests import worlds
from tests.builders.templates import parameters, template
from tests.collecting import management_group, placed, world
from tests.faulty import Fault, FaultyStandIn, Kind
from tests.pages import USUAL, commands, mentioned, shell_lines, spans_of

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *DOCS.glob("*.md"),
        *DOCS.glob("guide/*.md"),
        *DOCS.glob("azure/*.md"),
        *ROOT.glob("examples/**/*.md"),
        ROOT / "README.md",
    ]
)
BY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
PLACEHOLDERS = {"00000000-0000-0000-0000-000000000000", "ID"}
"""What pages write where the reader's subscription belongs."""
REFUSED = Fault(
    r"/providers/Microsoft\.Insights/components", Kind.FORBIDDEN, detail="Microsoft.Insights/components/read"
)
"""Why the snapshot of the pages leaves something unknown, which `--resume` then reads."""
OTHERS = {"az", "docker", "gh", "git", "make", "pip", "pre-commit", "python3", "npm"}
"""Programs whose options are not ours."""


def blocks(page: str, language: str) -> list[str]:
    """The blocks of one language in a page of docs/."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


# --- the commands run -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def azure() -> Iterator[FaultyStandIn]:
    """The reference deployment, served; its subscription lies in a management group that has the same name."""
    subscription = worlds.subscription().rpartition("/")[2]
    above = (management_group(subscription), placed(subscription, subscription))
    with FaultyStandIn(world([*deployment("reference-implementation").documents, *above])) as standin:
        yield standin


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that pages speak of: snapshots, an export, a plan; settings, waivers, a baseline as pages show them."""
    folder = tmp_path_factory.mktemp("prepared")
    with (
        FaultyStandIn(deployment("reference-implementation"), faults=[REFUSED]) as azure,
        variables(azure.environment()),
    ):
        assert run(ready(["snapshot", "-q", "-o", str(folder / "s.json")], azure)) == ExitCode.INCOMPLETE
    for name in ("new.json", "running.json", "snapshot.json", "fixtures/chat.snapshot.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_snapshot(worlds.snapshot(), folder / name)
    write_snapshot(worlds.snapshot(closed()), folder / "old.json")
    (folder / "export").mkdir()
    for number, document in enumerate(worlds.documents()):
        (folder / "export" / f"{number}.json").write_text(json.dumps(document))
    (folder / "what-if.json").write_text(json.dumps({"status": "Succeeded", "changes": [change()]}))
    (folder / "infra").mkdir()
    store = {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "[parameters('n')]"}
    source = template(store, parameters={"n": {"type": "string"}})
    (folder / "infra" / "main.json").write_text(json.dumps(source))
    (folder / "infra" / "main.parameters.json").write_text(json.dumps(parameters(n="stone")))
    shutil.copy(ROOT / "tests" / "fixtures" / "terraform" / "azurerm-plan.json", folder / "plan.json")
    settings, waivers = blocks("guide/settings.md", "yaml")
    (folder / "auditor.yaml").write_text(settings)
    (folder / "waivers.yaml").write_text(waivers)
    (folder / "contoso.yaml").write_text(blocks("guide/frameworks.md", "yaml")[0])
    (folder / "contoso-chat.yaml").write_text(blocks("writing-a-baseline.md", "yaml")[0])
    keys(folder)
    question = {"at": "snet-jumpbox", "direction": "in", "protocol": "Tcp", "local_ip": "10.0.2.132"}
    question |= {"local_port": 3389, "remote_ip": "Internet", "remote_port": 50000}  # type: ignore[dict-item]
    (folder / "questions.jsonl").write_text(json.dumps(question) + "\n")
    return folder


def keys(folder: Path) -> None:
    """A key to sign with, and the public one under the names that pages and help give it; `s.json` is signed."""
    key = Ed25519PrivateKey.generate()
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pkcs8)
    for name in ("public.pem", "team.pem"):
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / name).write_bytes(public)
    (folder / "snapshots").mkdir()
    for each in (folder / "s.json", folder / "snapshots" / "monday.json"):
        if not each.exists():
            shutil.copy(folder / "s.json", each)
        result = folder / "signed-result.json"
        run(["check", str(each), "--format", "json", "-o", str(result)])
        assert run(["sign", str(each), "--key", str(folder / "key.pem"), "--result", str(result)]) == ExitCode.HOLDS
    shutil.copy(folder / "waivers.yaml", folder / "w.yaml")


def closed() -> list[worlds.Document]:
    """The reference deployment with its open storage account closed."""
    documents = worlds.documents()
    for document in documents:
        if document["id"].casefold().endswith("/storageaccounts/staibase"):
            document["properties"]["publicNetworkAccess"] = "Disabled"
    return documents


def change() -> dict[str, object]:
    """What-if of a template that closes it."""
    pair = zip(worlds.documents(), closed(), strict=True)
    ((before, after),) = [(old, new) for old, new in pair if old != new]
    return {"resourceId": before["id"], "changeType": "Modify", "before": before, "after": after, "delta": []}


@pytest.mark.slow
@pytest.mark.sampled(3)
@BY_PAGE
def test_its_commands_run_and_end_as_it_says(
    page: Path, prepared: Path, azure: FaultyStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    for group in (commands(text), mentioned(text)):
        shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
        for command in group:
            with variables(azure.environment()):
                code = run(ready(command.argv, azure))
            said = capsys.readouterr()
            assert code in command.codes, f"{command.line}\nended with {code}\n{said.out[-2000:]}\n{said.err}"


def ready(argv: list[str], azure: FaultyStandIn) -> list[str]:
    """The arguments as they are run here: asked of the stand-in, about its subscription."""
    subscription = worlds.subscription().rpartition("/")[2]
    meant = "NET-02" if argv[0] == "explain" else subscription
    known = ["rg-chat-prod" if word == "RG" else meant if word in PLACEHOLDERS else word for word in argv]
    known = [found for word in known for found in expanded(word)]
    if known[0] in ("snapshot", "scan"):
        return [*known, "--cloud", "public", "--arm-endpoint", azure.url]
    return known


def expanded(word: str) -> list[str]:
    """What a shell makes of a word."""
    return sorted(map(str, Path().glob(word))) if word.endswith("/*.json") else [word]


def test_make_audit_runs_what_the_first_page_runs() -> None:
    """The rest of that recipe makes the environment, which whoever runs this test has done."""
    recipe = re.search(r"^audit:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert recipe is not None
    ours = [line.partition("$(BIN)/")[2] for line in recipe[1].splitlines() if "$(BIN)/auditor" in line]
    shown = commands((DOCS / "guide/first-audit.md").read_text(encoding="utf-8"))
    assert ours == [shlex.join(["auditor", *each.argv]) for each in shown[:2]]


def test_pages_hold_commands_at_all() -> None:
    assert sum(len(commands(page.read_text(encoding="utf-8"))) for page in PAGES) > 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```shell\nauditor check s.json   # exit code 3: so\n```\n", [(["check", "s.json"], {3})]),
        ("```shell\n$ auditor rules\n```\n", [(["rules"], {0, 1})]),
        ("```shell\nauditor check s.json \\\n  --strict\naz login\n```\n", [(["check", "s.json", "--strict"], {0, 1})]),
        ("```yaml\nauditor check s.json\n```\nauditor rules\n", []),
    ],
)
def test_commands_are_found(text: str, expected: list[tuple[list[str], set[int]]]) -> None:
    assert [(found.argv, set(found.codes)) for found in commands(text)] == expected


# --- what is mentioned exists -----------------------------------------------------------------------------------------


def leaves(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words, commands of commands included."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*above, name), command
        if isinstance(command, click.Group):
            yield from leaves(command, (*above, name))


ALL = dict(leaves(auditor))
OPTIONS = {
    words: {opt for parameter in command.params for opt in parameter.opts} | {"--help", "-h"}
    for words, command in ALL.items()
}
EVERY_OPTION = {"--version", *(option for options in OPTIONS.values() for option in options)}


def strays(line: str) -> set[str]:
    """The options in a line of code that no command has, or not the one that the line names."""
    words = [word.partition("=")[0].rstrip(".,;:)") for word in line.split()]
    mentioned = {word for word in words if re.fullmatch(r"--[a-z][a-z-]+", word)}
    if words[:1] != ["auditor"]:
        return set() if words[:1] and words[0] in OTHERS else mentioned - EVERY_OPTION
    named = tuple(words[1:3]) if tuple(words[1:3]) in OPTIONS else tuple(words[1:2])
    return mentioned - OPTIONS.get(named, {"--version", "--help"})


@BY_PAGE
def test_every_option_that_it_mentions_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = {option: code for code in [*shell_lines(text), *spans_of(text)] for option in strays(code)}
    assert not found


def examples(words: tuple[str, ...]) -> list[str]:
    """The commands that the help of a command shows, without what is said beside them."""
    lines = (line.strip() for line in (ALL[words].help or "").splitlines())
    return [re.split(r" {2,}| > ", line)[0] for line in lines if line.startswith("auditor ")]


SHOWN = {shlex.join(["auditor", *found.argv]) for page in PAGES for found in commands(page.read_text("utf-8"))}


@pytest.mark.slow
@pytest.mark.sampled(2)
@pytest.mark.parametrize("words", [words for words in ALL if examples(words)], ids=" ".join)
def test_the_examples_of_its_help_run(
    words: tuple[str, ...], prepared: Path, azure: FaultyStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for line in examples(words):
        if line in SHOWN:
            continue
        # Each by itself: what one accepts, the next has nothing more to accept of.
        shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
        with variables(azure.environment()):
            code = run(ready(shlex.split(line)[1:], azure))
        assert code in USUAL, f"{line}\nended with {code}\n{capsys.readouterr().err}"


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_option_in_the_examples_of_help_exists(words: tuple[str, ...]) -> None:
    assert not {option: line for line in examples(words) for option in strays(line)}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("auditor check s.json --strict --also sarif=r.sarif", set()),
        ("auditor check s.json --stirct", {"--stirct"}),
        ("auditor nsg s.json --strict", set()),
        ("auditor nsg s.json --fail-on", {"--fail-on"}),
        ("auditor settings schema --strict", {"--strict"}),
        ("az login --tenant x", set()),
        ("--complete", set()),
        ("--compleet", {"--compleet"}),
    ],
)
def test_options_that_do_not_exist_are_found(line: str, found: set[str]) -> None:
    assert strays(line) == found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    shown = {found.argv[0] for page in PAGES if DOCS in page.parents for found in commands(page.read_text())}
    assert name in shown, f"no page of docs/ shows `auditor {name}`"


# --- links ------------------------------------------------------------------------------------------------------------


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def dead(page: Path, link: str) -> bool:
    """Whether a link leads nowhere."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    inside = target.is_relative_to(ROOT) and target.exists()
    return not inside or bool(anchor and target.suffix == ".md" and anchor not in headings(target))


@pytest.mark.parametrize("page", [*PAGES, *sorted(DOCS.glob("rules/*.md"))], ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(<?([^)\s>]+)>?\)", re.sub(r"`[^`]*`", "", text)) + re.findall(r'src="([^"]+)"', text)
    near = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert not [link for link in near if dead(page, link)]


def test_every_guide_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for page in [
        *DOCS.glob("guide/*.md"),
        *DOCS.glob("azure/*.md"),
        DOCS / "writing-a-baseline.md",
        DOCS / "coverage.md",
    ]:
        assert f"({page.relative_to(DOCS).as_posix()})" in index


def test_what_the_code_cites_about_azure_is_there() -> None:
    """A comment that names a page and its sections; a page that is no file of ours is none that a reader can open."""
    cited = []
    for file in [*ROOT.glob("auditor/**/*.py"), *ROOT.glob("tests/**/*.py")]:
        if file != Path(__file__):
            text = re.sub(r"\s+(#\s+)?", " ", file.read_text(encoding="utf-8"))
            cited += re.findall(r"docs/azure/([\w-]+\.md)(?:, sections? ([\d.]*\d)(?: and ([\d.]*\d))?)?", text)
            assert not re.search(r"\bfacts/[\w-]+\.md", text), file
    assert len(cited) > 10
    for page, *sections in cited:
        written = (DOCS / "azure" / page).read_text(encoding="utf-8")
        assert not [n for n in sections if n and not re.search(rf"^#+ {re.escape(n)}\.? ", written, re.MULTILINE)], page


@pytest.mark.parametrize("page", sorted(DOCS.glob("guide/*.md")), ids=lambda page: page.stem)
def test_a_guide_is_one_page(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 110
    assert lines[0].startswith("# ")


# --- writing a rule ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_checklist_for_a_rule_is_complete(tmp_path: Path) -> None:
    home = tmp_path / "repository"
    for part in ("auditor", "baselines", "docs", "tests", "reports"):
        shutil.copytree(
            ROOT / part, home / part, ignore=shutil.ignore_patterns("__pycache__", "property", "arm-bodies*")
        )
    shutil.copy(ROOT / "pyproject.toml", home)
    row, cases = blocks("guide/writing-a-rule.md", "yaml")
    (function,) = blocks("guide/writing-a-rule.md", "python")
    edit(home / "baselines/openai-chat.yaml", r"(?=^  PL-01:)", row + "\n")
    edit(home / "auditor/rules/network/entry.py", r"\Z", "\n\n" + function)
    (home / "tests/fixtures/cases/NET-12.yaml").write_text(cases)
    environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONSAFEPATH": "1"}
    build = [sys.executable, "docs/build.py"]
    subprocess.run(build, cwd=home, env=environment, check=True, capture_output=True)
    assert (home / "docs/rules/NET-12.md").exists()
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-k",
        "NET-12 or NET_12 or test_rules",
        "tests/cases",
        "tests/house/test_rules.py",
    ]
    done = subprocess.run(tests, cwd=home, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    lint = [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), "auditor/rules"]
    subprocess.run(lint, cwd=home, check=True, capture_output=True)


def edit(path: Path, pattern: str, text: str, count: int = 0) -> None:
    """Put text into a file where a pattern fits; replace what the pattern takes."""
    changed, times = re.subn(pattern, lambda _: text, path.read_text(), count=count, flags=re.MULTILINE)
    assert times == 1, f"{path.name}: {pattern} fits {times} times"
    path.write_text(changed)
