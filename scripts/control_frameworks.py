"""Writes the facts about frameworks: which requirement of a baseline supports which controls.

`python scripts/control_frameworks.py DATASET AZURE_POLICY` reads a data set of mappings (one JSON file) and a clone of
github.com/Azure/azure-policy, and writes `auditor/facts/control-frameworks.json` and one `controls-BASELINE.json` for
each baseline. It ends with 1 and says why where the two do not agree: a control that an initiative does not give to the
policies it is said to come from, a control that its framework does not list, a requirement without controls and reason.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FACTS = Path(__file__).resolve().parent.parent / "auditor" / "facts"

SIZES: Mapping[str, tuple[int, str]] = {
    "nist-800-171-r3": (97, "NIST SP 800-171 Rev. 3: 97 security requirements; known of the text, not looked up"),
    "nist-csf-2.0": (106, "NIST CSF 2.0: 106 subcategories; known of the text, not looked up"),
    "cis-controls-8.1": (153, "CIS Controls 8.1: 153 safeguards; known of the text, not looked up"),
    "iso-27001-2013": (114, "ISO/IEC 27001:2013 Annex A: 114 controls; known of the text, not looked up"),
    "iso-27001-2022": (93, "ISO/IEC 27001:2022 Annex A: 93 controls; known of the text, not looked up"),
    "csa-ccm-4.0.12": (197, "CSA CCM 4.0: 197 control objectives; known of the text, not looked up"),
    "nis2": (10, "(EU) 2022/2555, Article 21(2): points (a) to (j); known of the text, not looked up"),
    "nist-ai-rmf-1.0": (72, "NIST AI 100-1: 72 subcategories; known of the text, not looked up"),
    "mitre-attack-16.1": (203, "ATT&CK Enterprise 16.1: 203 techniques; known of the text, not looked up"),
}
"""How many controls a framework has in all, where no initiative lists them all."""

WHOLE = ("mcsb-1", "mcsb-2", "nist-800-53-r5", "nist-800-171-r2", "soc-2")
"""Frameworks whose initiative lists every control, those that Azure has no policy for too."""

_GUARDRAIL = {
    "mcsb-2": ["AI-2"],
    "nist-800-53-r5": ["SI-10", "SI-15"],
    "nist-ai-rmf-1.0": ["MANAGE-2.3", "MEASURE-2.6"],
}
JUDGED: Mapping[str, Mapping[str, tuple[str, Mapping[str, list[str]]]]] = {
    "ai-hardening": {
        "AIH-01": (
            "what the account may call is limited to hosts that are named",
            {
                "nist-800-53-r5": ["AC-4", "SC-7", "SC-7(5)"],
                "nist-800-171-r2": ["3.1.3", "3.13.6"],
                "nist-800-171-r3": ["03.01.03", "03.13.06"],
                "nist-csf-2.0": ["PR.IR-01"],
                "iso-27001-2022": ["A.8.12"],
                "pci-dss-4.0.1": ["1.3.2"],
                "soc-2": ["CC6.7"],
                "azure-waf": ["SE:06"],
                "mitre-attack-16.1": ["T1048"],
            },
        ),
        "AIH-02": (
            "the model that runs is the one that was tried and approved",
            {
                "mcsb-2": ["AI-1"],
                "nist-800-53-r5": ["CM-3", "CM-4"],
                "iso-27001-2022": ["A.8.32"],
                "soc-2": ["CC8.1"],
                "csa-ccm-4.0.12": ["CCC-03"],
                "nist-ai-rmf-1.0": ["MEASURE-2.3"],
            },
        ),
        "AIH-03": ("where an account keeps its files is a question of custody, which no framework here asks", {}),
        "AIH-04": (
            "attacks on the AI services are detected",
            {
                "mcsb-1": ["LT-1"],
                "mcsb-2": ["AI-6", "LT-1"],
                "nist-800-53-r5": ["SI-4"],
                "nist-csf-2.0": ["DE.CM-09"],
                "iso-27001-2022": ["A.8.16"],
                "soc-2": ["CC7.2"],
            },
        ),
        "GRD-01": (
            "attacks on the model by what it reads are detected and stopped",
            {
                "mcsb-2": ["AI-2"],
                "nist-800-53-r5": ["SI-4", "SI-10"],
                "eu-ai-act": ["15.5"],
                "nist-ai-rmf-1.0": ["MEASURE-2.7"],
            },
        ),
        "GRD-02": ("output that belongs to others is filtered before it goes on", _GUARDRAIL),
        "GRD-03": ("code that belongs to others is filtered before it goes on", _GUARDRAIL),
        "GRD-04": ("input and output are held against words of ones own", _GUARDRAIL),
        "GRD-05": (
            "personal data is filtered from output before it goes on",
            {**_GUARDRAIL, "iso-27001-2022": ["A.8.12"], "soc-2": ["CC6.7"]},
        ),
    },
}
"""Baselines that the data set does not hold: a reason and the controls of each requirement, judged by hand."""

LIKE: Mapping[str, Mapping[str, str]] = {
    "zone-redundant-web-app": {
        "ENT-01": "CMP-01", "ENT-02": "NET-03", "ENT-03": "NET-04", "ENT-04": "REL-11", "ENT-05": "SEG-01",
        "APP-01": "REL-10", "APP-02": "PUB-08", "APP-03": "PL-02", "APP-04": "NET-07", "APP-05": "IDN-10",
        "DAT-01": "PUB-05", "DAT-02": "PUB-02", "DAT-03": "REL-12",
    },
}  # fmt: skip
"""Baselines whose requirements ask of another workload what openai-chat asks of its own: by id, the requirement."""

REASONS: Mapping[str, str] = {
    "the leg from the client is encrypted": "the connection from the client is encrypted",
    "the leg to the application is encrypted too": "the connection to the application is encrypted too",
    "a connection that is not approved carries no traffic; one approved unseen is a way in": (
        "a connection that is not approved carries no traffic; one that is approved unseen lets others in"
    ),
    "the compute instance has no way in from the Internet": "the compute instance is not reachable from the Internet",
    "one identity a task: rights do not add up, actions can be told apart": (
        "one identity a task: rights do not add up, actions can be attributed"
    ),
    "a shared administrator account names nobody": "a shared administrator account identifies no person",
    "an account key names nobody and opens everything": "an account key identifies no person and grants everything",
    "least privilege for everyone with a way to the data": "least privilege for everyone who can reach the data",
    "what happened can be told afterwards": "what happened can be reconstructed",
    "what happened on the network can be told afterwards": "what happened on the network can be reconstructed",
    "no way in past the one managed interface": "nothing is reachable past the one managed interface",
    "no subnet has a way out that nobody ordered": "no subnet has outbound access by default",
    "keys only where there is no other way": "keys only where nothing else is possible",
    "ways out that pass the subnet are known and accepted": (
        "outbound paths that bypass the subnet are known and accepted"
    ),
    "an identity without a task is an account that nobody watches": (
        "an identity without a task is an unwatched account"
    ),
    "nobody but the project has a way to its stores": "only the project can reach its stores",
    "what goes wrong reaches somebody": "what goes wrong is reported to a person",
    "who signed in and did what can be told afterwards": "who signed in and did what can be reconstructed",
}
"""Reasons of the data set in the words of this program."""

JUDGED_ON = "2026-12-01"

PREFIX = re.compile(
    r"^(Azure_Security_Benchmark_v[\d.]+_|NIST_SP_800-53_R5_|NIST_SP_800-171_R[23]_|SOC_2_|CIS_Azure_2\.0\.0_"
    r"|ISO27001-2013_|HITRUST_CSF_v11\.3_)"
)


def main(arguments: list[str]) -> int:
    """Write the facts, or say why not."""
    if len(arguments) != 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    data = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    sets = Sets(Path(arguments[1]), data["sources"])
    mistakes = [*faults(data, sets)]
    for says in mistakes:
        sys.stderr.write(f"{says}\n")
    if mistakes:
        return 1
    write("control-frameworks", frameworks(data, sets))
    for name, requirements in baselines(data):
        write(f"controls-{name}", mapping(data, name, requirements))
    for name, rows in JUDGED.items():
        write(f"controls-{name}", judged(data, name, rows))
    for name, ids in LIKE.items():
        same = {id_: data["requirements"][other] for id_, other in ids.items()}
        write(f"controls-{name}", judged(data, name, {id_: (r["why"], r["controls"]) for id_, r in same.items()}))
    return 0


class Sets:
    """Azure's policy initiatives as a clone of their repository has them."""

    def __init__(self, clone: Path, sources: list[dict[str, Any]]) -> None:
        self._clone = clone
        self._paths = {s["id"]: s["url"].split("@")[1] for s in sources if "policy_set" in s}
        self._read: dict[str, dict[str, Any]] = {}

    def __getitem__(self, id_: str) -> dict[str, Any]:
        """The properties of an initiative, at the commit that the data set names."""
        if id_ not in self._read:
            commit, _, path = self._paths[id_].partition("/")
            command = ["git", "-C", str(self._clone), "show", f"{commit}:{path}"]
            done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
            self._read[id_] = json.loads(done.stdout)["properties"]
        return self._read[id_]

    def controls(self, framework: str) -> list[str]:
        """Every control that the initiative of a framework lists, in its order."""
        return [PREFIX.sub("", group["name"]) for group in self[f"set-{framework}"]["policyDefinitionGroups"]]

    def of_policy(self, id_: str, policy: str) -> set[str]:
        """The controls that an initiative gives to a policy."""
        return {
            PREFIX.sub("", group)
            for row in self[id_]["policyDefinitions"]
            if row["policyDefinitionId"].endswith(policy)
            for group in row.get("groupNames", ())
        }


def baselines(data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The requirements of each baseline of the data set."""
    yield "openai-chat", data["requirements"]
    for name, held in data["baselines"].items():
        yield name, held["requirements"]


def faults(data: Mapping[str, Any], sets: Sets) -> Iterator[str]:
    """What is wrong with the data set, a sentence each."""
    known = data["frameworks"]
    for name, requirements in baselines(data):
        for id_, row in requirements.items():
            if not row["why"]:
                yield f"{name} {id_}: says no reason"
            for framework, controls in row["controls"].items():
                for control in controls:
                    if control not in known[framework]["controls"]:
                        yield f"{name} {id_}: {framework} has no {control}"
            yield from (f"{name} {id_}: {says}" for says in _not_of_azure(row, sets))


def _not_of_azure(row: Mapping[str, Any], sets: Sets) -> Iterator[str]:
    """Controls said to come from an initiative that gives them to none of the policies; of sets with plain names."""
    policies = [each["id"] for each in row["policies"] if each["relation"] != "related"]
    for framework in set(WHOLE) & set(row.get("from_policy", ())):
        given = set().union(*(sets.of_policy(f"set-{framework}", policy) for policy in policies))
        for control in row["from_policy"][framework]:
            if control not in given:
                yield f"{framework} gives {control} to none of its policies"


def frameworks(data: Mapping[str, Any], sets: Sets) -> dict[str, Any]:
    """The frameworks with their controls, and where each was read."""
    sources = {source["id"]: source for source in data["sources"]}
    return {
        "about": data["about"],
        "source": "the sources below, each with its date",
        "date": data["generated"],
        "relations": data["relation"],
        "sources": {
            id_: {key: s[key] for key in ("title", "version")}
            | {"source": s["url"], "published": s["date"], "date": data["generated"]}
            for id_, s in sources.items()
        },
        "policies": data["policies"],
        "frameworks": {
            id_: _framework(id_, held, sources, sets) | {"date": data["generated"]}
            for id_, held in data["frameworks"].items()
        },
    }


def _framework(id_: str, held: Mapping[str, Any], sources: Mapping[str, Any], sets: Sets) -> dict[str, Any]:
    others: list[str] = []
    size, size_source = SIZES.get(id_, (None, ""))
    if id_ in WHOLE:
        listed = sets.controls(id_)
        others = [control for control in listed if control not in held["controls"]]
        size, size_source = len(others) + len(held["controls"]), f"the groups of {sources[f'set-{id_}']['title']}"
    return {
        "title": held["title"],
        "version": held["version"],
        "source": ", ".join(sources[each]["title"] for each in held["sources"]),
        "sources": held["sources"],
        "quality": held["quality"],
        "size": size,
        "size_source": size_source,
        "controls": held["controls"],
        "others": others,
    }


def mapping(data: Mapping[str, Any], name: str, requirements: Mapping[str, Any]) -> dict[str, Any]:
    """What each requirement of one baseline supports. What `from_policy` does not repeat is judgement."""
    return {
        "about": data["by"],
        "source": "Azure's policy initiatives where `from_policy` repeats a control, judgement for every other",
        "date": data["generated"],
        "baseline": name,
        "requirements": {id_: _row(row, data["generated"]) for id_, row in requirements.items()},
    }


def judged(
    data: Mapping[str, Any], name: str, rows: Mapping[str, tuple[str, Mapping[str, list[str]]]]
) -> dict[str, Any]:
    """What each requirement of a baseline supports that was judged here; Azure's initiatives had no say in it."""
    made = {
        id_: {"by": "judgement" if controls else "none", "why": why, "policies": [], "controls": controls}
        for id_, (why, controls) in rows.items()
    }
    return {
        "about": data["by"],
        "source": "judgement",
        "date": JUDGED_ON,
        "baseline": name,
        "requirements": {id_: _row(row, JUDGED_ON) for id_, row in made.items()},
    }


def _row(row: Mapping[str, Any], day: str) -> dict[str, Any]:
    initiatives = [f"set-{framework}" for framework in row.get("from_policy", ())]
    return {
        "by": row["by"],
        "why": REASONS.get(row["why"], row["why"]),
        "source": " ".join([*initiatives, "judgement"]),
        "date": day,
        "policies": row["policies"],
        "controls": row["controls"],
        "from_policy": row.get("from_policy", {}),
    }


def write(name: str, value: Mapping[str, Any]) -> None:
    """Write a file of facts, one row a line."""
    (FACTS / f"{name}.json").write_text(_text(value, 0) + "\n", encoding="utf-8")


def _text(value: Any, depth: int) -> str:
    rows = value if isinstance(value, dict) and depth < 2 else None
    if not rows:
        return json.dumps(value, ensure_ascii=False)
    pad = " " * depth
    inside = ",\n".join(f"{pad} {json.dumps(key)}: {_text(inner, depth + 1)}" for key, inner in rows.items())
    return f"{{\n{inside}\n{pad}}}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
