"""The picture as SVG, as words and as Mermaid: whole, harmless, and the same each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from auditor.model import ArmId
from auditor.picture.draw.description import sections_of, summary_of, title_of
from auditor.picture.draw.icons import ICONS
from auditor.picture.draw.kinds import (
    KINDS,
    about,
    badge,
    spoken,
)
from auditor.picture.draw.mermaid import mermaid
from auditor.picture.draw.svg import embedded_svg, svg_of
from auditor.picture.draw.text_metrics import fitted, text_width
from auditor.picture.model import (
    Item,
    LinkKind,
    Picture,
    State,
    Tally,
)
from auditor.report.digest import Digest
from auditor.shipped import shipped
from tests.builders.pictures import (
    COMPLIANT,
    REFERENCE,
    item,
    large,
    result_of,
    small,
    world,
)
from tests.builders.reporting_examples import EVIL

SVG = "{http://www.w3.org/2000/svg}"
ANCHORS = Digest(result_of(REFERENCE)).anchors
PAGE = embedded_svg(world(), lambda fingerprint: ANCHORS.get(fingerprint, ""))


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)


# --- SVG --------------------------------------------------------------------------------------------------------------


def test_the_page_gets_no_style_of_its_own_and_nothing_to_load() -> None:
    root = parsed(PAGE)
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert names == {"svg", "title", "desc", "g", "a", "rect", "path", "text"}
    assert not [e for e in root.iter() if "style" in e.attrib or any(key.startswith("on") for key in e.attrib)]
    hrefs = [e.attrib["href"] for e in root.iter() if "href" in e.attrib]
    assert hrefs
    assert all(href.startswith("#f-") for href in hrefs)


def test_links_lead_to_the_first_finding_of_what_has_a_problem() -> None:
    links = list(parsed(PAGE).iter(f"{SVG}a"))
    assert len(links) == sum(item.tally.problems > 0 for item in world().items())
    for link in links:
        assert link.attrib["href"][1:] in ANCHORS.values()
        assert re.search(r"\d+ (fail|unknown|in error)", link.attrib["aria-label"])


def test_a_file_of_its_own_brings_its_style_and_links_nowhere() -> None:
    root = parsed(svg_of(world()))
    (style,) = root.iter(f"{SVG}style")
    assert "prefers-color-scheme: dark" in (style.text or "")
    assert not [e for e in root.iter() if "href" in e.attrib]
    assert "http" not in svg_of(world()).replace("http://www.w3.org/2000/svg", "")


def test_every_class_that_is_used_has_a_look() -> None:
    sheet = (shipped("reports/assets") / "picture.css").read_text(encoding="utf-8")
    known = set(re.findall(r"\.(e-[a-z-]+)", sheet)) | {"estate"}
    used = {name for p in (world(), large()) for e in parsed(svg_of(p)).iter() for name in e.get("class", "").split()}
    # These need no more than what they are drawn on: the line's own colours.
    assert used - known <= {"e-line", "e-way", "e-holds", "e-pill", "e-name", "e-pill-text", "e-", "e-low"}


def test_who_cannot_see_it_is_told_what_it_shows() -> None:
    root = parsed(PAGE)
    named = {root.find(f"{SVG}{tag}").attrib["id"]: tag for tag in ("title", "desc")}  # type: ignore[union-attr]
    assert named == {root.attrib["aria-labelledby"]: "title", root.attrib["aria-describedby"]: "desc"}
    assert (root.find(f"{SVG}title").text or "") == "The estate of mlw-aibase"  # type: ignore[union-attr]
    assert "2 open paths: Internet to staibase and en.wikipedia.org to Internet" in summary_of(world())
    for group in root.iter(f"{SVG}g"):
        if "e-pill" not in group.attrib.get("class", ""):
            assert group.find(f"{SVG}title") is not None


def test_the_full_name_is_told_where_a_short_one_is_shown() -> None:
    name = "x" * 40 + "-the-end"
    text = svg_of(Picture("t", world().internet, services=(item(name, "microsoft.keyvault/vaults", id="/a/b"),)))
    root = parsed(text)
    shown = [e.text or "" for e in root.iter(f"{SVG}text")]
    assert name not in shown
    assert any(s.startswith("xxx") and "…" in s and s.endswith("-end") for s in shown)
    assert any((e.text or "").startswith(f"{name}\nkey vault\n/a/b") for e in root.iter(f"{SVG}title"))


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
def test_names_do_no_harm(evil: str) -> None:
    hostile = large(1, 2, evil)
    for text in (svg_of(hostile), embedded_svg(hostile, lambda _: "f-1")):
        root = parsed(text)
        tags = {e.tag.removeprefix(SVG) for e in root.iter()}
        assert tags <= {"svg", "title", "desc", "g", "a", "rect", "path", "text", "style"}
        assert not [e for e in root.iter() if any(key.startswith("on") for key in e.attrib)]
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", text)


def test_every_text_keeps_to_its_room_whatever_font_the_reader_has() -> None:
    names = ("漢字の名前", "kv-chat")
    things = tuple(item(name, "microsoft.keyvault/vaults") for name in names)
    root = parsed(svg_of(Picture("t", world().internet, services=things)))
    texts = list(root.iter(f"{SVG}text"))
    assert set(names) <= {e.text for e in texts}
    assert all(float(e.attrib["textLength"]) > 0 for e in texts)


def test_a_route_to_an_appliance_is_told() -> None:
    from auditor.estate import build_estate
    from auditor.picture.build.egress import egress_of
    from tests import worlds

    docs = worlds.documents()
    network = next(d for d in docs if d["type"] == "Microsoft.Network/virtualNetworks")
    subnet = next(s for s in network["properties"]["subnets"] if s["name"] == "snet-agents")
    table = f"{worlds.subscription()}/resourceGroups/rg-chat-prod/providers/Microsoft.Network/routeTables/rt"
    hop = {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.9.4"}
    routes = [{"id": f"{table}/routes/out", "name": "out", "properties": hop}]
    docs.append({"id": table, "name": "rt", "type": "Microsoft.Network/routeTables", "properties": {"routes": routes}})
    subnet["properties"]["routeTable"] = {"id": table}
    found = egress_of(build_estate(worlds.snapshot(docs)), ArmId(subnet["id"]))
    assert found is not None
    assert (found.state, found.label) == (State.UNKNOWN, "out: an appliance")
    hop |= {"nextHopType": "None"}
    shut = egress_of(build_estate(worlds.snapshot(docs)), ArmId(subnet["id"]))
    assert shut is not None
    assert shut.label == "not out"
    assert egress_of(build_estate(worlds.snapshot(docs)), ArmId(f"{subnet['id']}-none")) is None


def test_the_badges_of_the_picture_add_up_to_the_findings() -> None:
    from auditor.audit.audit import audit
    from auditor.baseline import read_baseline
    from auditor.model import Outcome
    from auditor.picture.build.picture import picture
    from tests import worlds

    snapshot = worlds.snapshot()
    result = audit(snapshot, read_baseline("openai-chat"))
    fails = [f for f in result.findings if f.outcome is Outcome.FAIL]
    tallies = [each.tally for each in picture(snapshot, result).items()]
    assert sum(t.fails for t in tallies) == len(fails)
    assert sum(t.worst for t in tallies if t.severity == "critical") == sum(f.severity == "critical" for f in fails)
    assert all(t.worst <= t.fails for t in tallies)


def test_how_a_subnet_gets_out_is_in_the_picture_and_in_its_words() -> None:
    subnets = [subnet for network in world().networks for subnet in network.subnets]
    labels = {s.item.name: s.egress.label for s in subnets if s.egress is not None}
    shut = {name for name, label in labels.items() if label == "not out"}
    assert shut == {"snet-training", "snet-scoring"}, "their groups deny everything outbound"
    assert {label for name, label in labels.items() if name not in shut} == {"out: Internet"}
    told = " ".join(said for section in sections_of(world()) for said in section.lines)
    assert "ab-aibase has the public address pip-ab-aibase" in told
    assert "default outbound access" in told


@pytest.mark.parametrize("picture", [world(), world(COMPLIANT), large(), small()])
def test_the_same_picture_gives_the_same_bytes(picture: Picture) -> None:
    assert svg_of(picture) == svg_of(picture)
    assert mermaid(picture) == mermaid(picture)


def test_every_kind_has_an_icon_that_is_drawn() -> None:
    assert {kind.icon for kind in KINDS.values()} <= set(ICONS)
    assert all(re.fullmatch(r"[MmLlHhVvCcAaZz\d .,-]+", path) for path in ICONS.values())


# --- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "room", "shown", "why"),
    [
        ("short", 100, "short", "what fits stays"),
        ("pep-a-very-long-name-blob", 100, "pep-a-v…me-blob", "the middle goes: names that begin alike end apart"),
        ("abc", 0, "…", "no room at all"),
        ("a\u202eb", 100, "a\\u202eb", "what reorders is spelled out"),
        ("e\u0301\u0301\u0301\u0301", 100, "e\u0301", "one mark on a letter, not a pile"),
    ],
)
def test_text_is_made_to_fit(text: str, room: float, shown: str, why: str) -> None:
    assert fitted(text, 12, room) == shown, why


def test_ten_thousand_characters_fit_too() -> None:
    shown = fitted("a" * 10_000, 12, 100)
    assert text_width(shown, 12) <= 100
    assert "…" in shown


def test_widths_are_those_of_the_typeface() -> None:
    # Helvetica: W is 0.944 em, i 0.222, the space 0.278; bold n 0.611.
    assert text_width("Wi ", 1000) == 944 + 222 + 278
    assert text_width("n", 1000, bold=True) == 611


# --- words ------------------------------------------------------------------------------------------------------------


def test_the_words_name_every_item_and_every_way() -> None:
    told = "\n".join(line for section in sections_of(world()) for line in (section.heading, *section.lines))
    for each in world().items():
        assert each.name in told, each
    for link in world().links:
        if link.state is not State.HOLDS:
            assert link.says in told
    assert "open, and should not be" in told
    assert "Subnet snet-jumpbox (10.0.2.128/28, jump box), guarded by nsg-jumpboxSubnet" in told


def test_links_that_do_not_hold_are_told_where_they_begin() -> None:
    told = [line for section in sections_of(large(1, 4, "n")) for line in section.lines]
    assert any("nst1, not known (leads)" in line for line in told)
    assert any("does not get through" in line for line in told)


def test_the_words_of_nothing_are_few() -> None:
    assert sections_of(small()) == ()
    assert title_of(small()) == "The estate of no workload"
    assert summary_of(small()).startswith("0 virtual networks with 0 subnets, 0 private endpoints")


def test_gaps_are_told() -> None:
    gap = "the list of x is not in this snapshot"
    found = Picture("t", world().internet, gaps=(gap,))
    assert [(section.heading, section.lines) for section in sections_of(found)] == [("Could not be read", (gap,))]
    assert f"Not in the picture: {gap}" in svg_of(found)


@pytest.mark.parametrize(
    ("tally", "on_the_badge", "in_words"),
    [
        (Tally(fails=3, severity="high"), "3 high", "3 fail (3 high)"),
        (Tally(fails=3, severity="high", worst=1), "1 high +2", "3 fail (1 high)"),
        (Tally(fails=3, unknown=1, severity="high", worst=3), "3 high, 1 ?", "3 fail (3 high), 1 unknown"),
        (Tally(unknown=2, severity="low"), "2 unknown", "2 unknown"),
        (Tally(errors=1, severity="low"), "1 error", "1 in error"),
        (Tally(errors=2, severity="low"), "2 errors", "2 in error"),
        (Tally(passes=4, waived=1), "", "1 waived, 4 pass"),
        (Tally(), "", "nothing checked"),
    ],
)
def test_tallies_are_said(tally: Tally, on_the_badge: str, in_words: str) -> None:
    assert badge(tally) == on_the_badge
    assert spoken(tally) == in_words


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (item("kv", "microsoft.keyvault/vaults"), "key vault"),
        (item("kv", "microsoft.keyvault/vaults", part="workspace key vault"), "workspace key vault"),
        (item("kv", "microsoft.keyvault/vaults", seen=False), "key vault, not in this snapshot"),
        (item("pip", "microsoft.network/publicipaddresses"), "no address yet"),
        (item("pe", "microsoft.network/privateendpoints", note="blob"), "private endpoint, blob"),
        (item("x", "contoso.things/widgets"), "widgets"),
        (item("x", ""), "resource"),
    ],
)
def test_things_are_called_by_what_they_are(thing: Item, said: str) -> None:
    assert about(thing) == said


# --- Mermaid ----------------------------------------------------------------------------------------------------------


def test_the_flowchart_has_every_item_and_every_link() -> None:
    text = mermaid(world())
    assert text.startswith('---\ntitle: "The estate of mlw-aibase"\n---\nflowchart LR\n  n0(("Internet"))\n')
    assert len(re.findall(r"\bn\d+(?:\[|\(|\(\()", text)) == len(list(world().items()))
    assert text.count(" ==>") + text.count(" -->") == len(world().links)
    assert '==>|"OPEN 443"|' in text
    assert text.count("subgraph") == text.count("  end\n") == 12
    assert "  linkStyle 0,1 stroke:#b42318,color:#b42318" in text


def test_groups_are_drawn_as_what_they_are_and_open_subnets_stand_out() -> None:
    text = mermaid(world())
    drawn = {style: members.split(",") for members, style in re.findall(r"^  class (\S+) (\w+)$", text, re.MULTILINE)}
    assert set(drawn) == {"network", "subnet", "open", "managed", "rest"}
    groups = re.findall(r"subgraph (\w+)\[", text)
    assert sorted(groups) == sorted(member for members in drawn.values() for member in members)
    badge = r'subgraph (n\d+)\["snet-[^"]* \d+ (?:critical|high)"\]'
    assert set(re.findall(badge, text)) <= set(drawn["open"])
    assert all(f"classDef {style} " in text for style in drawn)


def test_managed_networks_are_held_to_the_right_of_the_services_by_links_that_nobody_sees() -> None:
    text = mermaid(world())
    outward = [link for link in world().links if link.kind in (LinkKind.MANAGED, LinkKind.OUTBOUND)]
    assert text.count(" ~~~ ") == len(outward) > 5
    # Styles of links go by number: the unseen ones come after all others.
    assert text.rindex("-->") < text.index("~~~")


def test_states_have_arrows_of_their_own() -> None:
    text = mermaid(large())
    for arrow in ('==>|"OPEN', '--x|"blocked', '-.->|"not known', " <--> "):
        assert arrow in text


@pytest.mark.parametrize("evil", [*EVIL, 'a"]; click n1 "javascript:alert(1)"', "`x`", "end", "%%{init: {}}%%"])
def test_no_name_adds_anything_to_the_flowchart(evil: str) -> None:
    plain, hostile = mermaid(large(1, 2, "x")), mermaid(large(1, 2, evil))
    assert hostile.count("\n") == plain.count("\n")
    for ours, theirs in zip(plain.splitlines(), hostile.splitlines(), strict=True):
        assert theirs.count('"') == ours.count('"')
        assert set(re.sub(r'"[^"]*"', '""', theirs)) <= set(re.sub(r'"[^"]*"', '""', ours))
        quoted = "".join(re.findall(r'"([^"]*)"', theirs)).replace("<br/>", "")
        assert re.fullmatch(r"[A-Za-z0-9 .,:/()#;-]*", quoted), theirs
