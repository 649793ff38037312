// The learning curve: any figure of the versions by what labels cost, with intervals, a random order and a forecast.
// What became of a version is told by shape and words: live, earlier, held back, rolled back, or not to be trusted.

export default { render };

function render({ model, el }) {
  const view = frame(model);
  el.append(view.root);
  const redraw = () => update(model, view);
  model.on("change:points", redraw);
  model.on("change:metrics", redraw);
  model.on("change:units", redraw);
  model.on("change:metric", redraw);
  model.on("change:unit", redraw);
  model.on("change:shadow", redraw);
  model.on("change:ahead", redraw);
  model.on("change:target", redraw);
  model.on("change:empty", redraw);
  redraw();
  const watch = new ResizeObserver(() => widthOf(view) !== view.width && redraw());
  watch.observe(view.plot);
  return () => watch.disconnect();
}

// The parts that stay, so that whoever is in one of them is not thrown out when something new comes.
function frame(model) {
  const view = {};
  view.title = make("div", "lsal-curve-title");
  view.metric = choice("Metric", (value) => (model.set("metric", value), model.save_changes()));
  view.unit = choice("By", (value) => (model.set("unit", value), model.save_changes()));
  view.target = goal((value) => (model.set("target", value), model.save_changes()));
  view.saves = saving(() => `learning-curve-${view.shown.metric}`, () => picture(view));
  view.bar = make("div", "lsal-curve-bar", view.metric.label, view.unit.label, view.target.label, view.saves);
  view.head = make("div", "lsal-curve-head", view.title, view.bar);
  view.tip = make("div", "lsal-curve-tip");
  view.tip.setAttribute("role", "status");
  view.plot = make("div", "lsal-curve-frame", view.tip);
  view.legend = make("div", "lsal-curve-legend");
  view.notes = make("div", "lsal-curve-notes");
  view.root = make("div", "lsal-curve", view.head, view.plot, view.legend, view.notes);
  return view;
}

function choice(name, chosen) {
  const select = keysOf(make("select", "lsal-curve-select"));
  select.addEventListener("change", () => chosen(select.value));
  return { select, label: make("label", "lsal-curve-choice", name, select) };
}

function offer({ select, label }, options, value) {
  const known = JSON.stringify(options);
  if (select.dataset.known !== known) {
    select.dataset.known = known;
    select.replaceChildren(...options.map(([name, says, title]) => Object.assign(new Option(says, name), { title })));
  }
  select.value = value;
  label.hidden = options.length < 2;
}

function goal(chosen) {
  const input = keysOf(make("input", "lsal-curve-goal"));
  Object.assign(input, { type: "number", min: 0, max: 1, step: 0.01, placeholder: "next" });
  input.title = "How many more labels does this figure need? Empty: the next round one";
  let [waiting, last] = [0, ""];
  const settle = () => {
    if (input.value !== last) chosen(Math.min(1, Math.max(0, Number(input.value) || 0)));
    last = input.value;
  };
  // Not every Enter in a notebook arrives: a pause in typing does as well.
  input.addEventListener("input", () => (clearTimeout(waiting), (waiting = setTimeout(settle, 600))));
  input.addEventListener("change", settle);
  return { input, label: make("label", "lsal-curve-choice", "Target", input) };
}

function update(model, view) {
  const shown = choose(model);
  view.shown = shown;
  const [empty, focused] = [!shown.points.length, view.root.getRootNode().activeElement?.dataset?.version];
  view.bar.hidden = view.legend.hidden = empty;
  view.plot.replaceChildren();
  view.notes.replaceChildren();
  if (empty) {
    view.title.replaceChildren("Learning curve");
    view.plot.append(make("div", "lsal-curve-empty", model.get("empty")));
    return;
  }
  heading(model, view, shown);
  view.width = widthOf(view) || 700;
  view.svg = drawing(shown, view);
  view.plot.append(view.svg, view.tip);
  view.legend.replaceChildren(...legend(shown).map(({ svg, text }) => make("span", "lsal-curve-item", svg, text)));
  view.notes.append(...notes(model, shown).map(said));
  if (focused) view.svg.querySelector(`[data-version="${CSS.escape(focused)}"]`)?.focus();
}

// What is shown: the chosen figure of each version that has it, over the chosen cost.
function choose(model) {
  const all = model.get("points");
  const names = new Set(all.flatMap((point) => Object.keys(point.figures)));
  const main = all.findLast((point) => point.figures[point.metric])?.metric ?? "accuracy";
  const metric = names.has(model.get("metric")) ? model.get("metric") : main;
  const units = model.get("units");
  const unit = units.find(({ name }) => name === model.get("unit")) ?? { name: "labels", says: "labels" };
  const points = all
    .filter((point) => point.figures[metric])
    .map((point) => ({ ...point, ...point.figures[metric], x: point.costs[unit.name] ?? point.labels }));
  const lines = [...new Set(points.map(lineOf))];
  const plain = unit.name === "labels";
  const ahead = plain ? model.get("ahead").filter((one) => one.metric === metric && one.steps.length) : [];
  const shadow = model.get("shadow");
  const lower = model.get("metrics").some((one) => one.name === metric && one.lower);
  const random = plain && shadow.metric === metric && lines.includes(shadow.control) ? shadow : null;
  return { points, metric, unit, lines, ahead, lower, random };
}

function heading(model, view, { points, metric, unit, lower }) {
  const metrics = model.get("metrics");
  const known = metrics.length ? metrics : [{ name: metric, tells: "" }];
  const direction = ({ lower }) => (lower ? " (lower is better)" : "");
  offer(view.metric, known.map((one) => [one.name, one.name + direction(one), one.tells]), metric);
  offer(view.unit, model.get("units").map(({ name, says }) => [name, says]), unit.name);
  if (view.target.input !== view.root.getRootNode().activeElement) view.target.input.value = model.get("target") || "";
  view.target.label.hidden = !model.get("ahead").length;
  const title = `${capital(metric)} by ${unit.says}${lower ? ", lower is better" : ""}`;
  view.title.replaceChildren(title, make("span", "lsal-curve-measured", measuredOn(points)));
}

const widthOf = ({ plot }) => plot.clientWidth && Math.min(1060, Math.max(340, plot.clientWidth));

function drawing(shown, view) {
  const scale = scales(shown, view.width);
  const svg = draw("svg", { viewBox: `0 0 ${scale.width} ${scale.height}`, role: "group" });
  svg.setAttribute("aria-label", spoken(shown));
  axes(svg, scale, shown);
  if (shown.random) random(svg, scale, shown.random);
  shown.lines.forEach((name, place) => {
    const group = draw("g", { class: colourOf(place) });
    const mine = shown.points.filter((point) => lineOf(point) === name).sort((a, b) => a.x - b.x);
    for (const one of shown.ahead) if (one.control === name) forecast(group, scale, one);
    line(group, scale, mine);
    group.append(...mine.map((point) => mark(point, scale)));
    svg.append(group);
  });
  hovering(svg, view, shown, scale);
  return svg;
}

function hovering(svg, view, shown, { x, y, width, height }) {
  const marks = [...svg.querySelectorAll("[data-version]")];
  const known = new Map(shown.points.map((point) => [String(point.version), point]));
  const order = marks.sort((a, b) => known.get(a.dataset.version).x - known.get(b.dataset.version).x);
  const hide = () => view.tip.classList.remove("lsal-curve-shown");
  order.forEach((element, place) => {
    const point = { ...known.get(element.dataset.version), shownMetric: shown.metric };
    element.setAttribute("aria-label", described(point).join(", "));
    const show = () => tell(view.tip, described(point), x(point.x) / width, y(point.value) / height);
    for (const event of ["pointerenter", "focus"]) element.addEventListener(event, show);
    for (const event of ["pointerleave", "blur"]) element.addEventListener(event, hide);
    element.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === "Escape") hide();
      const next = step && order[place + step];
      if (!next) return;
      event.preventDefault();
      event.stopPropagation();
      next.focus();
    });
  });
  (order.findLast((one) => known.get(one.dataset.version).live) ?? order.at(-1))?.setAttribute("tabindex", 0);
}

function tell(tip, lines, left, top) {
  tip.replaceChildren(...lines.map((text, place) => make(place ? "div" : "strong", "", text)));
  tip.style.left = left > 0.6 ? "" : `calc(${100 * left}% + 14px)`;
  tip.style.right = left > 0.6 ? `calc(${100 - 100 * left}% + 14px)` : "";
  tip.style.top = top > 0.55 ? "" : `${100 * top}%`;
  tip.style.bottom = top > 0.55 ? `${100 - 100 * top}%` : "";
  tip.classList.add("lsal-curve-shown");
}

// The chart with its title, legend and sentences, as one drawing.
function picture(view) {
  const [, , width, height] = view.svg.getAttribute("viewBox").split(" ").map(Number);
  const items = [...view.legend.children].map((item) => ({
    ...{ svg: item.querySelector("svg"), width: 26, height: 18, text: item.lastChild.textContent },
  }));
  const [title, measured] = [...view.title.childNodes].map((node) => node.textContent);
  const lines = [...view.notes.children].map((note) => note.lastChild.textContent);
  return composed(view.root, title, [{ svg: view.svg, width, height }, ...items], [capital(measured), ...lines], width + 32);
}
