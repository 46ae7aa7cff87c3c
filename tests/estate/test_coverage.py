"""Coverage: when an absence can be believed."""

import pytest

from auditor.estate.coverage import Coverage, unknown_of
from auditor.model import ArmId, Read, Unknown

S = "/subscriptions/s"
W = f"{S}/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
ML = "microsoft.machinelearningservices/workspaces"


def read(covers: str, scope: str = S, status: int = 200, error: str = "", permission: str = "") -> Read:
    return Read(path=f"{scope}/{covers}", api_version="v", status=status, covers=covers, scope=scope, error=error,
                permission=permission)  # fmt: skip


def test_an_answered_list_is_whole() -> None:
    assert Coverage([read(ML)]).gap(ML) is None
    assert Coverage([read(ML)]).gap(ML, ArmId(W)) is None


def test_a_list_that_was_never_asked_for_is_not_empty_but_unknown() -> None:
    gap = Coverage([]).gap(ML)
    assert gap is not None
    assert gap.permission == f"{ML}/read"


def test_a_refused_list_names_the_read_and_the_permission() -> None:
    gap = Coverage([read(ML, status=403, error="AuthorizationFailed", permission="X/read")]).gap(ML)
    assert gap == Unknown(
        f"{ML} could not be read: permission was refused (AuthorizationFailed)", "X/read", f"{S}/{ML}"
    )


def test_a_refused_list_of_one_parent_does_not_hide_anothers() -> None:
    other = W.replace("/w", "/v")
    coverage = Coverage(
        [read(ML), read(f"{ML}/computes", W), read(f"{ML}/computes", other, 403, "AuthorizationFailed")]
    )
    assert coverage.gap(f"{ML}/computes", ArmId(W)) is None
    assert coverage.gap(f"{ML}/computes", ArmId(other)) is not None
    assert coverage.gap(f"{ML}/computes") is not None


def test_a_read_of_one_resource_says_nothing_of_its_siblings() -> None:
    coverage = Coverage([read(ML, W)])
    assert coverage.gap(ML) is not None
    assert coverage.gap(ML, ArmId(W.replace("/w", "/v"))) is not None
    assert coverage.gap(ML, ArmId(W)) is None


def test_children_of_no_parent_are_known_to_be_none() -> None:
    assert Coverage([read(ML)]).gap(f"{ML}/computes") is None


def test_children_are_unknown_where_the_parents_are() -> None:
    coverage = Coverage([read(ML, status=403, error="AuthorizationFailed")])
    assert coverage.gap(f"{ML}/computes") is not None


def test_an_embedded_child_is_as_known_as_its_parent() -> None:
    coverage = Coverage([read("microsoft.network/virtualnetworks")])
    assert coverage.gap("microsoft.network/virtualnetworks/subnets") is None
    assert Coverage([]).gap("microsoft.network/virtualnetworks/subnets") is not None


def test_a_read_of_everything_answers_for_every_type() -> None:
    assert Coverage([read("*")]).gap(ML) is None
    assert Coverage([read("*")]).gap(ML, ArmId(W)) is None
    assert Coverage([read("*")]).gap(ML, ArmId("/subscriptions/other/x")) is not None


def test_a_refused_list_is_a_gap_even_beside_a_read_of_everything() -> None:
    assert Coverage([read("*"), read(ML, status=403, error="AuthorizationFailed")]).gap(ML) is not None


def test_a_resource_whose_own_read_failed_is_unknown() -> None:
    coverage = Coverage([read(ML, W, 500, "InternalServerError")])
    failure = coverage.failure(ArmId(W))
    assert failure is not None
    assert failure.permission is None
    assert coverage.failure(ArmId(W.replace("/w", "/v"))) is None


def test_reads_tell_which_subscriptions_were_visited() -> None:
    assert Coverage([read(ML)]).reaches(ArmId(f"{S}/x"))
    assert not Coverage([read(ML)]).reaches(ArmId("/subscriptions/t/x"))


@pytest.mark.parametrize(
    ("status", "words", "permission"),
    [
        (401, "the credential was refused", f"{ML}/read"),
        (0, "no answer came", None),
        (500, "Azure answered 500", None),
    ],
)
def test_every_failure_has_its_sentence(status: int, words: str, permission: str | None) -> None:
    unknown = unknown_of(read(ML, status=status, error="E"))
    assert words in unknown.because
    assert unknown.permission == permission
