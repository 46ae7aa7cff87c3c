"""Who outside of Azure can act as an identity and could not, or no longer can: federated credentials compared."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.access.federation import Federated, federated, unread_federation
from auditor.access.principals import IDENTITY
from auditor.drift.documents import Pair
from auditor.drift.model import Change, Effect, Topic
from auditor.estate import Estate
from auditor.model import Resource


def changes(pair: Pair) -> Iterator[Change]:
    """A change for each subject of an issuer that one side lets in as an identity and the other does not.

    Where the side without it could not be read, that something changed is not certain.
    """
    identities = {r.id: r for estate in (pair.old, pair.new) for r in estate.seen(IDENTITY)}
    for _, identity in sorted(identities.items()):
        yield from _gained(pair.old, pair.new, identity, granted=True)
        yield from _gained(pair.new, pair.old, identity, granted=False)


def _gained(without: Estate, having: Estate, identity: Resource, *, granted: bool) -> Iterator[Change]:
    before = {_key(each) for each in federated(without, identity.id)}
    for each in federated(having, identity.id):
        if _key(each) in before:
            continue
        gap = unread_federation(without, identity.id)
        effect = Effect.UNKNOWN if gap is not None else Effect.WORSE if granted else Effect.BETTER
        verb = "can now" if granted else "can no longer"
        says = f"{each.says} {verb} act as identity {identity.name}"
        says += f"; but that is not certain: {gap.because}" if gap is not None else ""
        detail = {
            "identity": identity.id.text,
            "id": each.resource.id.text,
            "issuer": each.issuer,
            "subject": each.subject,
            "unknown": gap.because if gap is not None else None,
        }
        kind = "outside_granted" if granted else "outside_lost"
        yield Change(Topic.PERMISSIONS, kind, effect, says, each.resource.id, detail, rank=10 if granted else 210)


def _key(each: Federated) -> tuple[str, str]:
    return each.issuer, each.subject
