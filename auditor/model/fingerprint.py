"""What makes a finding the same finding tomorrow."""

from __future__ import annotations

import hashlib

from auditor.model.arm_id import ArmId


def fingerprint(requirement: str, resource: ArmId | None, aspect: str = "") -> str:
    """Name a finding by what it is about: 64 hexadecimal digits, the same in every snapshot and on every machine.

    Made of the requirement's id, the resource's id without letter case, and the aspect; of neither the outcome nor a
    position, so that an alert survives a snapshot that was taken again and closes when its cause is gone.
    """
    key = resource.key if resource is not None else ""
    # The length before each part keeps ("A", "BC") and ("AB", "C") apart whatever the parts hold.
    parts = (requirement, key, aspect)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
