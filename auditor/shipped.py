"""Where the files that travel with the program are: in the wheel, or beside the package in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_IN_CHECKOUT = {"worlds": "tests/fixtures/worlds", "cases": "tests/fixtures/cases"}


def shipped(name: str) -> Path:
    """Answer the folder of that name: `baselines`, `reports/templates`, `reports/assets`, `worlds` or `cases`.

    The wheel has no `cases`: they are only there in a checkout.
    """
    in_wheel = _PACKAGE / "_shipped" / name
    return in_wheel if in_wheel.exists() else _PACKAGE.parent / _IN_CHECKOUT.get(name, name)
