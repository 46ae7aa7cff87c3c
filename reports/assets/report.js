// Filters the tables of findings. Without it the page shows them all; nothing else depends on it.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const requirements = [...document.querySelectorAll("tbody.requirement")].map((body) => ({
    body,
    head: body.querySelector(".head").textContent.toLowerCase(),
    frameworks: new Set([...body.querySelectorAll("[data-framework]")].map((each) => each.dataset.framework)),
    rows: [...body.querySelectorAll("tr.finding")].map((row) => ({ row, text: row.textContent.toLowerCase() })),
  }));
  const families = [...document.querySelectorAll("section.family")];
  const familyOf = new Map(requirements.map(({ body }) => [body, body.closest("section.family").id]));
  const total = requirements.reduce((sum, each) => sum + each.rows.length, 0);

  const apply = () => {
    const data = new FormData(form);
    const outcomes = new Set(data.getAll("outcome"));
    const severities = new Set(data.getAll("severity"));
    const family = data.get("family");
    const framework = data.get("framework");
    const words = data.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { body, head, frameworks, rows } of requirements) {
      const asked = (!family || familyOf.get(body) === family) && (!framework || frameworks.has(framework));
      let any = false;
      for (const { row, text } of rows) {
        const fits =
          asked &&
          outcomes.has(row.dataset.outcome) &&
          severities.has(row.dataset.severity) &&
          words.every((word) => text.includes(word) || head.includes(word));
        row.hidden = !fits;
        any ||= fits;
        count += fits ? 1 : 0;
      }
      body.hidden = !any;
    }
    for (const section of families) {
      section.hidden = !section.querySelector("tbody.requirement:not([hidden])");
    }
    shown.textContent = `Showing ${count} of ${total} findings.`;
  };

  // A link to something that is filtered out must lead there all the same.
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.matches("details")) target.open = true;
    const folded = target.closest("details:not([open])");
    if (folded) {
      folded.open = true;
      target.scrollIntoView();
    }
    if (!target.closest("[hidden]")) return;
    for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = true;
    form.elements.text.value = "";
    form.elements.family.value = "";
    if (form.elements.framework) form.elements.framework.value = "";
    apply();
    target.scrollIntoView();
  };

  // Paper cannot be clicked: what is shown is printed with its proof.
  const opened = new Set();
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("tr.finding:not([hidden]) details:not([open])")) {
      details.open = true;
      opened.add(details);
    }
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened.clear();
  });

  // A chain lights up in the picture: what it leads over, and the lines between.
  const picture = document.querySelector("svg.estate");
  const buttons = [...document.querySelectorAll(".light-up")];
  const light = (button) => {
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const each of buttons) each.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(on));
    const names = on ? button.closest("[data-lights]").dataset.lights.split(" ") : [];
    for (const each of picture.querySelectorAll("[data-node]")) {
      each.classList.toggle("e-lit", names.includes(each.dataset.node));
    }
    // Zones are drawn around what is passed in them; a line leads from one thing to the next.
    const things = names.filter((name) => picture.querySelector(`[data-node="${name}"]:not(.e-zone-group)`));
    const pairs = new Set(things.slice(1).map((name, n) => `${things[n]} ${name}`));
    for (const each of picture.querySelectorAll("[data-ends]")) {
      each.classList.toggle("e-lit", pairs.has(each.dataset.ends));
    }
    picture.classList.toggle("e-chosen", on);
    if (on) picture.closest("section").scrollIntoView({ block: "center" });
  };
  for (const button of picture ? buttons : []) {
    button.hidden = false;
    button.addEventListener("click", () => light(button));
  }

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  apply();
  reveal();
})();
