// Certificates `grants`: who holds which role where, and that nobody else holds what is asked about.
"use strict";

const { need, same, typeOf } = require("./world.js");

const ASSIGNMENT = "microsoft.authorization/roleassignments";
const DEFINITION = "microsoft.authorization/roledefinitions";
const guid = (id) => String(id).split("/").pop().toLowerCase();
const within = (scope, above) => {
  const [inner, outer] = [scope, above].map((each) => each.toLowerCase().replace(/\/+$/, ""));
  return outer === "" || inner === outer || inner.startsWith(`${outer}/`);
};
// What must be asked about for a claim that nobody reaches data: without it the claim would say nothing.
const CORE = {
  others_reach_the_data: {
    actions: ["Microsoft.Authorization/roleAssignments/write"],
    dataActions: ["Microsoft.Storage/storageAccounts/*", "Microsoft.KeyVault/vaults/*", "Microsoft.CognitiveServices/accounts/*",
      "Microsoft.Search/searchServices/*", "Microsoft.MachineLearningServices/workspaces/*"],
  },
  strangers_may_call_the_models: {
    actions: [],
    dataActions: ["Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"],
  },
};
const CLAIMS = {
  role_is_not_held_as_stated: { pass: "holds", fail: "lacks" },
  identity_holds_more_than_the_table: { pass: "only", fail: "beyond" },
  others_reach_the_data: { pass: "nobody", fail: "may" },
  strangers_may_call_the_models: { pass: "nobody", fail: "may" },
};

/** Whether two patterns with `*` have an operation in common. */
function overlap(a, b) {
  const memo = new Map();
  const go = (i, j) => {
    const key = i * 4096 + j;
    if (memo.has(key)) return memo.get(key);
    let found;
    if (i === a.length && j === b.length) found = true;
    else if (a[i] === "*") found = go(i + 1, j) || (j < b.length && go(i, j + 1));
    else if (b[j] === "*") found = go(i, j + 1) || (i < a.length && go(i + 1, j));
    else found = i < a.length && j < b.length && a[i] === b[j] && go(i + 1, j + 1);
    memo.set(key, found);
    return found;
  };
  return go(0, 0);
}

/** Whether a pattern covers all of another one: its `*` stands for whatever the other holds there, a `*` too. */
function covers(pattern, other) {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\/]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(other);
}

class Rights {
  constructor(world) {
    this.world = world;
    this.assignments = world.of(ASSIGNMENT).map((document) => {
      const { principalId, roleDefinitionId, scope, condition } = document.properties ?? {};
      need(principalId && roleDefinitionId && scope, `${document.id} does not say who holds which role where`);
      return { id: document.id, principal: principalId.toLowerCase(), role: guid(roleDefinitionId), scope, condition,
        kind: String(document.properties.principalType ?? "").toLowerCase() };
    });
    need(world.of("microsoft.managedservices/registrationassignments").length === 0, "rights are delegated to another tenant");
  }

  get(id) {
    const found = this.assignments.find((each) => same(each.id, id));
    need(found !== undefined, `the snapshot has no role assignment ${id}`);
    return found;
  }

  /** The permissions of a role, from the definition in the snapshot. */
  role(id) {
    const found = this.world.of(DEFINITION).find((each) => guid(each.id) === id);
    need(found !== undefined, `the snapshot has no definition of role ${id}`);
    return found.properties.permissions ?? [];
  }

  /** Whether a role gives some of what a pattern names, conditions left aside. */
  gives(id, pattern, data) {
    const [yes, no] = data ? ["dataActions", "notDataActions"] : ["actions", "notActions"];
    const asked = pattern.toLowerCase();
    const lower = (list) => (list ?? []).map((each) => each.toLowerCase());
    return this.role(id).some((set) =>
      lower(set[yes]).some((allowed) => overlap(allowed, asked)) &&
      !lower(set[no]).some((denied) => covers(denied, asked) || lower(set[yes]).every((allowed) => covers(denied, allowed))));
  }

  /** Assignments that are activated for a while or only eligible are no standing ones. */
  standing(assignment) {
    return !this.world.of("microsoft.authorization/roleassignmentscheduleinstances").some(({ properties }) =>
      same(properties?.originRoleAssignmentId, assignment.id) && same(properties?.assignmentType, "Activated"));
  }
}

function principalsOf(resource) {
  const listed = Object.values(resource.identity?.userAssignedIdentities ?? {}).map((each) => each?.principalId);
  return [resource.properties?.principalId, resource.identity?.principalId, ...listed].filter(Boolean).map((each) => each.toLowerCase());
}

const isRow = (assignment, row) => assignment.role === row.role.toLowerCase() && same(assignment.scope, row.scope);

const CHECKS = {
  holds(world, rights, certificate) {
    const found = rights.get(certificate.assignment);
    need(world.of("microsoft.authorization/denyassignments").length === 0, "there are deny assignments");
    need(found.principal === certificate.principal.toLowerCase(), "the assignment is to somebody else");
    need(isRow(found, certificate), "the assignment is of another role or at another scope");
    need(!found.condition && rights.standing(found), "the assignment is conditional or not for good");
    need(principalsOf(world.get(certificate.resource)).includes(found.principal), "the resource is not that principal");
  },
  lacks(world, rights, certificate) {
    const principal = certificate.principal.toLowerCase();
    need(principalsOf(world.get(certificate.resource)).includes(principal), "the resource is not that principal");
    const found = rights.assignments.find((each) =>
      each.principal === principal && isRow(each, certificate) && !each.condition && rights.standing(each));
    need(found === undefined, "the principal holds the role as stated");
  },
  only(world, rights, certificate) {
    const principal = heldAt(world, certificate);
    const own = rights.assignments.filter((each) => each.principal === principal);
    for (const each of own) {
      const listed = certificate.holds.find(({ assignment }) => same(assignment, each.id));
      need(listed !== undefined, `${each.id} is left out`);
      if (listed.allowed) world.trusted.add(`${each.id} is allowed: ${listed.allowed}`);
      need(listed.allowed || certificate.rows.some((row) => isRow(each, row)), `${each.id} is in no row`);
    }
    need(certificate.holds.length === own.length, "assignments are listed that the snapshot does not show");
    const eligible = world.of("microsoft.authorization/roleeligibilityscheduleinstances");
    need(!eligible.some(({ properties }) => same(properties?.principalId, principal)), "the principal is eligible for more");
    if (!rights.assignments.some(({ kind }) => kind === "group" || kind === "")) return;
    const told = world.snapshot.reads.filter((read) => String(read.covers).endsWith("/assignedto") && same(read.about, principal) && read.status === 200);
    need(told.length > 0, "groups hold roles, and Azure did not tell what this principal holds through them");
    const shown = told.flatMap((read) => read.shows ?? []);
    need(shown.every((id) => own.some((each) => same(each.id, id))), "the principal holds something through a group");
  },
  beyond(world, rights, certificate) {
    const found = rights.get(certificate.assignment);
    need(found.principal === heldAt(world, certificate), "the assignment is to somebody else");
    need(!certificate.rows.some((row) => isRow(found, row)), "the assignment is a row of the table");
  },
  nobody(world, rights, certificate) {
    need(same(certificate.scope, certificate.resource), "the claim is about another scope");
    const core = CORE[certificate.rule];
    for (const plane of ["actions", "dataActions"]) {
      for (const operation of core[plane]) {
        need(certificate[plane].some((each) => covers(each.toLowerCase(), operation.toLowerCase())), `${operation} is not asked about`);
      }
    }
    need(certificate.below === (certificate.rule === "strangers_may_call_the_models"), "what is below counts otherwise");
    const meant = certificate.meant.map((each) => each.toLowerCase());
    for (const each of meant) world.trusted.add(`${each} is meant to have access to ${certificate.scope}`);
    const counted = rights.assignments.filter((each) => rights.standing(each) && counts(each.scope, certificate));
    for (const each of counted) {
      const listed = certificate.given.find(({ assignment }) => same(assignment, each.id));
      need(listed !== undefined, `${each.id} is left out`);
      if (listed.allowed) world.trusted.add(`${each.id} is allowed: ${listed.allowed}`);
      if (meant.includes(each.principal) || listed.allowed) continue;
      const reached = [...certificate.actions.filter((one) => rights.gives(each.role, one, false)),
        ...certificate.dataActions.filter((one) => rights.gives(each.role, one, true))];
      need(reached.length === 0, `${each.id} gives ${reached[0]}`);
    }
    need(certificate.given.length === counted.length, "assignments are listed that do not count");
  },
  may(world, rights, certificate) {
    const found = rights.get(certificate.assignment);
    need(found.principal === certificate.principal.toLowerCase(), "the assignment is to somebody else");
    need(!found.condition && rights.standing(found), "the assignment is conditional or not for good");
    need(counts(found.scope, { scope: certificate.resource, below: certificate.rule === "strangers_may_call_the_models" }), "the assignment does not count there");
    need(rights.gives(found.role, certificate.action, false) || rights.gives(found.role, certificate.action, true), `the role does not give ${certificate.action}`);
  },
};

/** At the scope, above it, in any management group (which may be above), or below where that counts. */
function counts(given, { scope, below }) {
  const group = typeOf(given) === "microsoft.management/managementgroups";
  return within(scope, given) || group || (below && within(given, scope));
}

function heldAt(world, certificate) {
  const { resource, pointer } = certificate.principal_at;
  const principal = String(world.at(resource, pointer)).toLowerCase();
  need(principal === certificate.principal.toLowerCase(), "another principal stands there");
  need(principalsOf(world.get(certificate.resource)).includes(principal), "the resource is not that principal");
  return principal;
}

function checkGrants(world, certificate) {
  const claims = CLAIMS[certificate.rule];
  need(claims !== undefined, `${certificate.rule} is no rule about rights`);
  need(claims[certificate.outcome] === certificate.claim, `${certificate.claim} is not what ${certificate.rule} claims`);
  const rows = certificate.rows ?? (certificate.role ? [certificate] : []);
  for (const { role, scope } of rows) world.trusted.add(`the baseline has the row: role ${role} at ${scope}`);
  CHECKS[certificate.claim](world, new Rights(world), certificate);
}

module.exports = { checkGrants };
