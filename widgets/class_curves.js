// A small learning curve for each of a few classes, on the same scale; the rest by search.

const [WIDE, HIGH] = [176, 62];
const EDGE = 7;
const ORDERS = [["worst", "worst first"], ["most", "given most first"], ["name", "by name"], ["config", "as in the label config"]];

export default { render };

function render({ model, el }) {
  const view = frame(model);
  el.append(view.root);
  const redraw = () => update(model, view);
  model.on("change:classes", redraw);
  model.on("change:versions", redraw);
  model.on("change:figure", redraw);
  model.on("change:counted", redraw);
  model.on("change:found", redraw);
  model.on("change:total", redraw);
  model.on("change:order", redraw);
  model.on("change:search", redraw);
  model.on("change:control", redraw);
  model.on("change:controls", redraw);
  model.on("change:note", redraw);
  redraw();
}

function frame(model) {
  const view = {};
  view.title = make("div", "lsal-small-title");
  view.order = picked("Order", (value) => (model.set("order", value), model.save_changes()));
  view.order.select.append(...ORDERS.map(([name, says]) => new Option(says, name)));
  view.control = picked("Of", (value) => (model.set("control", value), model.save_changes()));
  view.search = keysOf(make("input", "lsal-small-search"));
  Object.assign(view.search, { type: "search", placeholder: "find a class" });
  view.search.setAttribute("aria-label", "Find a class");
  let waiting = 0;
  view.search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => (model.set("search", view.search.value.slice(0, 200)), model.save_changes()), 250);
  });
  view.saves = saving(() => `classes-${model.get("figure")}`, () => picture(view));
  view.bar = make("div", "lsal-small-bar", view.control.label, view.order.label, view.search, view.saves);
  view.grid = make("div", "lsal-small-grid");
  view.note = make("p", "lsal-small-note");
  view.root = make("div", "lsal-small", make("div", "lsal-small-head", view.title, view.bar), view.grid, view.note);
  return view;
}

function picked(name, chosen) {
  const select = keysOf(make("select", "lsal-small-select"));
  select.addEventListener("change", () => chosen(select.value));
  return { select, label: make("label", "lsal-small-choice", name, select) };
}

function update(model, view) {
  const [classes, versions] = [model.get("classes"), model.get("versions")];
  view.root.hidden = !versions.length;
  const [found, total, controls] = [model.get("found"), model.get("total"), model.get("controls")];
  const of = found === total ? counted(total) : `${number(found)} of ${counted(total)}`;
  const shown = found > classes.length ? `the first ${classes.length} of ${of}: search for the others` : of;
  view.title.replaceChildren(`${model.get("figure")} by class`, make("span", "lsal-small-shown", shown));
  view.order.select.value = model.get("order");
  view.control.label.hidden = controls.length < 2;
  view.control.select.replaceChildren(...controls.map((name) => new Option(name, name)));
  view.control.select.value = model.get("control");
  if (view.search !== view.root.getRootNode().activeElement) view.search.value = model.get("search");
  const scale = scales(classes, versions);
  view.grid.replaceChildren(...classes.map((one) => small(one, versions, scale, model.get("figure"), model.get("counted"))));
  if (!classes.length) view.grid.append(make("p", "lsal-small-none", "No class has this in its name."));
  view.note.textContent = model.get("note");
}

const number = (count) => count.toLocaleString("en");
const counted = (count) => `${number(count)} ${count === 1 ? "class" : "classes"}`;

function scales(classes, versions) {
  const most = Math.max(1, ...versions.map((one) => one.labels));
  return {
    x: (labels) => round(EDGE + ((WIDE - 2 * EDGE) * labels) / most),
    y: (value) => round(EDGE + (HIGH - 2 * EDGE) * (1 - value)),
  };
}

function small({ name, colour, given, now, values }, versions, { x, y }, figure, unit) {
  const known = versions.map((one, place) => ({ ...one, value: values[place] })).filter((one) => one.value !== null);
  const svg = draw("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });
  svg.setAttribute("aria-label", spoken(known, figure));
  for (const value of [0, 0.5, 1]) {
    svg.append(draw("line", { class: "lsal-small-rule", x1: 0, x2: WIDE, y1: y(value), y2: y(value) }));
  }
  const joined = known.filter((one) => one.state === "live" || one.state === "earlier");
  const path = joined.map((one) => `${x(one.labels)},${y(one.value)}`).join(" ");
  if (joined.length > 1) svg.append(draw("polyline", { class: "lsal-small-line", points: path }));
  svg.append(...known.map((one) => dot(one, x(one.labels), y(one.value), figure)));
  if (!known.length) svg.append(words("nobody gave it yet", { x: WIDE / 2, y: HIGH / 2 + 4, "text-anchor": "middle" }));
  const told = make("span", "lsal-small-now", now === null ? "–" : now.toFixed(2));
  const head = make("div", "lsal-small-name", make("span", "lsal-small-label", name), told);
  head.firstChild.title = name;
  if (COLOUR.test(colour)) {
    head.prepend(make("i", "lsal-small-mark"));
    head.firstChild.style.background = colour;
  }
  return make("figure", "lsal-small-one", head, svg, make("figcaption", "", `${number(given)} ${given === 1 ? unit.replace(/s$/, "") : unit}`));
}

function dot({ version, labels, state, value }, cx, cy, figure) {
  const title = draw("title", {}, `version ${version}, ${state}: ${figure} ${value.toFixed(3)} by ${labels} labels`);
  if (state === "held") return draw("path", { class: "lsal-small-hollow", d: `M${cx} ${cy - 4}l4 4l-4 4l-4 -4z` }, title);
  if (state === "rolled back") return draw("path", { class: "lsal-small-hollow", d: `M${cx - 3} ${cy - 3}h6v6h-6z` }, title);
  const live = state === "live";
  return draw("circle", { class: live ? "lsal-small-dot lsal-small-live" : "lsal-small-dot", cx, cy, r: live ? 4 : 2.5 }, title);
}

const spoken = (known, figure) =>
  known.map((one) => `version ${one.version}, ${one.state}: ${figure} ${one.value.toFixed(3)}`).join("; ") || "not measured";

// All small curves with their names, as one drawing.
function picture(view) {
  const parts = [...view.grid.querySelectorAll("figure")].map((one) => {
    const svg = inlined(one.querySelector("svg"));
    const ink = getComputedStyle(one.querySelector(".lsal-small-label"));
    const style = { fill: ink.color, "font-family": ink.fontFamily, "font-size": 11 };
    const name = one.querySelector(".lsal-small-label").textContent;
    const label = words(name.length > 22 ? `${name.slice(0, 21)}…` : name, { ...style, x: 2, y: 11 });
    const now = words(one.querySelector(".lsal-small-now").textContent, { ...style, x: WIDE - 2, y: 11, "text-anchor": "end" });
    const given = words(one.querySelector("figcaption").textContent, { ...style, x: 2, y: HIGH + 28 });
    for (const [key, value] of Object.entries({ y: 15, width: WIDE, height: HIGH })) svg.setAttribute(key, value);
    const whole = draw("svg", { viewBox: `0 0 ${WIDE} ${HIGH + 32}` }, label, now, svg, given);
    return { svg: whole, width: WIDE, height: HIGH + 32 };
  });
  return composed(view.root, view.title.firstChild.textContent, parts, [view.note.textContent], 4 * (WIDE + 16) + 32);
}
