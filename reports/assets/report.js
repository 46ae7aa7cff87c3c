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

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  apply();
  reveal();
})();
