// The rows of the versions' table, and what going to one of them would change.

const MARKS = { live: "●", earlier: "·", held: "○", "rolled back": "↩" };
const HEAD = ["version", "control", "made", "labels", "figure (95 % interval)", "measured on", "state", "the gate said", ""];

function head(several) {
  const names = several ? HEAD : HEAD.filter((name) => name !== "control");
  const cells = names.map((name) => {
    const cell = make(name ? "th" : "td", name ? "" : "lsal-versions-act", name);
    if (name) cell.scope = "col";
    return cell;
  });
  return make("thead", "", make("tr", "", ...cells));
}

function body(model, rows, several, busy, preview) {
  const lines = rows.flatMap((row) => {
    const line = make("tr", row.state === "live" ? "lsal-versions-live" : "", ...cells(model, row, several, busy));
    if (preview.act !== "promote" || preview.number !== row.number) return [line];
    const cell = make("td", "lsal-versions-place", previewed(model, preview, busy));
    cell.colSpan = several ? HEAD.length : HEAD.length - 1;
    return [line, make("tr", "", cell)];
  });
  return make("tbody", "", ...lines);
}

function cells(model, row, several, busy) {
  const number = make("th", "lsal-versions-number", `${row.number}`);
  number.scope = "row";
  const mark = make("span", "lsal-versions-mark", MARKS[row.state] ?? "");
  mark.setAttribute("aria-hidden", "true");
  const state = make("td", `lsal-versions-state lsal-versions-${row.state.replace(" ", "-")}`, mark, row.state);
  const words = make("td", "lsal-versions-words", row.words);
  if (row.why) words.append(make("div", "lsal-versions-quiet", row.why));
  const act = make("td", "lsal-versions-act");
  if (row.state !== "live") {
    const promote = button("Promote", `promote ${row.number}`, () => ask(model, "preview", { what: "promote", number: row.number }));
    promote.setAttribute("aria-label", `Promote version ${row.number}`);
    off(promote, busy || row.whyNot, `Show what it would change if version ${row.number} went live.`);
    act.append(promote);
    if (row.whyNot) act.append(make("div", "lsal-versions-quiet", row.whyNot));
  }
  const control = several ? [make("td", "lsal-versions-control", row.control)] : [];
  const figures = [row.when, row.labels, row.figure].map((text) => make("td", "lsal-versions-figure", text));
  return [number, ...control, ...figures, make("td", "", row.measured), state, words, act];
}

function previewed(model, preview, busy) {
  const title = make("div", "lsal-versions-title", preview.title);
  title.tabIndex = -1;
  title.dataset.key = "preview";
  const confirm = button("Confirm", "confirm", () => ask(model, "confirm", {}));
  confirm.classList.add("lsal-versions-confirm");
  off(confirm, busy, "Do it: a job ranks afresh, and switches all of it at once.");
  const keep = button("Keep as it is", "keep", () => ask(model, "keep", {}));
  const waits = preview.waits ? [make("div", "lsal-versions-quiet", "Comparing the figures ...")] : [];
  const note = preview.note ? [make("div", "lsal-versions-note", preview.note)] : [];
  const parts = [title, ...note, facts([...preview.lines, ...preview.compared]), ...waits, make("div", "lsal-versions-acts", confirm, keep)];
  const made = make("div", "lsal-versions-preview", ...parts);
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", preview.title);
  return made;
}

function facts(pairs) {
  return make("dl", "lsal-versions-facts", ...pairs.flatMap(([name, text]) => [make("dt", "", name), make("dd", "", text)]));
}
