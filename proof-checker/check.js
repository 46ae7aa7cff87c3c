#!/usr/bin/env node
// Checks the certificates that `auditor check --proofs` wrote against the snapshot itself. See README.md.
//   node check.js SNAPSHOT CERTIFICATES          one line a refusal, then how many were accepted
//   node check.js SNAPSHOT CERTIFICATES --all    one line a certificate
//   node check.js SNAPSHOT --each                a file of certificates a line on standard input, an answer a line
"use strict";

const fs = require("fs");
const { World, Refused, need, same } = require("./world.js");
const groups = require("./groups.js");
const { checkCut } = require("./cut.js");
const { checkGrants } = require("./grants.js");
const { checkSetting, checkValues } = require("./settings.js");

const FORMAT = "auditor-proofs/1";
const DIRECTIONS = {
  lets_in_other_than_the_table: ["row", "inbound"],
  lets_out_other_than_the_table: ["row", "outbound"],
  leaves_the_rest_to_default_rules: ["default", null],
};
const OUTCOMES = { partition: ["pass"], packet: ["fail"], missing: ["unknown"], setting: ["pass", "fail"], grants: ["pass", "fail"], cut: ["pass"], values: ["pass", "fail"] };

class Checker {
  constructor(snapshot) {
    this.world = new World(snapshot);
    this.checked = new Map();
  }

  /** What is wrong with the file as a whole. */
  checkFile(proofs) {
    need(proofs.format === FORMAT, `this is no ${FORMAT}`);
    need(proofs.snapshot.sha256 === this.world.snapshot.sha256, "the certificates are of another snapshot");
    need(proofs.snapshot.documents === this.world.snapshot.documents.length, "the certificates are of another snapshot");
  }

  check(certificate, proofs) {
    const { form, outcome, rule } = certificate;
    need(form in OUTCOMES, `${form} is no form that this checker knows`);
    need(OUTCOMES[form].includes(outcome), `a certificate of form ${form} is not for the outcome ${outcome}`);
    if (form === "missing") return need(certificate.because, "it does not say what is missing");
    if (certificate.resource !== null) this.stands(certificate);
    if (form === "setting") return checkSetting(this.world, certificate);
    if (form === "grants") return checkGrants(this.world, certificate);
    if (form === "cut") return checkCut(this.world, certificate);
    if (form === "values") return checkValues(this.world, certificate);
    const stated = proofs.partitions[certificate.partition];
    need(stated !== undefined, "the partition is not in the file");
    need(same(stated.subnet, certificate.resource), "the partition is of another subnet");
    need(rule in DIRECTIONS, `${rule} is no rule about groups`);
    const [claim, direction] = DIRECTIONS[rule];
    need(stated.direction === (direction ?? certificate.aspect), "the partition is of the other direction");
    const claims = form === "packet" && claim === "row" ? ["excess", "missing"] : [claim];
    need(claims.includes(certificate.claim), `${certificate.claim} is not what ${rule} claims`);
    if (form === "packet") return groups.checkPacket(this.world, certificate, stated);
    return groups.checkPass(certificate, this.partition(certificate.partition, stated), stated);
  }

  /** The resource is in the snapshot: as a document, or inside of one. */
  stands({ resource, stands_at: place }) {
    if (place === undefined) return this.world.get(resource);
    const found = this.world.at(place.resource, place.pointer);
    need(same(found?.name, resource.split("/").pop()), `${resource} does not stand at ${place.pointer} of ${place.resource}`);
    need(resource.toLowerCase().startsWith(`${place.resource.toLowerCase()}/`), `${resource} is no part of ${place.resource}`);
  }

  /** A partition is checked once, however many certificates rest on it. */
  partition(name, stated) {
    const key = JSON.stringify(stated);
    if (!this.checked.has(key)) this.checked.set(key, outcomeOf(() => groups.checkPartition(this.world, stated)));
    const found = this.checked.get(key);
    if (found.error) throw found.error;
    return found.value;
  }
}

function outcomeOf(work) {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

/** Why something is refused; `null` where it is accepted. What the checker cannot read is refused, never accepted. */
function refusal(work) {
  const { error } = outcomeOf(work);
  if (error === undefined) return null;
  return error instanceof Refused ? error.message : `it cannot be read: ${error.message}`;
}

function answers(checker, proofs) {
  const whole = refusal(() => checker.checkFile(proofs));
  if (whole !== null) return [[null, whole]];
  return proofs.certificates.map((each) => [each, refusal(() => checker.check(each, proofs))]);
}

function main([snapshotPath, proofsPath, option]) {
  const checker = new Checker(JSON.parse(fs.readFileSync(snapshotPath, "utf8")));
  if (proofsPath === "--each") {
    for (const line of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
      const refused = answers(checker, JSON.parse(line)).map(([, why]) => why).filter((why) => why !== null);
      console.log(refused.length === 0 ? "accepted" : `refused: ${refused[0]}`);
    }
    return 0;
  }
  const proofs = JSON.parse(fs.readFileSync(proofsPath, "utf8"));
  const found = answers(checker, proofs);
  const count = {};
  for (const [certificate, why] of found) {
    const called = certificate === null ? "the file" : `${certificate.requirement} ${certificate.resource ?? ""}`;
    if (why !== null || option === "--all") console.log(why === null ? `accepted ${called} (${certificate.form})` : `refused  ${called}: ${why}`);
    if (why === null) count[certificate.form] = (count[certificate.form] ?? 0) + 1;
  }
  const refused = found.filter(([, why]) => why !== null).length;
  const kinds = Object.entries(count).sort().map(([form, n]) => `${n} ${form}`).join(", ");
  console.log(`${found.length - refused} certificates accepted (${kinds}), ${refused} refused, ${(proofs.without ?? []).length} verdicts without one`);
  console.log(`taken on trust, since no snapshot says it: ${checker.world.trusted.size} statements (--all shows them)`);
  if (option === "--all") for (const each of [...checker.world.trusted].sort()) console.log(`on trust  ${each}`);
  return refused === 0 ? 0 : 1;
}

if (require.main === module) process.exitCode = main(process.argv.slice(2));
