// The learning curve: any figure of the versions by what labels cost, with intervals, a random order and a forecast.
// What became of a version is told by shape and words: live, earlier, held back, rolled back, or not to be trusted.

const BOX = { left: 62, right: 20, top: 16, bottom: 46 };
const STATES = {
  live: "live version",
  earlier: "earlier version",
  held: "held back: clearly worse",
  "rolled back": "rolled back",
  warned: "biased: not measured on a random draw",
};

// Versions for other labels than today's are on a line of their own.
const lineOf = (point) => point.line || point.control;
const colourOf = (place) => `lsal-curve-control-${place % 4}`;
const share = (metric) => /^accuracy/.test(metric);
const told = (metric, value) => (share(metric) ? (100 * value).toFixed(1) : value.toFixed(3));

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

function measuredOn(points) {
  const sound = points.filter((point) => !point.warning);
  if (!sound.length) return "measured on no random draw: biased";
  const counts = sound.map((point) => point.tasks);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const tasks = "tasks of the fixed random order, never trained on";
  if (most === 1 && least === 1) return `measured on 1 ${tasks.replace("tasks", "task")}`;
  return `measured on ${least === most ? most : `${least} to ${most}`} ${tasks}`;
}

// --- the drawing -------------------------------------------------------------------

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

function band(group, { x, y }, points, name = "lsal-curve-band") {
  const known = points.filter((point) => point.interval);
  if (known.length < 2) return;
  const upper = known.map((p) => `${x(p.x)},${y(p.interval[1])}`);
  const lower = known.map((p) => `${x(p.x)},${y(p.interval[0])}`).reverse();
  group.append(draw("polygon", { class: name, points: [...upper, ...lower].join(" ") }));
}

function path(group, { x, y }, points, name) {
  group.append(draw("polyline", { class: name, points: points.map((p) => `${x(p.x)},${y(p.value)}`).join(" ") }));
}

const onLine = (point) => !point.warning && (point.state === "live" || point.state === "earlier");

function line(group, scale, points) {
  const joined = points.filter(onLine);
  if (joined.length < 2) return;
  band(group, scale, joined);
  path(group, scale, joined, "lsal-curve-line");
}

function random(svg, scale, shadow) {
  const points = shadow.labels.map((labels, place) => ({
    ...{ x: labels, value: shadow.values[place], interval: [shadow.low[place], shadow.high[place]] },
  }));
  band(svg, scale, points, "lsal-curve-random-band");
  path(svg, scale, points, "lsal-curve-random");
}

function forecast(group, scale, one) {
  const points = one.steps.map((step) => ({ ...step, x: step.labels }));
  points.unshift({ x: one.labels, value: one.value, interval: one.now });
  band(group, scale, points, "lsal-curve-ahead-band");
  path(group, scale, points, "lsal-curve-ahead");
}

function mark(point, { x, y }) {
  const [cx, cy] = [x(point.x), y(point.value)];
  const made = keysOf(draw("g", { "data-version": point.version, tabindex: -1, role: "img" }));
  made.setAttribute("aria-label", described(point).join(", "));
  if (point.interval && !onLine(point)) {
    const [top, bottom] = [y(point.interval[1]), y(point.interval[0])];
    made.append(draw("line", { class: "lsal-curve-whisker", x1: cx, x2: cx, y1: top, y2: bottom }));
  }
  made.append(draw("circle", { class: "lsal-curve-reach", cx, cy, r: 13 }), ...shape(point, cx, cy));
  if (point.live) made.append(words(`v${point.version}`, { x: cx, y: cy - 14, "text-anchor": "middle", class: "lsal-curve-name" }));
  return made;
}

// Live is a dot in a ring, earlier a dot, held a hollow diamond, rolled back a hollow square, biased a triangle.
function shape({ state, warning }, cx, cy) {
  if (warning) {
    const sign = words("!", { x: cx, y: cy + 5, "text-anchor": "middle", class: "lsal-curve-sign" });
    return [draw("path", { class: "lsal-curve-warned", d: `M${cx} ${cy - 8}l8.5 15h-17z` }), sign];
  }
  if (state === "held") return [draw("path", { class: "lsal-curve-held", d: `M${cx} ${cy - 7}l7 7l-7 7l-7 -7z` })];
  if (state === "rolled back") {
    return [draw("path", { class: "lsal-curve-back", d: `M${cx - 5.5} ${cy - 5.5}h11v11h-11z` })];
  }
  const dot = draw("circle", { class: "lsal-curve-dot", cx, cy, r: 4 });
  return state === "live" ? [draw("circle", { class: "lsal-curve-live", cx, cy, r: 8 }), dot] : [dot];
}

function scales({ points, ahead, random }, wide) {
  const coming = ahead.flatMap((one) => one.steps);
  const most = Math.max(1, ...points.map((p) => p.x), ...coming.map((s) => s.labels), ...(random?.labels ?? []));
  const values = [...points, ...coming].flatMap((one) => [one.value, ...(one.interval ?? [])]);
  values.push(...ahead.flatMap((one) => one.now), ...(random ? [...random.low, ...random.high] : []));
  const { low, high, step } = spanned(values);
  const [width, height] = [wide, Math.round(Math.min(340, Math.max(250, 0.4 * wide)))];
  const stepX = nice(most / Math.max(4, Math.floor(width / 110)));
  const right = Math.ceil(most / stepX) * stepX;
  const [w, h] = [width - BOX.left - BOX.right, height - BOX.top - BOX.bottom];
  return {
    ...{ width, height },
    x: (labels) => round(BOX.left + (w * labels) / right),
    y: (value) => round(BOX.top + (h * (high - value)) / (high - low)),
    ticksX: steps(0, right, stepX),
    ticksY: steps(low, high, step),
  };
}

// Round ends around the values: never outside of 0 to 1, where all these figures lie.
function spanned(values) {
  let [low, high] = [Math.max(0, Math.min(...values)), Math.min(1, Math.max(...values))];
  if (high - low < 0.08) [low, high] = [Math.max(0, low - 0.04), Math.min(1, high + 0.04)];
  const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((one) => (high - low) / one <= 6) ?? 0.2;
  return { step, low: Math.floor(low / step + 1e-6) * step, high: Math.min(1, Math.ceil(high / step - 1e-6) * step) };
}

function axes(svg, { x, y, ticksX, ticksY, width, height }, { metric, unit, lower }) {
  const [end, foot] = [width - BOX.right, height - BOX.bottom];
  for (const tick of ticksY) {
    svg.append(draw("line", { class: "lsal-curve-grid", x1: BOX.left, x2: end, y1: y(tick), y2: y(tick) }));
    const text = share(metric) ? `${Math.round(tick * 100)} %` : tick.toFixed(2);
    svg.append(words(text, { x: BOX.left - 8, y: y(tick) + 4, "text-anchor": "end" }));
  }
  for (const tick of ticksX) {
    svg.append(draw("line", { class: "lsal-curve-axis", x1: x(tick), x2: x(tick), y1: foot, y2: foot + 4 }));
    svg.append(words(tick.toLocaleString("en"), { x: x(tick), y: foot + 18, "text-anchor": "middle" }));
  }
  svg.append(draw("line", { class: "lsal-curve-axis", x1: BOX.left, x2: end, y1: foot, y2: foot }));
  svg.append(words(unit.says, { x: (BOX.left + end) / 2, y: height - 8, "text-anchor": "middle" }));
  const [middle, name] = [(BOX.top + foot) / 2, lower ? `${metric} (lower is better)` : metric];
  svg.append(words(name, { transform: `translate(14 ${middle}) rotate(-90)`, "text-anchor": "middle" }));
}

// --- words -------------------------------------------------------------------------

function legend({ points, lines, ahead, random }) {
  const items = [];
  const add = (text, name, ...shapes) => {
    const svg = draw("svg", { viewBox: "0 0 26 18", class: name, "aria-hidden": "true" }, ...shapes);
    items.push({ svg, text });
  };
  const rule = (name) => draw("line", { class: name, x1: 1, x2: 25, y1: 9, y2: 9 });
  const patch = (name) => draw("rect", { class: name, x: 1, y: 3, width: 24, height: 12 });
  if (lines.length > 1) lines.forEach((name, place) => add(name, colourOf(place), rule("lsal-curve-line")));
  for (const [state, text] of Object.entries(STATES)) {
    const warning = state === "warned";
    if (!points.some((p) => (p.warning ? warning : p.state === state))) continue;
    const joined = state === "live" || state === "earlier";
    add(text, colourOf(0), ...(joined ? [rule("lsal-curve-line")] : []), ...shape({ state, warning }, 13, 9));
  }
  if (points.some((p) => p.interval)) add("95 % interval", colourOf(0), patch("lsal-curve-band"));
  if (ahead.length) add("forecast, 90 % interval", colourOf(0), patch("lsal-curve-ahead-band"), rule("lsal-curve-ahead"));
  if (random) add("random order, replayed", "", patch("lsal-curve-random-band"), rule("lsal-curve-random"));
  return items;
}

// Sentences under the drawing; those with `warned` begin with a sign.
function notes(model, { points, metric, unit, ahead, random }) {
  const found = [];
  const says = (text, warned = false) => text && found.push({ text, warned });
  for (const one of model.get("ahead")) {
    const before = model.get("ahead").length > 1 ? `${one.control}: ` : "";
    if (ahead.includes(one) || !one.steps.length) for (const text of one.says) says(before + text);
    else says(`${before}The forecast is of ${one.metric} by labels.`);
  }
  const biased = points.filter((point) => point.warning);
  if (biased.length) says(`${capital(versions(biased))}: ${biased[0].warning}.`, true);
  if (random) {
    says(`${random.says ? `${random.says}. ` : ""}Random order: ${random.measured_on}.`);
    says(`${capital(random.warning)}.`, true);
  }
  const alone = points.filter((point) => !point.interval);
  if (alone.length) says(`No interval is known for ${metric} of ${versions(alone)}.`);
  return found;
}

function said({ text, warned }) {
  const line = make("p", warned ? "lsal-curve-note lsal-curve-warning" : "lsal-curve-note", text);
  if (warned) line.prepend(draw("svg", { viewBox: "0 0 20 18", "aria-hidden": "true" }, ...shape({ warning: "!" }, 10, 9)));
  return line;
}

const versions = (points) =>
  `${points.length > 1 ? "versions" : "version"} ${points.map((point) => point.version).join(", ")}`;

// A name that has capitals of its own, such as mAP50, stays as it is.
const capital = (text) => (text === text.toLowerCase() ? text.charAt(0).toUpperCase() + text.slice(1) : text);

function described(point) {
  const metric = point.shownMetric ?? point.metric;
  const spread = point.interval && `95 % interval ${point.interval.map((end) => told(metric, end)).join(" to ")}`;
  const value = share(metric) ? `${told(metric, point.value)} % right` : `${metric} ${told(metric, point.value)}`;
  const costs = Object.entries(point.costs).filter(([name]) => name !== "labels");
  const paid = costs.map(([name, count]) => `${count.toLocaleString("en")} ${COSTS[name]}`);
  return [
    `Version ${point.version} of ${point.control}, ${point.state === "held" ? "held back" : point.state}`,
    [value, spread && (share(metric) ? `${spread} %` : spread)].filter(Boolean).join(", "),
    `${[`${point.labels} labels`, ...paid].join(", ")}; on ${point.tasks} ${point.tasks === 1 ? "task" : "tasks"}`,
    point.back || point.reason,
    point.warning && `Biased: ${point.warning}`,
  ].filter(Boolean);
}

const COSTS = { regions: "regions drawn", entities: "entities marked", tokens: "words read" };

const spoken = ({ points, metric }) =>
  `Learning curve, ${metric}, ${measuredOn(points)}, ${points.length} versions. Arrow keys go from one to the next.`;

// --- pointer and keys --------------------------------------------------------------

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
