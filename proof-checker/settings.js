// Certificates `setting` and `values`: what stands at a pointer, and for `setting` whether that alone decides.
"use strict";

const { need, equal } = require("./world.js");

const off = ["disabled"];
// By rule the settings that it reads, by the last step of their pointers, and the values with which it passes.
const SETTINGS = {
  workspace_answers_the_internet: { publicNetworkAccess: off, allowPublicAccessWhenBehindVnet: [false] },
  endpoint_answers_the_internet: { publicNetworkAccess: off },
  openai_answers_the_internet: { publicNetworkAccess: off },
  search_answers_the_internet: { publicNetworkAccess: off },
  vault_answers_the_internet: { publicNetworkAccess: off },
  registry_answers_the_internet: { publicNetworkAccess: off, anonymousPullEnabled: [false] },
  storage_answers_the_internet: { publicNetworkAccess: off, allowBlobPublicAccess: [false] },
  web_app_answers_the_internet: { publicNetworkAccess: off },
  compute_instance_is_public: { enableNodePublicIp: [false], sshPublicAccess: off },
  web_app_answers_plain_http: { httpsOnly: [true] },
  tls_ends_before_the_worker: { endToEndEncryptionEnabled: [true] },
  listener_speaks_plain_http: { protocol: ["https"] },
  backend_leg_is_plain_http: { protocol: ["https"] },
  storage_answers_account_keys: { allowSharedKeyAccess: [false] },
  registry_has_an_admin_user: { adminUserEnabled: [false] },
  compute_takes_local_users: { disableLocalAuth: [true] },
  anyone_may_use_the_chat: { enabled: [true], requireAuthentication: [true] },
  group_does_not_apply_to_endpoints: { privateEndpointNetworkPolicies: ["enabled", "networksecuritygroupenabled"] },
  connection_not_approved: { status: ["approved"] },
  managed_endpoint_not_approved: { status: ["approved"] },
  managed_network_lets_everything_out: { isolationMode: ["allowonlyapprovedoutbound"] },
  managed_network_does_not_exist: { status: ["active"] },
};

// Rules that read a value of another resource too: the other end of a connection.
const ELSEWHERE = { connection_not_approved: true, managed_endpoint_not_approved: true };

const folded = (value) => (typeof value === "string" ? value.toLowerCase() : value);
const last = (pointer) => pointer.split("/").pop();

/** Every value stands where the certificate says, and nothing stands where it says that nothing does. */
function checkValues(world, certificate) {
  need(Array.isArray(certificate.values), "it has no values");
  for (const value of certificate.values) {
    const id = value.resource ?? certificate.resource;
    const found = world.at(id, value.pointer) ?? null;
    const where = `${value.pointer} of ${id}`;
    if (value.absent === true) need(found === null, `there is something at ${where}`);
    else need(value.value !== undefined && equal(found, value.value), `${where} is not as the certificate says`);
  }
}

function checkSetting(world, certificate) {
  checkValues(world, certificate);
  const { rule, outcome, values } = certificate;
  const wanted = SETTINGS[rule];
  need(wanted !== undefined, `the values alone do not decide ${rule}`);
  need(values.length > 0, "it has no values");
  const own = certificate.resource.toLowerCase();
  const place = certificate.stands_at;
  const belongs = ({ resource = certificate.resource, pointer }) =>
    `${resource.toLowerCase()}/`.startsWith(`${own}/`) ||
    (place !== undefined && resource === place.resource && pointer.startsWith(`${place.pointer}/`));
  need(values.some(belongs) && (rule in ELSEWHERE || values.every(belongs)), "a value is not of the resource");
  const right = values.map((value) => {
    const good = wanted[last(value.pointer)];
    need(good !== undefined, `${value.pointer} is no setting that decides ${rule}`);
    need(value.absent !== true, `${value.pointer} is absent, which decides nothing by itself`);
    need(equal(good, value.wanted.map(folded)), `${rule} wants other values at ${value.pointer}`);
    return good.includes(folded(value.value));
  });
  if (outcome === "fail") return need(right.includes(false), "all values are as they have to be, and the verdict is a fail");
  need(!right.includes(false), "a value is not as it has to be, and the verdict is a pass");
  for (const name of Object.keys(wanted)) {
    need(values.some((value) => last(value.pointer) === name), `${name} is not among the values`);
  }
}

module.exports = { checkSetting, checkValues };
