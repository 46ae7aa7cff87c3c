"""A framework of the user's own: what a file may say, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.frameworks.own import controls_of, read_framework
from auditor.model import AuditorError

KNOWN = ("PUB-01", "PUB-07", "NET-05", "CMP-01")
OWN = """\
framework: {id: contoso, title: Contoso security standard, version: "3", source: wiki, date: "2026-11-01"}
size: 12
controls:
  N.1:
    title: Nothing answers the Internet
    requirements: [PUB-*]
  N.2: {title: TLS everywhere, requirements: [NET-05], why: the listener alone decides}
  H.1:
    title: Background checks
    why: no setting of Azure shows it
"""


def written(folder: Path, text: str) -> str:
    path = folder / "own.yaml"
    path.write_text(text)
    return str(path)


def test_a_file_states_a_framework_and_its_mapping(tmp_path: Path) -> None:
    found = controls_of(("openai-chat",), KNOWN, ("mcsb-1", written(tmp_path, OWN)))
    assert list(found.frameworks) == ["mcsb-1", "contoso"]
    assert found.frameworks["contoso"].size == 12
    assert found.of("PUB-07").controls["contoso"] == ("N.1",)
    assert found.of("PUB-07").controls["mcsb-1"]
    assert found.basis("PUB-07", "contoso", "N.1") == "own"
    assert found.by_control["contoso"] == {"N.1": ("PUB-01", "PUB-07"), "N.2": ("NET-05",), "H.1": ()}
    assert found.frameworks["contoso"].reasons["H.1"] == "no setting of Azure shows it"


def test_a_file_alone_maps_requirements_of_whatever_baseline(tmp_path: Path) -> None:
    found = controls_of(("contoso-chat",), ("PUB-01", "ZZ-1"), (written(tmp_path, OWN.replace("NET-05", "ZZ-1")),))
    assert found.of("ZZ-1").controls == {"contoso": ("N.2",)}
    assert (found.of("ZZ-1").by, found.of("ZZ-1").why) == ("own", "stated by the framework's file")


def test_without_a_size_the_file_lists_them_all(tmp_path: Path) -> None:
    assert read_framework(written(tmp_path, OWN.replace("size: 12\n", "")), KNOWN).framework.size == 3


EXTENDED = """\
framework: {extends: nist-800-53-r5}
controls:
  SC-7: {requirements: [CMP-01], why: our auditors look at components alone}
  AC-1: {requirements: [PUB-07]}
  ZZ-1: {title: A control of ours, requirements: [PUB-07]}
"""


def test_a_file_may_map_some_controls_of_a_known_framework_otherwise(tmp_path: Path) -> None:
    known = controls_of(("openai-chat",), KNOWN, ("nist-800-53-r5",))
    found = controls_of(("openai-chat",), KNOWN, (written(tmp_path, EXTENDED),))
    assert list(found.frameworks) == ["nist-800-53-r5"]
    before, after = (each.of("PUB-07").controls["nist-800-53-r5"] for each in (known, found))
    assert set(after) == set(before) - {"SC-7"} | {"AC-1", "ZZ-1"}
    assert found.of("CMP-01").controls == {"nist-800-53-r5": ("SC-7",)}
    assert found.basis("CMP-01", "nist-800-53-r5", "SC-7") == "own"
    assert found.basis("PUB-07", "nist-800-53-r5", "AC-4") == "policy"
    assert found.basis("PUB-07", "nist-800-53-r5", "AC-3") == "judgement"
    framework = found.frameworks["nist-800-53-r5"]
    assert framework.size == 971
    assert "AC-1" not in framework.others
    assert framework.controls["SC-7"] == "Boundary Protection"


def test_a_file_that_extends_may_have_a_name_of_its_own_and_stand_beside(tmp_path: Path) -> None:
    text = EXTENDED.replace("{extends", "{id: ours, title: SP 800-53 as we read it, extends")
    found = controls_of(("openai-chat",), KNOWN, ("nist-800-53-r5", written(tmp_path, text)))
    assert list(found.frameworks) == ["nist-800-53-r5", "ours"]
    assert "SC-7" in found.of("PUB-07").controls["nist-800-53-r5"]
    assert "SC-7" not in found.of("PUB-07").controls["ours"]
    assert found.frameworks["ours"].name == "SP 800-53 as we read it Rev. 5"


def test_what_cannot_be_extended_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuditorError, match="there is no framework `nist-800-53` to extend; did you mean"):
        read_framework(written(tmp_path, EXTENDED.replace("nist-800-53-r5", "nist-800-53")), KNOWN)
    with pytest.raises(AuditorError, match="the control `ZZ-1` lacks `title`"):
        read_framework(written(tmp_path, EXTENDED.replace("title: A control of ours, ", "")), KNOWN)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("PUB-*", "PUB-1", "6:20: the baseline has no requirement `PUB-1`; did you mean `PUB-01`?"),
        ("requirements: [PUB-*]", "requirements: PUB-01", "6:19: `requirements` of the control `N.1` must be a list"),
        ("id: contoso", "id: 3contoso", "1:17: `id` of a framework must be letters"),
        (
            "id: contoso",
            "id: SOC-2",
            "1:17: `SOC-2` is a framework that comes with the program: choose another id, or extend it",
        ),
        ("size: 12", "size: two", "2:7: `size` must be a whole number"),
        ("size: 12", "size: 2", "2:7: `size` is 2, and the file lists 3 controls"),
        ("    title: Background checks\n", "", "9:5: the control `H.1` lacks `title`"),
        ("    why: no setting of Azure shows it\n", "", "8:3: the control `H.1` names no requirement"),
        ("no setting of Azure shows it", "none", "10:10: `none` is no reason"),
        ("requirements: [PUB-*]", "requirement: [PUB-*]", "6:5: the control `N.1` has no field `requirement`"),
        ('version: "3"', "version: 3", '1:69: `version` of a framework must be text, and 3 is a number; write "3"'),
        ("framework: {", "frame: {", "1:1: a framework's file has no field `frame`"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in OWN
    with pytest.raises(AuditorError) as raised:
        read_framework(written(tmp_path, OWN.replace(old, new)), KNOWN)
    assert says in raised.value.message
