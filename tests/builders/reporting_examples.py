"""Results made by hand that every report is tested with: rich and faulty, all well, nothing found, hostile."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

from auditor.frameworks.own import controls_of
from auditor.model import (
    ArmId,
    AuditResult,
    BaselineInfo,
    Evidence,
    Finding,
    Level,
    Outcome,
    Place,
    Read,
    Requirement,
    Severity,
    SnapshotInfo,
    Unknown,
    Verdict,
    WorkloadInfo,
)
from auditor.model.fingerprint import fingerprint
from auditor.report import Context, renderer

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-chat"
STORAGE = ArmId(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stchat")
UI_STORAGE = ArmId(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stchatui")
VAULT = ArmId(f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-chat")
WORKSPACE = ArmId(f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw-chat")
NSG = ArmId(f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg-jumpbox")
SUBNET = ArmId(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-chat/subnets/snet-jumpbox")
OPENAI = ArmId(f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/oai-chat")
SEARCH = ArmId(f"{GROUP}/providers/Microsoft.Search/searchServices/srch-chat")

BASELINE = BaselineInfo(
    name="openai-chat",
    version="2024-04",
    source="https://learn.microsoft.com/azure/architecture/ai-ml/architecture/baseline-openai-e2e-chat",
    path="/opt/auditor/baselines/openai-chat.yaml",
    families={
        "PUB": "Public access off",
        "NSG": "Network security groups",
        "RBAC": "Role assignments",
        "CF": "Content filtering",
        "REL": "Reliability",
        "OPS": "Process",
    },
)

REQUIREMENTS = (
    Requirement(
        "PUB-05", Level.MUST, Severity.HIGH, "Key vault not exposed", "Ingress to Azure Machine Learning", "PUB",
        line=20, column=5,
    ),
    Requirement(
        "PUB-07", Level.MUST, Severity.CRITICAL, "Storage accounts not exposed, no address let in, no anonymous blobs",
        "Ingress to Azure Machine Learning", "PUB", line=31, column=5,
    ),
    Requirement("PUB-08", Level.MUST, Severity.HIGH, "Web apps not exposed", "Introduction", "PUB", line=44, column=5),
    Requirement(
        "NSG-JMP-IN", Level.MUST, Severity.HIGH, "Jump box in: only 22/3389 from the Bastion subnet",
        "Virtual network segmentation and security", "NSG", line=60, column=5,
    ),
    Requirement(
        "RBAC-11", Level.MUST, Severity.HIGH, "Nothing more for these three, at any scope",
        "Identity and access management", "RBAC", line=75, column=5,
    ),
    Requirement(
        "CF-01", Level.MUST, Severity.MEDIUM, "Hate filtered, blocking, prompt and completion, stringent",
        "Content filtering", "CF", line=90, column=5,
    ),
    Requirement(
        "REL-03", Level.SHOULD, Severity.LOW, "Three or more search replicas", "Azure AI Search - reliability", "REL",
        line=101, column=5,
    ),
    Requirement(
        "REL-15", Level.CONDITIONAL, Severity.MEDIUM, "Survive a datacenter loss of Azure OpenAI",
        "Azure OpenAI - reliability", "REL", line=110, column=5,
    ),
    Requirement(
        "OPS-01", Level.MANUAL, Severity.MEDIUM, "Flow sources in a repository, changed by reviewed pull requests",
        "LLMOps", "OPS", look_at="The repository's branch rules and its pull request pipeline.", line=120, column=5,
    ),
)  # fmt: skip

SNAPSHOT = SnapshotInfo(
    collected_at="2026-11-20T06:00:00Z",
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    subscriptions=(SUBSCRIPTION,),
    source="azure",
    complete=True,
    path="fixtures/chat.json",
    documents=324,
    failed_reads=(
        Read(
            path=f"{GROUP}/providers/Microsoft.Web/sites",
            api_version="2024-04-01",
            status=403,
            covers="microsoft.web/sites",
            scope=GROUP,
            error="AuthorizationFailed",
            message="The client does not have authorization to perform action 'Microsoft.Web/sites/read'.",
            permission="Microsoft.Web/sites/read",
        ),
    ),
)

_BY_ID = {requirement.id: requirement for requirement in REQUIREMENTS}


def finding(requirement: str, rule: str, verdict: Verdict) -> Finding:
    """A finding as the audit makes it of a verdict."""
    row = _BY_ID[requirement]
    return Finding(
        requirement=requirement,
        rule=rule,
        level=row.level.value,
        severity=row.severity.value,
        verdict=verdict,
        workload="mlw-chat",
        fingerprint=fingerprint(requirement, verdict.resource or WORKSPACE, verdict.aspect),
    )


def evidence(document: ArmId, pointer: str, value: object) -> Evidence:
    """A value at a place."""
    return Evidence(Place(document, pointer), value)


_UI_PUBLIC = evidence(UI_STORAGE, "/properties/publicNetworkAccess", None)
_UI_ACLS = evidence(UI_STORAGE, "/properties/networkAcls/defaultAction", "Allow")
_SSH = evidence(NSG, "/properties/securityRules/2/properties/sourceAddressPrefix", "*")
_REPLICAS = evidence(SEARCH, "/properties/replicaCount", 1)
_VAULT_OFF = evidence(VAULT, "/properties/publicNetworkAccess", "Disabled")

FINDINGS = (
    finding(
        "PUB-05", "vault_is_exposed",
        Verdict(Outcome.PASS, "kv-chat refuses public networks", VAULT, "workspace key vault", evidence=(_VAULT_OFF,)),
    ),
    finding(
        "PUB-07", "storage_is_exposed",
        Verdict(Outcome.PASS, "stchat refuses public networks", STORAGE, "workspace storage"),
    ),
    finding(
        "PUB-07", "storage_is_exposed",
        Verdict(
            Outcome.FAIL,
            "stchatui is open to every network: publicNetworkAccess is absent, which means Enabled, and"
            " networkAcls.defaultAction is Allow",
            UI_STORAGE, "other storage", evidence=(_UI_PUBLIC, _UI_ACLS),
            remediation="az storage account update --name stchatui --resource-group rg-chat \\\n"
            "  --public-network-access Disabled",
        ),
    ),
    finding(
        "PUB-08", "web_app_is_exposed",
        Verdict(
            Outcome.UNKNOWN, "the list of web apps could not be read: AuthorizationFailed",
            unknown=Unknown(
                "the list of web apps could not be read: AuthorizationFailed",
                "Microsoft.Web/sites/read",
                f"{GROUP}/providers/Microsoft.Web/sites",
            ),
        ),
    ),
    finding(
        "NSG-JMP-IN", "jump_box_lets_in_more",
        Verdict(
            Outcome.FAIL,
            "snet-jumpbox also lets in Tcp 22 from Internet, by rule AllowSsh (priority 120)",
            SUBNET, "jump box subnet", aspect="inbound", evidence=(_SSH,),
            witness={
                "direction": "in", "protocol": "Tcp", "source": "203.0.113.7", "source_port": 50000,
                "destination": "10.0.2.4", "destination_port": 22, "decided_by": "nsg-jumpbox/AllowSsh",
            },
            remediation="Delete AllowSsh, or limit its source to the Bastion subnet 10.0.1.0/26.",
        ),
    ),
    finding(
        "RBAC-11", "identity_may_do_more",
        Verdict(Outcome.ERROR, "the rule itself failed: KeyError: 'scope' (identity_may_do_more, line 12 of _scopes)"),
    ),
    finding(
        "CF-01", "hate_is_let_through",
        Verdict(
            Outcome.WAIVED, "hate on prompts is filtered at Medium only, until 2027-01-31 (owner: ai-team)", OPENAI,
            "Azure OpenAI account", aspect="prompt",
        ),
    ),
    finding(
        "REL-03", "search_has_few_replicas",
        Verdict(
            Outcome.FAIL, "srch-chat has 1 replica, 3 are recommended", SEARCH, "AI Search service",
            evidence=(_REPLICAS,), remediation="Set replicaCount to 3.",
        ),
    ),
    finding(
        "REL-15", "one_region_only",
        Verdict(Outcome.NOT_APPLICABLE, "one Azure OpenAI account in one region: no failover was chosen", OPENAI),
    ),
    finding("OPS-01", "", Verdict(Outcome.MANUAL, "The repository's branch rules and its pull request pipeline.")),
)  # fmt: skip

RICH = AuditResult(
    baseline=BASELINE,
    snapshot=SNAPSHOT,
    requirements={
        **_BY_ID,
        "REL-01": Requirement(
            "REL-01", Level.MUST, Severity.MEDIUM, "Search tier Standard or above", "Azure AI Search - reliability",
            "REL", line=98, column=5,
        ),
    },
    findings=FINDINGS,
    workloads=(WorkloadInfo("mlw-chat", WORKSPACE.text, {"workspace storage": (STORAGE.text,)}),),
    not_implemented=("REL-01",),
    notes=("which subnet serves agents, training and scoring cannot be determined from structure alone",),
    positions={_UI_PUBLIC.place: (812, 7), _UI_ACLS.place: (820, 26), _SSH.place: (2040, 33), _REPLICAS.place: (99, 5)},
)  # fmt: skip
"""All seven outcomes, witness, evidence, an absent value, a failed read, a requirement without a rule."""


def told(name: str, result: AuditResult, context: Context | None = None) -> str:
    """A report as text, whatever its format: of a workbook the texts of its cells."""
    made = renderer(name)(result, context or Context())
    if isinstance(made, str):
        return made
    with zipfile.ZipFile(io.BytesIO(made)) as book:
        root = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
    return "\n".join("".join(cell.itertext()) for cell in root)


CONTROLS = controls_of((BASELINE.name,), tuple(RICH.requirements))
"""Every framework that comes with the program, for these requirements."""

CLEAN = replace(
    RICH,
    snapshot=replace(SNAPSHOT, failed_reads=()),
    findings=tuple(f for f in FINDINGS if f.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.MANUAL)),
    not_implemented=(),
    notes=(),
)
"""Everything that was asked holds."""

NOTHING = replace(
    RICH,
    snapshot=replace(SNAPSHOT, documents=2, failed_reads=()),
    findings=(),
    workloads=(),
    not_implemented=(),
    notes=(),
    positions={},
    missing=("Machine Learning workspace", "Azure OpenAI account", "AI Search service", "Application Gateway"),
)
"""A subscription that has nothing of this architecture."""

EVIL = (
    "</script><script>alert(1)</script><!-- --><img src=x onerror=alert(2)>",
    "\"'`;&lt;--> ]]> %0A::error::pwned",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "line one\nline two\r\n::error file=a::pwned\n##[error]pwned ##vso[task.setvariable variable=x]y",
    "\x1b[31mred\x1b[0m\x07\x9b31m\x00",
    "=cmd|' /C calc'!A0",
    "@everyone #1 [link](javascript:alert(1)) | cell | **bold** <b>",
    "\ud800 half \udfff \ufffe \U000e0041",
    "{{ 7 * 7 }}{% raw %} [red]markup[/red] :smile:",
    "x" * 10_000,
)
"""Names that somebody could give a resource, or put into a tag, to make a report say or do something else."""


def hostile(text: str) -> AuditResult:
    """A result in which everything that others named holds this text."""
    resource = ArmId(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{text}")
    place = Place(resource, f"/properties/{text}")
    bad = Verdict(
        Outcome.FAIL, f"{text} is open: {text}", resource, text, aspect=text, witness={text: text},
        evidence=(Evidence(place, text), Evidence(place, {text: [text]})), remediation=f"fix {text}",
    )  # fmt: skip
    dark = Verdict(Outcome.UNKNOWN, text, resource, text, unknown=Unknown(text, text, text))
    return replace(
        RICH,
        snapshot=replace(
            SNAPSHOT,
            path=text,
            subscriptions=(text,),
            failed_reads=(Read(text, text, 403, text, text, 0, 0.0, text, text, text),),
        ),
        findings=(
            finding("PUB-07", "storage_is_exposed", bad),
            finding("PUB-08", "web_app_is_exposed", dark),
            finding("RBAC-11", "identity_may_do_more", Verdict(Outcome.ERROR, text, resource, text)),
            finding("CF-01", "hate_is_let_through", Verdict(Outcome.WAIVED, text, resource, text)),
            finding("OPS-01", "", Verdict(Outcome.MANUAL, text)),
        ),
        workloads=(WorkloadInfo(text, resource.text, {text: (resource.text,)}),),
        notes=(text,),
        positions={place: (812, 7)},
    )


def many(count: int) -> AuditResult:
    """A result with this many failing findings on as many resources."""
    findings = tuple(
        finding(
            ("PUB-07", "PUB-05", "CF-01", "REL-03")[n % 4],
            "storage_is_exposed",
            Verdict(Outcome.FAIL, f"st{n} is open", ArmId(f"{STORAGE.text}{n}"), "other storage"),
        )
        for n in range(count)
    )
    return replace(RICH, findings=findings, positions={})
