// Certificates `partition` and `packet`: a subnet's security group in one direction against its row.
"use strict";

const { need, refuse, same, typeOf } = require("./world.js");
const { Cells, FACTS, list, protocolsOf, disjoint, minus } = require("./packets.js");

const GROUP = "microsoft.network/networksecuritygroups";
const NETWORK = "microsoft.network/virtualnetworks";

/** One subnet's group, read again from the snapshot, with the cells of a partition. */
class Group {
  constructor(world, stated) {
    this.world = world;
    this.stated = stated;
    this.inbound = stated.direction === "inbound";
    need(this.inbound || stated.direction === "outbound", `${stated.direction} is no direction`);
    this.subnet = world.get(stated.subnet);
    need(typeOf(stated.subnet) === `${NETWORK}/subnets`, `${stated.subnet} is no subnet`);
    need(same(this.subnet.properties.networkSecurityGroup?.id, stated.group), `the group of ${this.subnet.name} is another`);
    this.network = world.get(stated.subnet.split("/").slice(0, -2).join("/"));
    this.noAdminRules();
    this.prefixes = prefixesOf(this.subnet);
    need(this.prefixes.length > 0, `${this.subnet.name} states no prefix`);
    this.virtual = [...this.virtualNetwork(true)];
    this.rules = this.readRules(world.get(stated.group));
    this.reserved = this.world.of(`${NETWORK}/subnets`, this.network.id).flatMap((each) => prefixesOf(each).flatMap(kept));
    const texts = [...this.prefixes, ...this.virtual, ...this.reserved, ...FACTS.balancer, ...this.spaces(this.network)];
    const words = this.rules.flatMap((rule) => [...rule.source, ...rule.destination]);
    const rows = [...stated.allows, ...stated.needs].filter((row) => row.in_force);
    const pieces = [...stated.boxes, ...rows.map((row) => ({ source: row.from_means.addresses, destination: row.to_means.addresses }))]
      .flatMap((box) => [...box.source, ...box.destination]);
    this.lists = listsOf(world);
    const words_ = [...words, ...rows.flatMap((row) => [row.from, row.to])];
    for (const word of words_) texts.push(...(this.lists.get(word.toLowerCase()) ?? []));
    const literal = words_.filter(isAddress);
    for (const piece of pieces) texts.push(...piece.ranges);
    const ports = [...this.rules.flatMap((rule) => [...rule.sourcePorts, ...rule.ports]), ...rows.flatMap((row) => list(String(row.ports)))];
    for (const box of stated.boxes) ports.push(...(box.ports ?? []), ...(box.source_ports ?? []));
    this.cells = new Cells([...texts, ...literal], stated.tags, ports, [...this.lists.values()].flat());
    for (const [name, { inside }] of Object.entries(stated.tags)) {
      if (inside !== null && inside !== "Internet") world.trusted.add(`the service tag ${name} is inside ${inside}`);
    }
    for (const rule of this.rules) {
      const [from, to] = [rule.source, rule.destination].map((side) => this.addresses(side));
      const [sport, dport] = [rule.sourcePorts, rule.ports].map((texts_) => this.cells.ports(texts_));
      const protocols = protocolsOf([rule.protocol]);
      need(protocols === 63n || (protocols & 3n) !== 0n || (sport === this.cells.allPorts && dport === this.cells.allPorts),
        `nobody says what ports mean in rule ${rule.name}, whose protocol has none`);
      rule.flows = this.cells.box(protocols, from, sport, to, dport);
    }
  }

  noAdminRules() {
    const found = this.world.snapshot.documents.some((d) => typeOf(d.id).startsWith("microsoft.network/networkmanagers/securityadmin"));
    need(!found, "there are security admin rules, which this checker does not read");
  }

  /** The prefixes of the VirtualNetwork tag at the subnet; without user routes, what the word `network` means. */
  *virtualNetwork(routed) {
    yield* this.spaces(this.network);
    yield* FACTS.host;
    const gateways = this.world.of("microsoft.network/virtualnetworkgateways");
    const here = `${this.network.id}/subnets/`.toLowerCase();
    const ways = gateways.flatMap((g) => g.properties.ipConfigurations ?? []).map((c) => String(c.properties?.subnet?.id).toLowerCase());
    need(!ways.some((id) => id.startsWith(here)), "the network has a gateway, behind which this checker does not look");
    for (const peering of this.world.of(`${NETWORK}/virtualnetworkpeerings`, this.network.id)) {
      const { peeringState, allowVirtualNetworkAccess, useRemoteGateways, peerCompleteVnets } = peering.properties;
      if (allowVirtualNetworkAccess === false || !same(peeringState, "Connected")) continue;
      need(useRemoteGateways !== true && peerCompleteVnets !== false, "a peering of part of a network, or with a gateway");
      const space = peering.properties.remoteAddressSpace?.addressPrefixes;
      need(Array.isArray(space) && space.length > 0, `peering ${peering.name} does not state the space behind it`);
      yield* space;
    }
    const table = routed ? this.subnet.properties.routeTable?.id : undefined;
    if (table === undefined) return;
    this.world.get(table);
    for (const route of this.world.of("microsoft.network/routetables/routes", table)) {
      need(isAddress(String(route.properties.addressPrefix)), `route ${route.name} is not to a prefix`);
      yield route.properties.addressPrefix;
    }
  }

  spaces(network) {
    const found = network.properties.addressSpace?.addressPrefixes ?? [];
    need(found.length > 0, `${network.name} states no address space`);
    return found;
  }

  readRules(group) {
    const way = this.stated.direction;
    const read = (rule, kind) => {
      const p = rule.properties;
      need(["inbound", "outbound"].includes(String(p.direction).toLowerCase()), `the direction of ${rule.name} is not understood`);
      need(Number.isInteger(p.priority), `the priority of ${rule.name} is not understood`);
      need(["allow", "deny"].includes(String(p.access).toLowerCase()), `the access of ${rule.name} is not understood`);
      const members = (side) => (p[`${side}ApplicationSecurityGroups`] ?? []).flatMap((each) => this.members(each.id));
      const found = {
        name: `${kind}/${rule.name}`, priority: p.priority, access: p.access.toLowerCase(), direction: p.direction.toLowerCase(),
        protocol: String(p.protocol), isDefault: kind === "defaultSecurityRules",
        source: [...list(p.sourceAddressPrefix, p.sourceAddressPrefixes), ...members("source")],
        sourcePorts: list(p.sourcePortRange, p.sourcePortRanges),
        destination: [...list(p.destinationAddressPrefix, p.destinationAddressPrefixes), ...members("destination")],
        ports: list(p.destinationPortRange, p.destinationPortRanges),
      };
      for (const key of ["source", "sourcePorts", "destination", "ports"]) {
        need(found[key].length > 0, `rule ${rule.name} states no ${key}`);
      }
      return found;
    };
    const own = this.world.of(`${GROUP}/securityrules`, group.id);
    need(own.length > 0 || Array.isArray(group.properties?.securityRules), `the rules of ${group.name} were not read`);
    const defaults = this.world.of(`${GROUP}/defaultsecurityrules`, group.id);
    const assumed = FACTS.defaults.map(([name, priority, direction, access, from, to]) => ({ name, properties: {
      priority, direction, access, protocol: "*", sourceAddressPrefix: from, destinationAddressPrefix: to,
      sourcePortRange: "*", destinationPortRange: "*" } }));
    const rules = [
      ...own.map((rule) => read(rule, "securityRules")),
      ...(defaults.length ? defaults : assumed).map((rule) => read(rule, "defaultSecurityRules")),
    ].filter((rule) => rule.direction === way).sort((a, b) => a.priority - b.priority);
    for (let n = 1; n < rules.length; n++) {
      need(rules[n].priority !== rules[n - 1].priority, `two rules of priority ${rules[n].priority}`);
    }
    return rules;
  }

  /** The addresses of an application security group: of interfaces and of private endpoints that are in it. */
  members(id) {
    const names = (all) => (all ?? []).some((each) => same(each.id, id));
    const nics = this.world.of("microsoft.network/networkinterfaces").flatMap((nic) =>
      (nic.properties.ipConfigurations ?? []).filter((one) => names(one.properties?.applicationSecurityGroups))
        .map((one) => one.properties.privateIPAddress));
    const endpoints = this.world.of("microsoft.network/privateendpoints")
      .filter((each) => names(each.properties.applicationSecurityGroups)).flatMap((each) => this.endpoint(each.id));
    need(nics.length + endpoints.length > 0, `nothing is known to be in ${id}`);
    return [...nics, ...endpoints];
  }

  addresses(words) {
    return words.reduce((mask, word) => mask | this.address(word), 0n);
  }

  address(word) {
    const name = word.toLowerCase();
    if (name === "*" || name === "any") return this.cells.all;
    if (name === "virtualnetwork") return this.cells.ranges(this.virtual);
    if (name === "azureloadbalancer") return this.cells.ranges(FACTS.balancer);
    if (name === "internet") return this.cells.tag("Internet") & ~this.cells.ranges(this.spaces(this.network));
    if (isAddress(word)) return this.cells.range(word);
    return this.lists.has(name) ? this.cells.ranges(this.lists.get(name)) : this.cells.tag(word);
  }

  /** What a word of a row means here, as far as the snapshot can say; refuses where the certificate says otherwise. */
  meaning(word, { addresses, of = [] }) {
    const said = this.cells.pieces(addresses);
    const [kind, part] = word.split(":");
    let found;
    for (const id of of) this.world.trusted.add(`${id} is what the row calls ${word}`);
    if (word === "self") found = this.cells.ranges(this.prefixes);
    else if (word === "network") found = this.cells.ranges([...this.virtualNetwork(false)]);
    else if (word === "attached") return this.attached(said);
    else if (kind === "subnet") found = this.cells.ranges(of.flatMap((id) => prefixesOf(this.world.get(id))));
    else if (kind === "endpoint" && part) found = this.cells.ranges(of.flatMap((id) => this.endpoint(id)));
    else found = this.address(word);
    need(found === said, `${word} means other addresses in the snapshot than in the certificate`);
    return said;
  }

  endpoint(id) {
    const nics = this.world.get(id).properties.networkInterfaces ?? [];
    return nics.flatMap((nic) => ips(this.world.get(nic.id)));
  }

  /** What sits in the subnet: no address outside of it, and none of an interface in it left out. */
  attached(said) {
    this.world.trusted.add(`what sits in ${this.subnet.id} beside interfaces has the addresses that are said`);
    need((said & ~this.cells.ranges(this.prefixes)) === 0n, "something is said to be attached outside of the subnet");
    for (const nic of this.world.of("microsoft.network/networkinterfaces")) {
      for (const one of nic.properties.ipConfigurations ?? []) {
        if (!same(one.properties?.subnet?.id, this.subnet.id) || !one.properties.privateIPAddress) continue;
        need((this.cells.range(one.properties.privateIPAddress) & ~said) === 0n, `${nic.name} is attached, and left out`);
      }
    }
    return said;
  }

  row(row) {
    if (!row.in_force) return [];
    this.world.trusted.add(`the baseline has the row: ${row.protocol} ${row.ports} from ${row.from} to ${row.to}`);
    const [from, to] = ["from", "to"].map((side) => this.meaning(String(row[side]).trim(), row[`${side}_means`]));
    return this.cells.box(protocolsOf([String(row.protocol)]), from, this.cells.allPorts, to, this.cells.ports(list(String(row.ports))));
  }

  /** The deciding rule of a box is the one that is named: it matches all of it, and no earlier one matches any. */
  decidedBy(box, name) {
    const n = this.rules.findIndex((rule) => rule.name === name);
    need(n >= 0, `the group has no rule ${name} in this direction`);
    need(minus(box, this.rules[n].flows).length === 0, `${name} does not match all of a box`);
    for (const earlier of this.rules.slice(0, n)) need(disjoint(box, earlier.flows), `${earlier.name} decides part of a box of ${name}`);
    return this.rules[n];
  }

  get unused() {
    const all = this.cells.all;
    const kept_ = this.cells.ranges(this.reserved);
    const ports = this.cells.allPorts;
    return [...this.cells.box(63n, kept_, ports, all, ports), ...this.cells.box(63n, all, ports, kept_, ports)];
  }

  get asked() {
    const here = this.cells.ranges(this.prefixes);
    return ["0.0.0.0/0", "::/0"].flatMap((family) => {
      const all = this.cells.range(family);
      const [from, to] = this.inbound ? [all, all & here] : [all & here, all];
      return this.cells.box(63n, from, this.cells.allPorts, to, this.cells.allPorts);
    });
  }
}

function checkPartition(world, stated) {
  const group = new Group(world, stated);
  const rows = stated.allows.map((row) => group.row(row));
  const boxes = stated.boxes.map((box) => group.cells.stated(box));
  boxes.forEach((box, n) => {
    need(box.length > 0, `box ${n} is empty`);
    for (const other of boxes.slice(0, n)) need(disjoint(box, other), `box ${n} meets another`);
    const rule = group.decidedBy(box, stated.boxes[n].rule);
    need(same(rule.access, stated.boxes[n].access), `box ${n} is said to be ${stated.boxes[n].access}`);
    if (rule.access === "allow" && stated.boxes[n].row !== null) {
      const row = rows[stated.boxes[n].row];
      need(row !== undefined && minus(box, row).length === 0, `row ${stated.boxes[n].row} does not allow all of box ${n}`);
    }
  });
  need(minus(group.asked, boxes.flat()).length === 0, "the boxes do not cover every packet");
  need(minus(boxes.flat(), group.asked).length === 0, "a box holds packets that are not asked about");
  return { group, boxes, rows, needs: stated.needs.map((row) => group.row(row)) };
}

/** A pass: what is allowed is in a row, what is needed is not denied; or: no default rule decides anything. */
function checkPass(certificate, checked, stated) {
  const { group, boxes, needs } = checked;
  stated.boxes.forEach((box, n) => {
    const certain = minus(boxes[n], group.unused);
    if (certain.length === 0) return;
    if (certificate.claim === "default") return need(!box.rule.startsWith("default"), `a default rule decides box ${n}`);
    need(certificate.claim === "row", `${certificate.claim} is no claim about a group`);
    if (same(box.access, "allow")) return need(box.row !== null, `no row allows box ${n}`);
    needs.forEach((need_, k) => need(disjoint(certain, need_), `need ${k} is denied by ${box.rule}`));
  });
}

/** A fail: one packet, the rule that decides it, and that this is not as the row says. */
function checkPacket(world, certificate, stated) {
  const { packet, decided_by: rule, claim } = certificate;
  const group = new Group(world, { ...stated, boxes: [packet] });
  const box = group.cells.stated(packet);
  need(box.length > 0, "the packet is none");
  need(minus(box, group.asked).length === 0, "the packet does not pass this subnet in this direction");
  need(minus(box, group.unused).length === box.length, "nothing has an address of the packet");
  const deciding = group.decidedBy(box, rule);
  if (claim === "default") return need(deciding.isDefault, `${rule} is no default rule`);
  if (claim === "excess") {
    need(deciding.access === "allow", `${rule} denies the packet`);
    return stated.allows.forEach((row, n) => need(disjoint(box, group.row(row)), `row ${n} allows the packet`));
  }
  need(claim === "missing" && deciding.access === "deny", `${rule} does not deny the packet`);
  const needed = stated.needs.some((row) => minus(box, group.row(row)).length === 0);
  need(needed, "no row needs the packet");
}

const isAddress = (word) => word === "*" || /^[0-9a-f.:\/-]+$/i.test(word) && /[.:]/.test(word);
const prefixesOf = (subnet) => list(subnet.properties.addressPrefix, subnet.properties.addressPrefixes);
const ips = (nic) => (nic.properties.ipConfigurations ?? []).map((one) => one.properties.privateIPAddress).filter(Boolean);

/** The addresses of a prefix that Azure keeps for itself: the first four and the last. */
function kept(prefix) {
  const { stretch } = require("./packets.js");
  const [first, after] = stretch(prefix);
  if (after - first < 6n || after > 1n << 32n) return after > 1n << 32n ? [] : [prefix];
  const text = (n) => [24n, 16n, 8n, 0n].map((shift) => (n >> shift) & 255n).join(".");
  return [`${text(first)}-${text(first + 3n)}`, text(after - 1n)];
}

/** The prefixes of service tags, where the snapshot holds a list of them. */
function listsOf(world) {
  const found = new Map();
  for (const document of world.of("microsoft.network/servicetags")) {
    for (const { name, properties } of document.values ?? []) {
      const key = String(name).toLowerCase();
      found.set(key, [...(found.get(key) ?? []), ...(properties?.addressPrefixes ?? [])]);
    }
  }
  return found;
}

module.exports = { checkPartition, checkPass, checkPacket };
