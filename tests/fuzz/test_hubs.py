"""Ten thousand hubs with firewalls, each against an evaluator of single packets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from auditor.estate import Estate
from tests.evaluators.single_packet_hub import Hub
from tests.reach.test_hub_laws import agrees, hubs

pytestmark = pytest.mark.fuzz


@given(hubs())
@settings(max_examples=10_000, deadline=None)
def test_connections_over_ten_thousand_hubs(made: tuple[Estate, Hub]) -> None:
    agrees(*made)
