// What the learning curve says in words: legend, notes, one version, the whole.

const STATES = {
  live: "live version",
  earlier: "earlier version",
  held: "held back: clearly worse",
  "rolled back": "rolled back",
  warned: "biased: not measured on a random draw",
};
const share = (metric) => /^accuracy/.test(metric);
const told = (metric, value) => (share(metric) ? (100 * value).toFixed(1) : value.toFixed(3));

function measuredOn(points) {
  const sound = points.filter((point) => !point.warning);
  if (!sound.length) return "measured on no random draw: biased";
  const counts = sound.map((point) => point.tasks);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const tasks = "tasks of the fixed random order, never trained on";
  if (most === 1 && least === 1) return `measured on 1 ${tasks.replace("tasks", "task")}`;
  return `measured on ${least === most ? most : `${least} to ${most}`} ${tasks}`;
}

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
