"""Sound settings, waivers and baselines, to be damaged."""

from __future__ import annotations

SETTINGS = """\
baseline: openai-chat
waivers: w.yaml
strict: true
fail_on: should
scope:
  subscriptions: [c65cdfc1-1be1-5ea1-99b9-17e05eaf5f13]
  resource_groups: [rg-chat-prod]
parts:
  chat_ui: ["*/sites/app-aibase"]
subnets:
  jump_box: ["*/subnets/snet-jumpbox"]
allow:
  flows:
    - subnet: agents
      direction: outbound
      from: self
      to: AzureDevOps
      ports: "443"
      protocol: Tcp
      why: build agents take their jobs from there
  roles:
    - principal: id-evaluation
      role: Cognitive Services OpenAI User
      scope: "*/accounts/oai-aibase"
      why: the evaluation job of the model team
requirements:
  NET-09: {level: must}
  OPS-04: {disabled: true, reason: Flows are registered by the platform team.}
"""
WAIVERS = """\
waivers:
  - requirement: NET-07
    resource: "*/sites/app-aibase"
    owner: web team
    reason: The redirect comes with the next release.
    expires: 2099-12-31
  - requirement: "PUB-*"
    resource: "*"
    aspect: "*a*"
    owner: me
    reason: All of it has to wait for spring.
    expires: 2026-01-01
"""
BASELINE = """\
extends: openai-chat
baseline:
  name: ours
  version: "1"
overrides:
  NET-09: {level: must}
  OPS-04: {disabled: true, reason: Flows are registered by the platform team.}
"""
