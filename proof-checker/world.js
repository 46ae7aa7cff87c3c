// The snapshot as a checker reads it: documents by id, children that only a parent shows, JSON pointers.
"use strict";

class Refused extends Error {}

function refuse(why) {
  throw new Refused(why);
}

function need(condition, why) {
  if (!condition) refuse(why);
}

const same = (a, b) => String(a).toLowerCase() === String(b).toLowerCase();

/** Equal JSON, whatever the order of keys. */
function equal(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
}

// Lists inside a document whose items are resources of their own: [property, kind of the child].
const INLINE = {
  "microsoft.network/virtualnetworks": [["subnets", "subnets"], ["virtualNetworkPeerings", "virtualNetworkPeerings"]],
  "microsoft.network/networksecuritygroups": [
    ["securityRules", "securityRules"],
    ["defaultSecurityRules", "defaultSecurityRules"],
  ],
  "microsoft.network/routetables": [["routes", "routes"]],
};

/** `microsoft.network/virtualnetworks/subnets` of an id, in lower case. */
function typeOf(id) {
  const tail = id.toLowerCase().split("/providers/").pop().split("/");
  return [tail[0], ...tail.slice(1).filter((_, n) => n % 2 === 0)].join("/");
}

class World {
  constructor(snapshot) {
    this.snapshot = snapshot;
    this.documents = new Map();
    this.resources = new Map();
    this.trusted = new Set(); // what the snapshot cannot say, and a certificate rests on
    for (const document of snapshot.documents) {
      const key = document.id.toLowerCase();
      need(!this.documents.has(key), `the snapshot has ${document.id} twice`);
      this.documents.set(key, document);
      this.resources.set(key, document);
    }
    for (const document of snapshot.documents) this._children(document);
  }

  _children(document) {
    for (const [property, kind] of INLINE[typeOf(document.id)] ?? []) {
      for (const child of document.properties?.[property] ?? []) {
        if (!child || typeof child.name !== "string") continue;
        const id = `${document.id}/${kind}/${child.name}`;
        if (!this.resources.has(id.toLowerCase())) this.resources.set(id.toLowerCase(), { ...child, id });
      }
    }
  }

  /** The resource of an id; refuses where the snapshot does not show it. */
  get(id) {
    const found = this.resources.get(String(id).toLowerCase());
    need(found !== undefined, `the snapshot shows no ${id}`);
    return found;
  }

  /** Everything of a type, below an id where one is given. */
  of(type, under = "") {
    const start = under.toLowerCase() + "/";
    return [...this.resources.entries()]
      .filter(([key]) => typeOf(key) === type && (under === "" || key.startsWith(start)))
      .map(([, resource]) => resource);
  }

  /** The value at a JSON pointer (RFC 6901) of a document; `undefined` where there is none. */
  at(id, pointer) {
    const document = this.documents.get(String(id).toLowerCase());
    need(document !== undefined, `the snapshot has no document ${id}`);
    need(pointer === "" || pointer.startsWith("/"), `${pointer} is no JSON pointer`);
    let value = document;
    for (const step of pointer.split("/").slice(1)) {
      const key = step.replace(/~1/g, "/").replace(/~0/g, "~");
      if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
      value = value[key];
    }
    return value;
  }
}

module.exports = { World, Refused, refuse, need, same, equal, typeOf };
