"""Scripts that gather with az what `auditor snapshot` would read: for places where only az may sign in.

Both are made of the table of reads (facts/arm-reads.json), so that they ask for the same things with the same
api-versions. They follow pages, go on where they were cut off, and say what could not be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.facts import load

Row = Mapping[str, Any]

_TENANT = "several subscriptions"
_ELSEWHERE = (_TENANT, "management group", "group")
"""Where rows are asked that no script over one subscription asks."""


def shell_script() -> str:
    """The script for a POSIX shell; needs az, sed, awk and cksum."""
    absent = "|".join(load("arm-reads")["absent"])
    return "\n".join((_SHELL_HEAD.replace("@ABSENT@", absent), *_shell_steps(), _SHELL_END))


def powershell_script() -> str:
    """The same for PowerShell 7; needs az."""
    absent = "|".join(load("arm-reads")["absent"])
    return "\n".join((_POWERSHELL_HEAD.replace("@ABSENT@", absent), *_powershell_steps(), _POWERSHELL_END))


def ordered_rows() -> Iterator[Row]:
    """The rows of the table that concern one subscription, each after those that list its parents."""
    rows = load("arm-reads")["reads"]
    elsewhere = {row["type"] for row in rows if row.get("where") == _TENANT}
    waiting = [row for row in rows if row.get("where") not in _ELSEWHERE and row["type"] not in elsewhere]
    known: set[str] = set()
    while waiting:
        ready = [row for row in waiting if all(_is_known(parent, row, known) for parent in parents_of(row))]
        ready = ready or waiting  # a parent that no row lists: the step finds no ids and does nothing
        yield from ready
        known |= {row["type"].casefold() for row in ready}
        waiting = [row for row in waiting if row not in ready]


def _is_known(parent: str, row: Row, known: set[str]) -> bool:
    if row.get("listed_by"):
        return row["listed_by"].casefold() in known
    return parent in known


def parents_of(row: Row) -> tuple[str, ...]:
    """The lower-case types whose resources a row asks about."""
    stated = row.get("parent", [])
    return tuple(each.casefold() for each in ([stated] if isinstance(stated, str) else stated))


def _query(row: Row) -> str:
    more = f"&{row['query']}" if row.get("query") else ""
    return f"?api-version={row['api_version']}{more}"


def _file(type_: str) -> str:
    return type_.casefold().replace("/", "_")


def _path(row: Row, scope: str, parent: str, group: str, location: str) -> str:
    found: str = row["path"].replace("{scope}", scope).replace("/subscriptions/{subscription}", scope)
    return found.replace("{parent}", parent).replace("{group}", group).replace("{location}", location)


def _shell_steps() -> Iterator[str]:
    for row in ordered_rows():
        own, parents = _file(row["type"]), parents_of(row)
        url = f"$ARM{_path(row, '/subscriptions/$SUBSCRIPTION', '$ID', '$GROUP', '$LOCATION')}{_query(row)}"
        if not parents:
            one = row.get("shape") == "object"
            yield f'step "{row["type"]}"\n' + (f'get "{url}"' if one else f'pages "{url}" {own}')
            continue
        listed = _shell_ids(row, parents)
        first = " | head -n 1" if "{location}" in row["path"] else ""
        body = f'get "{url}"' if row.get("shape") == "object" else f'pages "{url}" {own}'
        lines = [
            f'step "{row["type"]}"',
            f"{listed}{first} | while IFS= read -r ID; do",
            '  GROUP=$(printf %s "$ID" | cut -d/ -f1-5)' if "{group}" in row["path"] else "",
            '  LOCATION=$(location_of "$ID")' if "{location}" in row["path"] else "",
            '  ABSENT="$ABSENT|ResourceNotFound"' if "{location}" in row["path"] else "",
            f"  {body}",
            "done",
        ]
        yield "\n".join(line for line in lines if line)


def _shell_ids(row: Row, parents: Sequence[str]) -> str:
    only = row.get("only", {}).get("kind")
    kinds = f" '|{'|'.join(kind.casefold() for kind in only)}|'" if only else ""
    found = [f'named "{each}"' if each in _in_inventory() else f"ids_of {_file(each)}{kinds}" for each in parents]
    return found[0] if len(found) == 1 else f"{{ {'; '.join(found)}; }}"


def _in_inventory() -> frozenset[str]:
    """Types that the inventory of a subscription lists, and no list of their own."""
    return frozenset(row["type"].casefold() for row in load("arm-reads")["reads"] if row.get("listed_by"))


def _powershell_steps() -> Iterator[str]:
    scope, group = "/subscriptions/$Subscription", "$(Get-Group $_.id)"
    for row in ordered_rows():
        path = _path(row, scope, "$($_.id)", group, "$($_.location)")
        # A question mark may be part of a variable's name.
        url = f'"$Arm{path}{_query(row)}"'.replace("?api-version", "`?api-version")
        step = f"{'Get-One' if row.get('shape') == 'object' else 'Get-Pages'} '{row['type']}' {url}"
        parents = parents_of(row)
        if not parents:
            yield step
            continue
        only = row.get("only", {}).get("kind")
        kinds = f" | Where-Object {{ $_.kind -in {', '.join(repr(kind) for kind in only)} }}" if only else ""
        first = " | Select-Object -First 1" if "{location}" in row["path"] else ""
        step += " -Optional" if "{location}" in row["path"] else ""
        for parent in parents:
            found = f"Get-Named '{parent}'" if parent in _in_inventory() else f"Get-Found '{parent}'"
            yield f"{found}{kinds}{first} | ForEach-Object {{ {step} }}"


_SHELL_HEAD = r"""#!/bin/sh
# Gathers with az what `auditor snapshot` would read of one subscription, into a folder that `auditor import` takes.
#
#     az login
#     sh gather.sh export                 reads only; run it again to go on where it was cut off
#     auditor import export --complete -o snapshot.json
#
# SUBSCRIPTION and ARM (the endpoint of Resource Manager) may be set; by default they are those of az.
set -u
OUT=${1:-export}
: "${SUBSCRIPTION:=$(az account show --query id -o tsv)}"
: "${ARM:=$(az cloud show --query endpoints.resourceManager -o tsv)}"
ARM=${ARM%/}
ABSENT='@ABSENT@'
[ -n "$SUBSCRIPTION" ] && [ -n "$ARM" ] || { echo "sign in first: az login" >&2; exit 2; }
IDS="$OUT/ids"
rm -rf "$IDS"
mkdir -p "$IDS"
: > "$OUT/failed.txt"

step() { echo "$1" >&2; }

# get URL: the answer stands in $FILE afterwards, from now or from an earlier run.
get() {
  FILE="$OUT/$(printf %s "$1" | cksum | tr ' ' -).json"
  [ -s "$FILE" ] && return 0
  if az rest --method get --url "$1" -o json > "$FILE.part" 2> "$OUT/error.txt" < /dev/null; then
    mv "$FILE.part" "$FILE"
    return 0
  fi
  rm -f "$FILE.part"
  if grep -q -E "$ABSENT" "$OUT/error.txt"; then
    echo '{"value": []}' > "$FILE"
    return 0
  fi
  printf '%s: %s\n' "$1" "$(tr '\n' ' ' < "$OUT/error.txt" | cut -c 1-300)" >> "$OUT/failed.txt"
  return 1
}

# pages URL KIND: every page of a list; which files they are is kept under the kind.
pages() {
  URL=$1
  while [ -n "$URL" ]; do
    get "$URL" || return 1
    echo "$FILE" >> "$IDS/$2.files"
    URL=$(sed -n 's/^  "nextLink": "\(.*\)",\{0,1\}$/\1/p' "$FILE" | head -n 1)
  done
}

# ids_of KIND ['|kind|kind|']: the ids in the lists of a kind. az indents by two, so an item's own keys stand at six.
ids_of() {
  [ -f "$IDS/$1.files" ] || return 0
  while IFS= read -r LISTED; do
    awk -v kinds="${2:-}" '
      /^    [{]/ { id = ""; kind = "" }
      /^      "id": "/ { id = $0; sub(/^      "id": "/, "", id); sub(/",?$/, "", id) }
      /^      "kind": "/ { kind = $0; sub(/^      "kind": "/, "", kind); sub(/",?$/, "", kind) }
      /^    [}]/ { if (id != "" && (kinds == "" || index(kinds, "|" tolower(kind) "|"))) print id }
    ' "$LISTED"
  done < "$IDS/$1.files" | sort -u
}

# named TYPE: the ids of one type in the inventory of the subscription.
named() { ids_of microsoft.resources_resources | grep -i -E "/providers/$1/[^/]+$"; }

# location_of ID: the location that the list of virtual networks shows for it.
location_of() {
  while IFS= read -r LISTED; do
    awk -v wanted="$1" '
      /^    [{]/ { id = ""; place = "" }
      /^      "id": "/ { id = $0; sub(/^      "id": "/, "", id); sub(/",?$/, "", id) }
      /^      "location": "/ { place = $0; sub(/^      "location": "/, "", place); sub(/",?$/, "", place) }
      /^    [}]/ { if (id == wanted) print place }
    ' "$LISTED"
  done < "$IDS/microsoft.network_virtualnetworks.files" | tr -d ' ' | head -n 1
}
"""

_SHELL_END = r"""
if [ -s "$OUT/failed.txt" ]; then
  echo "$(wc -l < "$OUT/failed.txt") reads failed, see $OUT/failed.txt:" >&2
  echo "run this again, or import without --complete" >&2
  exit 3
fi
echo "auditor import $OUT --complete -o snapshot.json" >&2
"""

_POWERSHELL_HEAD = r"""
# Gathers with az what `auditor snapshot` would read of one subscription, into a folder that `auditor import` takes.
#
#     az login
#     ./gather.ps1 export                 reads only; run it again to go on where it was cut off
#     auditor import export --complete -o snapshot.json
param(
  [string]$Out = 'export',
  [string]$Subscription = (az account show --query id -o tsv),
  [string]$Arm = (az cloud show --query endpoints.resourceManager -o tsv).TrimEnd('/')
)
$Absent = '@ABSENT@'
$Found = @{}
$Failed = @()
New-Item -ItemType Directory -Force $Out | Out-Null

function Get-Answer([string]$Url, [switch]$Optional) {
  $Hash = [System.Security.Cryptography.SHA256]::HashData([System.Text.Encoding]::UTF8.GetBytes($Url))
  $File = Join-Path $Out (([System.Convert]::ToHexString($Hash)).Substring(0, 24) + '.json')
  if (-not (Test-Path $File)) {
    $Text = (az rest --method get --url $Url -o json 2>&1 | Out-String)
    if ($LASTEXITCODE -ne 0) {
      $None = $Absent + $(if ($Optional) { '|ResourceNotFound' })
      if ($Text -notmatch $None) { $script:Failed += "${Url}: $Text"; return $null }
      $Text = '{"value": []}'
    }
    Set-Content -Path $File -Value $Text -Encoding utf8NoBOM
  }
  return Get-Content -Raw $File | ConvertFrom-Json -Depth 100
}

function Get-One([string]$Type, [string]$Url, [switch]$Optional) { Get-Answer $Url -Optional:$Optional | Out-Null }

function Get-Pages([string]$Type, [string]$Url) {
  $Key = $Type.ToLowerInvariant()
  while ($Url) {
    $Answer = Get-Answer $Url
    if ($null -eq $Answer) { return }
    if (-not $Found.ContainsKey($Key)) { $Found[$Key] = @() }
    $Found[$Key] += @($Answer.value)
    $Url = $Answer.nextLink
  }
}

function Get-Found([string]$Type) { if ($Found[$Type]) { $Found[$Type] } }

function Get-Named([string]$Type) {
  Get-Found 'microsoft.resources/resources' | Where-Object { $_.type -eq $Type }
}

function Get-Group([string]$Id) { ($Id -split '/')[0..4] -join '/' }
"""

_POWERSHELL_END = r"""
if ($Failed) {
  Set-Content -Path (Join-Path $Out 'failed.txt') -Value $Failed
  Write-Error "$($Failed.Count) reads failed, see failed.txt: run this again, or import without --complete"
  exit 3
}
Write-Host "auditor import $Out --complete -o snapshot.json"
"""
