// Security groups: is every packet of a subnet decided as the certificate says?
// A set is a bit mask (BigInt) over cells: an address cell is a stretch of addresses together with one choice of which
// service tags hold it. Nothing is known of a tag but what FACTS says, so what holds here holds for every list of tags.
"use strict";

const { need, refuse, same } = require("./world.js");

// learn.microsoft.com/azure/virtual-network/service-tags-overview and network-security-groups-overview; the ranges that
// Azure's recorded expansions of Internet leave out (never) or have left out in some year (maybe).
const FACTS = {
  never: ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24",
    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3", "::-1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "4000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  maybe: ["104.146.0.0/17", "104.147.0.0/16", "104.212.36.0/22", "104.212.52.0/22", "129.75.0.0/16", "13.96.0.0/13",
    "134.177.0.0/16", "138.196.0.0/16", "141.251.0.0/16", "146.147.0.0/16", "157.59.0.0/16", "168.63.129.16/32",
    "192.100.102.0/23", "192.32.0.0/16", "20.128.0.0/16", "20.130.0.0/16", "20.144.0.0/14", "20.176.0.0/13",
    "20.35.252.0/22", "21.0.0.0/8", "22.0.0.0/8", "23.103.0.0/18", "25.0.0.0/8", "4.128.0.0/12", "40.108.0.0/17",
    "40.109.0.0/16", "40.66.128.0/17", "52.132.0.0/14", "52.145.0.0/16", "68.18.0.0/15"],
  noTag: ["168.63.129.16/32", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"],
  balancer: ["168.63.129.16/32", "fe80::1234:5678:9abc/128"],
  host: ["168.63.129.16/32"],
  defaults: [
    ["AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"],
    ["AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"],
    ["DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"],
    ["AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"],
    ["AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"],
    ["DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"],
  ],
};
const V6 = 1n << 32n;
const LIMIT = V6 + (1n << 128n);
const PROTOCOLS = ["tcp", "udp", "icmp", "esp", "ah", "other"];
const WITH_PORTS = 3n;

function number(text) {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const bytes = text.split(".").map(Number);
    need(bytes.every((byte) => byte < 256), `${text} is no address`);
    return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  }
  need(/^[0-9a-f:]+$/i.test(text) && text.includes(":"), `${text} is no address`);
  const [head, tail] = text.split("::").map((half) => (half ? half.split(":") : []));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const words = [...head, ...Array(Math.max(zeros, 0)).fill("0"), ...(tail ?? [])];
  need(words.length === 8, `${text} is no address`);
  return V6 + words.reduce((sum, word) => sum * 65536n + BigInt(parseInt(word, 16)), 0n);
}

/** The half-open stretch `[first, after)` of `*`, an address, a prefix or a range. */
function stretch(text) {
  if (text === "*") return [0n, LIMIT];
  const [base, length] = text.split("/");
  if (length !== undefined) {
    const at = number(base);
    const [width, origin] = at < V6 ? [32n, 0n] : [128n, V6];
    need(/^\d+$/.test(length) && BigInt(length) <= width, `${text} is no prefix`);
    const size = 1n << (width - BigInt(length));
    const first = origin + ((at - origin) / size) * size;
    return [first, first + size];
  }
  const [low, high] = text.split("-").map(number);
  need(high === undefined || (low <= high && low < V6 === high < V6), `${text} is no range`);
  return [low, (high ?? low) + 1n];
}

const list = (one, many) => [...new Set([...(Array.isArray(many) ? many : []), ...(one ? [one] : [])])]
  .flatMap((text) => String(text).split(",")).map((text) => text.trim()).filter(Boolean);

/** The cells of one certificate: where ranges begin and end, times which tags hold them. */
class Cells {
  constructor(texts, tags, ports, listed = []) {
    this.tags = tags;
    this.names = Object.keys(tags);
    need(this.names.length <= 8, "more than eight service tags in one certificate");
    for (const [name, { inside }] of Object.entries(tags)) this._checkTag(name, inside);
    const cuts = new Set([0n, V6, LIMIT]);
    for (const text of [...texts, ...FACTS.never, ...FACTS.maybe, ...FACTS.noTag]) stretch(text).forEach((n) => cuts.add(n));
    // What a listed service tag holds is on the Internet for sure, also where that is doubtful otherwise.
    const doubtful = FACTS.maybe.map(stretch);
    const sure = listed.map(stretch).filter(([a, b]) => doubtful.some(([c, d]) => a < d && c < b));
    for (const [a, b] of sure) cuts.add(a).add(b);
    const points = [...cuts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.cells = [];
    const [never, maybe, noTag] = [FACTS.never, FACTS.maybe, FACTS.noTag].map((each) => each.map(stretch));
    const lies = (n, all) => all.some(([a, b]) => a <= n && n < b);
    for (const low of points.slice(0, -1)) {
      const here = { never: lies(low, never), maybe: lies(low, maybe) && !lies(low, sure), noTag: lies(low, noTag) };
      for (let members = 0; members < 1 << this.names.length; members++) {
        if (this._possible(members, here)) this.cells.push([low, members]);
      }
    }
    this.all = (1n << BigInt(this.cells.length)) - 1n;
    const edges = new Set([0, 65536]);
    for (const text of ports) for (const [a, b] of [this._port(text)]) edges.add(a).add(b);
    this.edges = [...edges].sort((a, b) => a - b).slice(0, -1);
    this.allPorts = (1n << BigInt(this.edges.length)) - 1n;
    this.memo = new Map();
  }

  _checkTag(name, inside) {
    if (name === "Internet") return need(inside === null, "Internet is inside no other tag");
    need(inside !== null && inside in this.tags, `${name} is said to be inside ${inside}, which is not explained`);
    const above = [name];
    for (let tag = inside; tag !== null; tag = this.tags[tag].inside) {
      need(tag in this.tags && !above.includes(tag), `${name} is said to be inside ${tag}, which cannot be`);
      above.push(tag);
    }
    need(above.at(-1) === "Internet", `${name} is not said to be inside Internet`);
  }

  _possible(members, { never, maybe, noTag }) {
    return this.names.every((name, n) => {
      const held = (members >> n) & 1;
      if (name === "Internet") return held ? !never : never || maybe;
      return !held || (!noTag && (members >> this.names.indexOf(this.tags[name].inside)) & 1);
    });
  }

  _mask(test) {
    return this.cells.reduce((mask, cell, n) => (test(cell) ? mask | (1n << BigInt(n)) : mask), 0n);
  }

  range(text) {
    if (!this.memo.has(text)) {
      const [low, high] = stretch(text);
      this.memo.set(text, this._mask(([at]) => low <= at && at < high));
    }
    return this.memo.get(text);
  }

  ranges(texts) {
    return texts.reduce((mask, text) => mask | this.range(text), 0n);
  }

  tag(name) {
    const n = this.names.findIndex((each) => same(each, name));
    need(n >= 0, `the certificate does not explain the service tag ${name}`);
    return this._mask(([, members]) => (members >> n) & 1);
  }

  pieces(all) {
    return all.reduce((mask, { ranges, in: inside = [], out = [] }) => {
      let piece = this.ranges(ranges);
      for (const name of inside) piece &= this.tag(name);
      for (const name of out) piece &= this.all & ~this.tag(name);
      return mask | piece;
    }, 0n);
  }

  _port(text) {
    if (text === "*" || same(text, "any")) return [0, 65536];
    const found = /^(\d+)(?:-(\d+))?$/.exec(text);
    need(found, `${text} is no port`);
    const [low, high] = [Number(found[1]), Number(found[2] ?? found[1])];
    need(low <= high && high < 65536, `${text} is no port`);
    return [low, high + 1];
  }

  ports(texts) {
    return texts.reduce((mask, text) => {
      const [low, high] = this._port(text);
      return this.edges.reduce((m, at, n) => (low <= at && at < high ? m | (1n << BigInt(n)) : m), mask);
    }, 0n);
  }

  /** Packets without ports are in a box only where it narrows no port. */
  box(protocols, source, sourcePorts, destination, ports) {
    const found = [[protocols & WITH_PORTS, sourcePorts, ports, source, destination]];
    if (sourcePorts === this.allPorts && ports === this.allPorts) {
      found.push([protocols & ~WITH_PORTS, sourcePorts, ports, source, destination]);
    }
    return found.filter((box) => box.every((mask) => mask !== 0n));
  }

  stated(box) {
    const protocols = protocolsOf(box.protocols);
    const ports = this.ports(box.ports ?? ["*"]);
    return this.box(protocols, this.pieces(box.source), this.ports(box.source_ports ?? ["*"]), this.pieces(box.destination), ports);
  }
}

function protocolsOf(words) {
  return words.reduce((mask, word) => {
    if (["*", "any", "all"].includes(word.toLowerCase())) return 63n;
    const n = PROTOCOLS.indexOf(word.toLowerCase());
    need(n >= 0, `${word} is no protocol`);
    return mask | (1n << BigInt(n));
  }, 0n);
}

const meet = (a, b) => a.every((mask, n) => (mask & b[n]) !== 0n);
const inside = (a, b) => a.every((mask, n) => (mask & ~b[n]) === 0n);
const disjoint = (many, others) => !many.some((a) => others.some((b) => meet(a, b)));

/** What is left of some boxes without others. */
function minus(boxes, others) {
  let left = boxes;
  for (const other of others) {
    left = left.flatMap((box) => {
      if (!meet(box, other)) return [box];
      const out = [];
      const core = [...box];
      box.forEach((mask, n) => {
        const rest = mask & ~other[n];
        if (rest !== 0n) out.push(core.map((m, k) => (k === n ? rest : m)));
        core[n] = mask & other[n];
      });
      return out;
    });
  }
  return left;
}

module.exports = { Cells, FACTS, stretch, list, protocolsOf, meet, inside, disjoint, minus, refuse };
