"""Addresses, ports, protocols and flows as people write and read them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from auditor.model import NotKnown, Unknown
from auditor.sets.address_set import AddressSet
from auditor.sets.interval_set import normalised
from auditor.sets.packet_set import FlowSet, Packet
from auditor.sets.port_set import PortSet
from auditor.sets.protocol_set import Protocol, ProtocolSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.three_valued import because_of, definite

BAD_ADDRESSES = [
    ("", "nothing"),
    ("10.0.0", "three parts"),
    ("10.0.0.256", "a part above 255"),
    ("010.0.0.1", "a leading zero means octal to some"),
    ("10.0.0.0/33", "longer than the family allows"),
    ("fd00::/129", "longer than the family allows"),
    ("10.0.0.0/-1", "a negative length"),
    ("10.0.0.0/255.0.0.0", "a netmask is no length"),
    ("10.0.0.0/٣", "digits of another script"),
    ("10.0.0.0/", "no length"),
    ("10.0.0.9-10.0.0.1", "runs backwards"),
    ("10.0.0.1-fd00::1", "mixes families"),
    ("fe80::1%eth0", "a zone is no address"),
    ("Internet", "a word"),
    ("10.0.0.1:443", "an address with a port"),
    ("1.2.3.4\x00", "a null byte"),
]


@pytest.mark.parametrize(("text", "why"), BAD_ADDRESSES)
def test_what_is_no_address_is_quoted(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="is not a") as caught:
        AddressSet.of(text)
    assert repr(text) in str(caught.value), why


SAME_ADDRESSES = [
    ("10.0.0.5/24", "10.0.0.0/24", "host bits are dropped"),
    (" 10.0.0.0/8 ", "10.0.0.0/8", "spaces around do not count"),
    ("10.0.0.0-10.255.255.255", "10.0.0.0/8", "a range"),
    ("1.2.3.4-1.2.3.4", "1.2.3.4", "a range of one"),
    ("::ffff:0:0/96", "::ffff:0.0.0.0/96", "the two ways to write the end of an IPv6 address"),
    ("7.7.7.7/0", "0.0.0.0/0", "any spelling of /0"),
    ("2001:DB8::/32", "2001:0db8:0:0::/32", "letter case and zeros"),
]


@pytest.mark.parametrize(("text", "same", "why"), SAME_ADDRESSES)
def test_two_spellings_of_one_set_are_equal(text: str, same: str, why: str) -> None:
    assert AddressSet.of(text) == AddressSet.of(same), why


SHOWN = [
    (("10.0.0.0/8",), "10.0.0.0/8"),
    (("1.2.3.4",), "1.2.3.4"),
    (("10.0.0.1-10.0.0.9",), "10.0.0.1-10.0.0.9"),
    (("*",), "*"),
    ((), "no address"),
    (("0.0.0.0/0", "::/0"), "*"),
    (("0.0.0.0/0",), "0.0.0.0/0"),
    (("fd00::/8", "10.0.0.0/8"), "10.0.0.0/8, fd00::/8"),
    (("255.255.255.255", "::"), "255.255.255.255, ::"),
    (
        tuple(f"10.0.{n}.0/24" for n in range(0, 20, 2)),
        "10.0.0.0/24, 10.0.2.0/24, 10.0.4.0/24, 10.0.6.0/24, 10.0.8.0/24 and 5 more",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "text"), SHOWN)
def test_addresses_are_shown_shortly(parts: tuple[str, ...], text: str) -> None:
    assert str(AddressSet.of(*parts)) == text


def test_a_set_with_holes_is_shown_by_its_holes() -> None:
    holes = [f"10.0.{n}.0/24" for n in range(0, 10, 2)]
    assert str(~AddressSet.of(*holes)) == f"* except {', '.join(holes)}"
    assert repr(AddressSet.of("10.0.0.0/8")) == "AddressSet(10.0.0.0/8)"


def test_addresses_of_the_library_are_members_too() -> None:
    assert IPv4Address("10.0.0.1") in AddressSet.of("10.0.0.0/8")
    assert IPv6Address("fd00::1") in AddressSet.of("fd00::/8")
    assert (AddressSet.of("*").v4, AddressSet.of("*").v6) == (AddressSet.of("0.0.0.0/0"), AddressSet.of("::/0"))


def test_a_set_refuses_to_be_a_truth_value() -> None:
    with pytest.raises(TypeError, match="is_empty"):
        bool(AddressSet.of("10.0.0.0/8"))
    with pytest.raises(ValueError, match="no member"):
        AddressSet.none().witness()


def test_sets_of_different_kinds_are_never_equal() -> None:
    assert PortSet.of(1) != ProtocolSet.of("udp")
    assert PortSet.of(1) < PortSet.of("0-2")
    assert PortSet.of("0-2") > PortSet.of(1)
    assert PortSet.of("0-2") >= PortSet.of("0-2")
    assert not PortSet.of(1) < PortSet.of(1)
    assert normalised([(3, 3), (5, 9), (1, 2), (2, 6)]) == (1, 9)


BAD_PORTS = ["", "http", "70000", "-1", "22-", "-22", "30-20", "22,443", "٢٢", "1-2-3", "4.5"]


@pytest.mark.parametrize("text", BAD_PORTS)
def test_what_is_no_port_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="is not a port") as caught:
        PortSet.of(text)
    assert repr(text) in str(caught.value)


def test_ports_are_shown_shortly() -> None:
    assert str(PortSet.of("443", 22, "8080-8090", " 23 ")) == "22-23,443,8080-8090"
    assert (str(PortSet.none()), str(PortSet.everything())) == ("no port", "*")
    assert str(PortSet.of(*range(1, 40, 2))) == "1,3,5,7,9,11,13 and 13 more"
    assert (PortSet.everything().witness(), PortSet.of("80-90").witness()) == (50000, 80)
    assert 22 in PortSet.of(22)
    assert "22" not in PortSet.of(22)


def test_protocols_are_read_in_any_letter_case_and_shown_as_azure_writes_them() -> None:
    assert ProtocolSet.of("TCP", "icmp", Protocol.AH).members == (Protocol.TCP, Protocol.ICMP, Protocol.AH)
    assert ProtocolSet.of("Any") == ProtocolSet.of("*") == ProtocolSet.of("All") == ProtocolSet.everything()
    assert (str(ProtocolSet.of("tcp", "udp")), str(ProtocolSet.none())) == ("Tcp/Udp", "no protocol")
    assert str(ProtocolSet.everything()) == "Any"
    assert ProtocolSet.of("esp").witness() is Protocol.ESP
    assert Protocol.TCP in ProtocolSet.of("tcp")
    with pytest.raises(ValueError, match="'gre' is not a protocol"):
        ProtocolSet.of("gre")


def _tcp(ports: str, source: str = "10.0.0.0/8", destination: str = "10.1.0.0/16") -> FlowSet:
    return FlowSet.box(
        ProtocolSet.of("tcp"), Addresses.of(source), None, Addresses.of(destination), PortSet.of(*ports.split(","))
    )


FLOW_TEXTS = [
    (_tcp("443"), "Tcp 443 from 10.0.0.0/8 to 10.1.0.0/16"),
    (_tcp("22,3389"), "Tcp 22,3389 from 10.0.0.0/8 to 10.1.0.0/16"),
    (_tcp("*"), "Tcp on any port from 10.0.0.0/8 to 10.1.0.0/16"),
    (FlowSet.everything(), "any traffic from * to *"),
    (FlowSet.none(), "no traffic"),
    (FlowSet.box(ProtocolSet.of("icmp"), destination=Addresses.of("10.0.0.1")), "Icmp from * to 10.0.0.1"),
    (
        FlowSet.box(ProtocolSet.of("udp"), source_ports=PortSet.of(53), destination=Addresses.of("10.0.0.1")),
        "Udp on any port from * (source port 53) to 10.0.0.1",
    ),
    (_tcp("443") | _tcp("443", "11.0.0.0/8"), "Tcp 443 from 10.0.0.0/7 to 10.1.0.0/16"),
    (
        _tcp("443") | _tcp("80", "11.0.0.0/8"),
        "Tcp 80 from 11.0.0.0/8 to 10.1.0.0/16; Tcp 443 from 10.0.0.0/8 to 10.1.0.0/16",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("flows", "text"), FLOW_TEXTS)
def test_flows_are_told_in_few_boxes(flows: FlowSet, text: str) -> None:
    assert str(flows) == text
    assert repr(flows) == f"FlowSet({text})"


def test_many_boxes_are_told_by_the_first_and_a_number() -> None:
    many = FlowSet.union(_tcp(str(n), f"10.0.{n}.0/24", f"10.1.{n}.0/24") for n in range(1, 10))
    assert len(many.boxes()) == 9
    assert str(many).endswith("; and 5 more")


def test_a_rule_for_any_protocol_and_one_port_covers_no_packet_without_ports() -> None:
    flows = FlowSet.box(destination_ports=PortSet.of(443))
    assert flows.decide(Packet(Protocol.ICMP, "10.0.0.1", None, "10.0.0.2", None)) is False
    assert flows.decide(Packet(Protocol.TCP, "10.0.0.1", 1, "10.0.0.2", 443)) is True


def test_packets_are_shown_and_refuse_to_lack_a_port() -> None:
    assert str(Packet(Protocol.TCP, "10.0.0.1", 50000, "fd00::2", 443)) == "Tcp 10.0.0.1:50000 -> [fd00::2]:443"
    assert str(Packet(Protocol.ESP, "10.0.0.1", None, "10.0.0.2", None)) == "Esp 10.0.0.1 -> 10.0.0.2"
    with pytest.raises(ValueError, match="has a source port"):
        FlowSet.everything().decide(Packet(Protocol.UDP, "10.0.0.1", None, "10.0.0.2", 53))
    with pytest.raises(ValueError, match="'ten' is not an IP address"):
        FlowSet.everything().decide(Packet(Protocol.ESP, "ten", None, "10.0.0.2", None))


WITNESSES = [
    (_tcp("443,22"), "Tcp 10.0.0.4:50000 -> 10.1.0.4:443"),
    (_tcp("1000-2000"), "Tcp 10.0.0.4:50000 -> 10.1.0.4:1000"),
    (_tcp("*", "203.0.113.0/24"), "Tcp 203.0.113.10:50000 -> 10.1.0.4:443"),
    (_tcp("443", "172.16.0.1", "10.9.9.8/31"), "Tcp 172.16.0.1:50000 -> 10.9.9.9:443"),
    (FlowSet.box(ProtocolSet.of("ah"), destination=Addresses.of("fd00::/64")), "Ah 203.0.113.10 -> fd00::4"),
]


@pytest.mark.parametrize(("flows", "packet"), WITNESSES)
def test_a_witness_is_a_packet_that_people_know(flows: FlowSet, packet: str) -> None:
    found = flows.witness()
    assert str(found) == packet
    assert found is not None
    assert flows.decide(found) is True


def test_flows_compare_by_meaning() -> None:
    assert _tcp("1-10") | _tcp("11-20") == _tcp("1-20")
    assert hash(_tcp("1-10") | _tcp("11-20")) == hash(_tcp("1-20"))
    assert (_tcp("1") <= _tcp("1-2")) is True
    assert (_tcp("1-2") <= _tcp("1")) is False
    assert _tcp("1") != "Tcp 1"
    assert _tcp("1").unknowns == ()


def test_an_answer_that_must_be_definite_raises_with_the_reason() -> None:
    assert definite(True) is True
    with pytest.raises(NotKnown, match="unread"):
        definite(Unknown("unread"))


def test_several_reasons_make_one_with_the_first_permission() -> None:
    found = because_of([Unknown("a"), Unknown("b", permission="p/read"), Unknown("a"), Unknown("c", "q/read", "/path")])
    assert found == Unknown("a; b; c", "p/read", "/path")
    assert because_of([]).because == "the answer depends on what is not known"
