// The confusion matrix: what people said by rows, what the version said by columns. Each cell is a button that lists
// the tasks behind it.

export default { render };

function render({ model, el }) {
  const view = frame(model);
  el.append(view.root);
  const redraw = () => update(model, view);
  model.on("change:rows", redraw);
  model.on("change:columns", redraw);
  model.on("change:counts", redraw);
  model.on("change:version", redraw);
  model.on("change:unit", redraw);
  model.on("change:control", redraw);
  model.on("change:controls", redraw);
  model.on("change:note", redraw);
  model.on("change:empty", redraw);
  model.on("change:cell", () => press(model, view));
  model.on("change:listed", () => list(model, view));
  redraw();
}

function frame(model) {
  const view = {};
  view.title = make("div", "lsal-matrix-title");
  const select = keysOf(make("select", "lsal-matrix-select"));
  select.addEventListener("change", () => (model.set("control", select.value), model.save_changes()));
  view.control = { select, label: make("label", "lsal-matrix-choice", "Of", select) };
  view.saves = saving(() => `confusion-version-${model.get("version")}`, () => picture(model, view));
  const bar = make("div", "lsal-matrix-bar", view.control.label, view.saves);
  view.table = make("table", "lsal-matrix-table");
  view.table.addEventListener("keydown", (event) => walk(event, view.table));
  view.scroll = make("div", "lsal-matrix-scroll", view.table);
  view.note = make("p", "lsal-matrix-note");
  view.list = make("div", "lsal-matrix-list");
  view.list.setAttribute("role", "status");
  const body = make("div", "lsal-matrix-body", view.scroll, view.list);
  view.root = make("div", "lsal-matrix", make("div", "lsal-matrix-head", view.title, bar), view.note, body);
  return view;
}

function update(model, view) {
  const [rows, columns, counts] = [model.get("rows"), model.get("columns"), model.get("counts")];
  const controls = model.get("controls");
  view.root.hidden = !controls.length;
  view.control.label.hidden = controls.length < 2;
  view.control.select.replaceChildren(...controls.map((name) => new Option(name, name)));
  view.control.select.value = model.get("control");
  view.title.textContent = `What version ${model.get("version")} confuses`;
  view.note.textContent = model.get("empty") || model.get("note");
  view.saves.hidden = !rows.length;
  const focused = view.table.contains(view.root.getRootNode().activeElement) && view.root.getRootNode().activeElement;
  const [row, column] = focused ? [focused.dataset.row, focused.dataset.column] : [];
  view.table.replaceChildren(...(rows.length ? [head(columns, model), body(rows, columns, counts, model)] : []));
  press(model, view);
  if (focused) [...buttons(view.table)].find((one) => one.dataset.row === row && one.dataset.column === column)?.focus();
  list(model, view);
}

function head(columns, model) {
  const corner = make("td", "lsal-matrix-corner", "people said ↓  version said →");
  const long = columns.length > 6;
  const cells = columns.map(({ key, name }) => {
    const cell = make("th", long ? "lsal-matrix-column lsal-matrix-upright" : "lsal-matrix-column", make("span", plain(key), name));
    Object.assign(cell, { scope: "col", title: name });
    return cell;
  });
  return make("thead", "", make("tr", "", corner, ...cells));
}

const plain = (key) => (key.startsWith(":") ? "" : "lsal-matrix-other");

function body(rows, columns, counts, model) {
  const unit = model.get("unit");
  const lines = rows.map((row, place) => {
    const sum = counts[place].reduce((all, one) => all + one, 0);
    const name = make("th", "lsal-matrix-row", make("span", plain(row.key), row.name));
    Object.assign(name, { scope: "row", title: row.name });
    const cells = columns.map((column, n) => cell(row, column, counts[place][n], sum, unit, model));
    return make("tr", "", name, ...cells, make("td", "lsal-matrix-sum", sum.toLocaleString("en")));
  });
  return make("tbody", "", ...lines);
}

function cell(row, column, count, sum, unit, model) {
  if (!count) return make("td", "lsal-matrix-none", "·");
  const same = row.key === column.key;
  const kind = same ? (plain(row.key) ? " lsal-matrix-mixed" : " lsal-matrix-right") : "";
  const button = keysOf(make("button", `lsal-matrix-cell${kind}`, count.toLocaleString("en")));
  button.type = "button";
  button.tabIndex = -1;
  Object.assign(button.dataset, { row: row.key, column: column.key });
  button.style.setProperty("--lsal-share", `${Math.round(8 + 40 * (count / sum))}%`);
  const what = `${count} ${count === 1 ? unit : `${unit}s`}`;
  button.title = `${what}, ${Math.round((100 * count) / sum)} % of row ${row.name}, column ${column.name}`;
  button.setAttribute("aria-label", button.title);
  button.addEventListener("click", () => {
    const [first, second] = model.get("cell");
    const chosen = first === row.key && second === column.key;
    model.set("cell", chosen ? [] : [row.key, column.key]);
    model.save_changes();
  });
  return make("td", "", button);
}

const buttons = (table) => table.querySelectorAll("button");

// Which cell is pressed; one alone is in the order of the tab key, arrows go to the others.
function press(model, view) {
  const [row, column] = model.get("cell");
  const all = [...buttons(view.table)];
  for (const one of all) {
    const pressed = one.dataset.row === row && one.dataset.column === column;
    one.setAttribute("aria-pressed", String(pressed));
    one.tabIndex = -1;
  }
  const first = all.find((one) => one.getAttribute("aria-pressed") === "true") ?? all[0];
  if (first) first.tabIndex = 0;
}

function walk(event, table) {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  const from = event.target.closest("td");
  if (!step || !from) return;
  event.preventDefault();
  event.stopPropagation();
  let [row, column] = [from.parentNode.rowIndex + step[0], from.cellIndex + step[1]];
  while (table.rows[row]?.cells[column]) {
    const next = table.rows[row].cells[column].querySelector("button");
    if (next) {
      for (const one of buttons(table)) one.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      return;
    }
    [row, column] = [row + step[0], column + step[1]];
  }
}

function list(model, view) {
  const { says, tasks, more, note } = model.get("listed");
  if (!says) {
    const hint = model.get("rows").length ? "Choose a cell to see its tasks." : "";
    view.list.replaceChildren(make("p", "lsal-matrix-hint", hint));
    return;
  }
  const close = keysOf(make("button", "lsal-matrix-close", "Close"));
  close.type = "button";
  close.addEventListener("click", () => (model.set("cell", []), model.save_changes()));
  const rows = tasks.map(({ id, url, text }) => make("li", "", anchor(url, `${id}`), " ", make("span", "", text)));
  const rest = more ? [make("p", "lsal-matrix-hint", `and ${more.toLocaleString("en")} more`)] : [];
  const told = note ? [make("p", "lsal-matrix-hint", note)] : [];
  const line = make("div", "lsal-matrix-says", make("strong", "", says), close);
  const found = keysOf(make("ul", "", ...rows));
  found.tabIndex = 0;
  view.list.replaceChildren(line, ...told, found, ...rest);
}

// The table as a drawing: each cell where it stands, in the colours it has.
function picture(model, view) {
  const [table, style] = [view.table.getBoundingClientRect(), getComputedStyle(view.root)];
  const svg = draw("svg", { viewBox: `0 0 ${Math.ceil(table.width)} ${Math.ceil(table.height)}` });
  for (const one of view.table.querySelectorAll("th, td")) {
    const inner = one.querySelector("button") ?? one;
    const [box, look] = [inner.getBoundingClientRect(), getComputedStyle(inner)];
    const [x, y] = [box.left - table.left, box.top - table.top];
    if (inner !== one) {
      svg.append(draw("rect", { x, y, width: box.width, height: box.height, rx: 2, fill: look.backgroundColor }));
    }
    const upright = one.classList.contains("lsal-matrix-upright");
    const row = one.classList.contains("lsal-matrix-row");
    const [cx, cy] = [x + box.width / 2, y + box.height / 2];
    const place = upright
      ? { transform: `translate(${cx + 4} ${box.bottom - table.top - 4}) rotate(-90)` }
      : { x: row ? x + box.width - 6 : cx, y: cy + 4, "text-anchor": row ? "end" : "middle" };
    const text = one.textContent.length > 32 ? `${one.textContent.slice(0, 31)}…` : one.textContent;
    svg.append(words(text, { ...place, fill: look.color, "font-family": style.fontFamily, "font-size": 12 }));
  }
  const [width, height] = [Math.ceil(table.width), Math.ceil(table.height)];
  return composed(view.root, view.title.textContent, [{ svg, width, height }], [model.get("note")], Math.max(480, width + 32));
}
