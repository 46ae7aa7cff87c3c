// Certificates `cut`: whatever comes from the Internet and arrives has passed an application gateway or Bastion.
// Every way from the Internet begins at a public address, at a service's own endpoint, or at something that publishes
// others. So it is enough to look at each of these; a kind of resource that is in no list here is refused.
"use strict";

const { need, refuse, same, typeOf } = require("./world.js");

const NETWORK = "microsoft.network/";
const ADDRESS = `${NETWORK}publicipaddresses`;
const FIREWALL = `${NETWORK}azurefirewalls`;
const COMPUTE = "microsoft.machinelearningservices/workspaces/computes";
const DOORS = { [`${NETWORK}applicationgateways`]: "gateway", [`${NETWORK}bastionhosts`]: "bastion" };
// Services with an endpoint of their own that publicNetworkAccess shuts; and places that have none.
const SWITCHED = ["microsoft.cognitiveservices/accounts", "microsoft.containerregistry/registries", "microsoft.keyvault/vaults",
  "microsoft.machinelearningservices/workspaces", "microsoft.machinelearningservices/workspaces/onlineendpoints",
  "microsoft.search/searchservices", "microsoft.storage/storageaccounts", "microsoft.web/sites"];
const INSIDE = [`${NETWORK}networkinterfaces`, `${NETWORK}privateendpoints`, `${NETWORK}virtualnetworks/subnets`];
// Kinds that let nobody on to another resource, but over a public address that is a resource of its own.
const PROVIDERS = ["microsoft.alertsmanagement", "microsoft.authorization", "microsoft.bing", "microsoft.consumption",
  "microsoft.insights", "microsoft.managedidentity", "microsoft.operationalinsights", "microsoft.security"];
const KINDS = [...SWITCHED, "microsoft.compute/disks", "microsoft.compute/virtualmachines", "microsoft.devopsinfrastructure/pools",
  "microsoft.documentdb/databaseaccounts", "microsoft.machinelearningservices/registries", "microsoft.web/serverfarms",
  ...["applicationgateways", "applicationgatewaywebapplicationfirewallpolicies", "applicationsecuritygroups", "azurefirewalls",
    "bastionhosts", "ddosprotectionplans", "firewallpolicies", "networkinterfaces", "networksecuritygroups", "privatednszones",
    "privateendpoints", "publicipaddresses", "routetables", "virtualnetworks"].map((kind) => NETWORK + kind)];

/** Why an entrance leads nowhere but through a gateway or Bastion, read from the snapshot; refuses where it may. */
function why(world, entrance) {
  const type = typeOf(entrance.id);
  if (type === COMPUTE) {
    need(entrance.properties?.properties?.enableNodePublicIp === false, `${entrance.name} may have a public address`);
    return { why: "no address" };
  }
  if (type !== ADDRESS) {
    need(same(entrance.properties?.publicNetworkAccess, "Disabled"), `the public endpoint of ${entrance.name} is not shut`);
    return { why: "closed" };
  }
  const at = entrance.properties?.ipConfiguration?.id;
  if (at === undefined || at === null) return { why: "of nothing" };
  const owner = at.split("/").slice(0, -2).join("/");
  const found = world.get(owner);
  const kind = typeOf(owner);
  if (kind in DOORS) return { why: DOORS[kind], of: found.id };
  need(kind === FIREWALL, `${entrance.name} leads to ${owner}`);
  need(!(found.properties?.natRuleCollections ?? []).length, `${found.name} translates addresses`);
  for (const group of world.of(`${NETWORK}firewallpolicies/rulecollectiongroups`)) {
    for (const each of group.properties?.ruleCollections ?? []) {
      need(!same(each.ruleCollectionType, "FirewallPolicyNatRuleCollection"), `${group.name} translates addresses`);
    }
  }
  return { why: "firewall without NAT", of: found.id };
}

function checkCut(world, certificate) {
  const { rule, outcome, resource, hops } = certificate;
  need(rule === "internet_reaches_more_than_the_chat" && outcome === "pass", `a cut says nothing of ${rule}`);
  const type = typeOf(resource);
  need(SWITCHED.includes(type) || INSIDE.includes(type), `${resource} may have ways in that this checker does not know`);
  for (const { id } of world.snapshot.documents) {
    if (!id.toLowerCase().includes("/providers/")) continue;
    const kind = typeOf(id).split("/").slice(0, 2).join("/");
    need(PROVIDERS.includes(kind.split("/")[0]) || KINDS.includes(kind), `${id} may be an entrance that this checker does not know`);
  }
  for (const nic of world.of(`${NETWORK}networkinterfaces`)) {
    const open = (nic.properties?.ipConfigurations ?? []).some((each) => each.properties?.publicIPAddress);
    need(!open, `${nic.name} has a public address`);
  }
  const entrances = [...(SWITCHED.includes(type) ? [world.get(resource)] : []), ...world.of(COMPUTE), ...world.of(ADDRESS)];
  for (const entrance of entrances) {
    const stated = hops.find((hop) => same(hop.entrance, entrance.id));
    if (stated === undefined) refuse(`the entrance ${entrance.id} is left out`);
    const found = why(world, entrance);
    need(stated.why === found.why, `${entrance.id} is said to be ${stated.why}, and is ${found.why}`);
    need(found.of === undefined || same(stated.of, found.of), `${entrance.id} is said to be of ${stated.of}`);
    need(stated.pointer === undefined || same(world.at(entrance.id, stated.pointer), stated.value), `${stated.pointer} is not as said`);
  }
  need(hops.length === entrances.length, "the cut has hops that are no entrances");
}

module.exports = { checkCut };
