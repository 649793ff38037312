// All versions in a table. A button opens, in place, what it would change; nothing happens before that is confirmed.

export default { render };

function render({ model, el }) {
  const view = frame(model);
  el.append(view.root);
  const redraw = () => update(model, view);
  model.on("change:rows", redraw);
  model.on("change:busy", redraw);
  model.on("change:back", redraw);
  model.on("change:empty", redraw);
  model.on("change:preview", redraw);
  model.on("change:trouble", redraw);
  model.on("change:compared", () => compare(model, view));
  redraw();
  compare(model, view);
}

function ask(model, act, more) {
  model.set("asked", { act, ...more, count: (model.get("asked").count ?? 0) + 1 });
  model.save_changes();
}

function frame(model) {
  const view = {};
  view.back = button("Roll back", "back", () => ask(model, "preview", { what: "rollback", number: 0 }));
  view.why = make("span", "lsal-versions-quiet");
  const head = make("div", "lsal-versions-head", make("div", "lsal-versions-title", "Versions"), view.why, view.back);
  view.trouble = make("div", "lsal-versions-trouble");
  view.trouble.setAttribute("role", "alert");
  view.top = make("div", "lsal-versions-top");
  view.empty = make("div", "lsal-versions-empty");
  view.table = make("table", "lsal-versions-table");
  view.scroll = make("div", "lsal-versions-scroll", view.table);
  Object.assign(view.scroll, { tabIndex: 0 });
  view.scroll.setAttribute("role", "region");
  view.scroll.setAttribute("aria-label", "All versions");
  [view.first, view.second] = ["first", "second"].map(() => make("select", "lsal-versions-select"));
  view.first.setAttribute("aria-label", "Compare version");
  view.second.setAttribute("aria-label", "With version");
  const go = button("Compare", "compare", () =>
    ask(model, "compare", { number: Number(view.first.value), other: Number(view.second.value) }),
  );
  const [one, other] = [make("label", "", "Compare version", view.first), make("label", "", "with", view.second)];
  view.form = make("div", "lsal-versions-form", one, other, go);
  view.go = go;
  for (const select of [view.first, view.second]) select.addEventListener("change", () => (view.chosen = true, able(view)));
  view.compared = make("div", "lsal-versions-compared");
  view.compared.setAttribute("role", "status");
  view.root = make("div", "lsal-versions", head, view.trouble, view.top, view.empty, view.scroll, view.form, view.compared);
  return view;
}

function button(text, key, press) {
  const made = make("button", "lsal-versions-button", text);
  made.type = "button";
  made.dataset.key = key;
  made.addEventListener("click", press);
  return made;
}

function update(model, view) {
  const [rows, busy, preview] = [model.get("rows"), model.get("busy"), model.get("preview")];
  const active = view.root.getRootNode().activeElement;
  const key = view.root.contains(active) ? active.dataset.key : "";
  const several = new Set(rows.map((row) => row.control)).size > 1;
  view.empty.textContent = model.get("empty");
  view.empty.hidden = Boolean(rows.length);
  view.scroll.hidden = !rows.length;
  view.form.hidden = rows.length < 2;
  const why = busy || model.get("back");
  off(view.back, why, "Show what going back to what was live before would change.");
  view.back.hidden = !rows.length;
  view.why.textContent = !rows.length ? "" : why ? (busy ? why : `Roll back: ${why}`) : "";
  view.trouble.textContent = model.get("trouble");
  view.trouble.hidden = !model.get("trouble");
  view.top.replaceChildren(...(preview.act === "rollback" ? [previewed(model, preview, busy)] : []));
  view.table.replaceChildren(...(rows.length ? [head(several), body(model, rows, several, busy, preview)] : []));
  choose(view, rows);
  focus(view, key, preview);
}

// Where the keyboard was before the table was drawn anew; a preview that has just opened is read first.
function focus(view, key, preview) {
  const opened = preview.act ? `${preview.act} ${preview.number}` : "";
  const before = view.opened ?? "";
  view.opened = opened;
  const find = (name) => name && [...view.root.querySelectorAll("[data-key]")].find((one) => one.dataset.key === name);
  if (opened && opened !== before && key) find("preview")?.focus();
  else if (!opened && before && key) find(before.startsWith("rollback") ? "back" : before)?.focus();
  else if (key && !view.root.contains(view.root.getRootNode().activeElement)) find(key)?.focus();
}

function off(made, why, hint) {
  made.disabled = Boolean(why);
  made.title = why ? `Not now. ${why}` : hint;
}

// The live version against the newest other one of its control, until somebody chooses.
function choose(view, rows) {
  const chosen = [view.first.value, view.second.value];
  const told = (row) => `${row.number} (${row.state}, ${row.figure.replace(/ \(.*/, "")})`;
  for (const select of [view.first, view.second]) {
    select.replaceChildren(...rows.map((row) => new Option(told(row), `${row.number}`)));
  }
  const live = rows.find((row) => row.state === "live") ?? rows[0];
  const other = rows.find((row) => row !== live && row.control === live.control) ?? rows[1];
  const [first, second] = view.chosen ? chosen : [`${other?.number}`, `${live?.number}`];
  [view.first.value, view.second.value] = [first, second];
  able(view);
}

function able(view) {
  const same = view.first.value === view.second.value;
  off(view.go, same ? "Choose two different versions." : "", "Put both side by side on the same measuring tasks.");
}

function compare(model, view) {
  const told = model.get("compared");
  const parts = [];
  if (told.waits) parts.push(make("div", "lsal-versions-quiet", told.waits));
  if (told.problem) parts.push(make("div", "lsal-versions-trouble", told.problem));
  if (told.facts) {
    parts.push(make("div", "lsal-versions-title", told.title), facts(told.facts));
    parts.push(...told.notes.map((note) => make("div", "lsal-versions-note", note)));
    if (told.caption) parts.push(make("div", "lsal-versions-quiet", told.caption));
    if (told.changed.length) parts.push(changes(told));
  }
  view.compared.replaceChildren(...parts);
}

const OUTCOMES = { gained: "✓ gained", lost: "✗ lost" };

function changes(told) {
  const names = ["task", "what", "people said", ...told.columns, "outcome"];
  const cells = names.map((name) => Object.assign(make("th", "", name), { scope: "col" }));
  const rows = told.changed.map((row) => {
    const task = Object.assign(make("th", "lsal-versions-number", anchor(row.url, `${row.task}`)), { scope: "row" });
    const texts = [row.text, row.truth, row.first, row.second].map((text) => make("td", "lsal-versions-words", text));
    return make("tr", "", task, ...texts, make("td", `lsal-versions-${row.outcome.replace(" ", "-")}`, OUTCOMES[row.outcome] ?? row.outcome));
  });
  const table = make("table", "lsal-versions-table", make("thead", "", make("tr", "", ...cells)), make("tbody", "", ...rows));
  const scroll = make("div", "lsal-versions-scroll", table);
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Answers that changed");
  return scroll;
}
