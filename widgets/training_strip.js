// The training strip: what runs now, its curves and the end of its log; below, what became of the last jobs.
// Logs and errors are hostile text: all of it goes in by textContent. What is unfolded is kept by the kernel.

const MARKS = { done: "\u2713", failed: "\u2715", cancelled: "\u25a0", lost: "?" };
const EMPTY = "No job has run yet. Press Re-rank for a first batch, label it in Label Studio, then press Round.";
const [PLOT_WIDTH, PLOT_HEIGHT] = [240, 64];

export default { render };

function render({ model, el }) {
  const root = make("div", "lsal-strip");
  const spoken = make("div", "lsal-strip-spoken");
  spoken.setAttribute("role", "status");
  const live = running(model);
  const charts = make("div", "lsal-strip-charts");
  live.body.append(charts);
  const past = make("div", "lsal-strip-past");
  root.append(spoken, live.root, past);
  el.append(root);

  const now = () => {
    showNow(model, live, spoken);
    if (!model.get("past").length) list();
  };
  const curves = () => charts.replaceChildren(...model.get("charts").map(chart));
  const log = () => showLog(live, model.get("lines"));
  const list = () => keepingFocus(past, () => past.replaceChildren(...history(model)));
  const opened = () => {
    const names = model.get("opened");
    for (const each of root.querySelectorAll("details[data-name]")) each.open = names.includes(each.dataset.name);
    list();
  };
  model.on("change:now", now);
  model.on("change:charts", curves);
  model.on("change:lines", log);
  model.on("change:past", list);
  model.on("change:opened", opened);
  for (const show of [now, curves, log, list]) show();
}

// --- what runs now -------------------------------------------------------------------

function running(model) {
  const parts = { root: make("section", "lsal-strip-now"), body: make("div", "lsal-strip-body") };
  parts.root.setAttribute("aria-label", "Running job");
  for (const name of ["act", "state", "by", "clock", "step", "detail", "pace", "left", "gpu"]) {
    parts[name] = make("span", `lsal-strip-${name}`);
  }
  parts.bar = make("div", "lsal-strip-bar");
  parts.bar.setAttribute("role", "progressbar");
  parts.bar.setAttribute("aria-valuemin", "0");
  parts.bar.setAttribute("aria-valuemax", "100");
  parts.memory = meter();
  const head = make("div", "lsal-strip-head", parts.act, parts.state, parts.by, parts.clock);
  const figures = make("div", "lsal-strip-line", parts.pace, parts.left);
  const memory = make("div", "lsal-strip-line lsal-strip-memory", parts.gpu, parts.memory);
  const where = make("div", "lsal-strip-line lsal-strip-where", parts.step, parts.detail);
  parts.body.append(make("div", "lsal-strip-facts", where, parts.bar, figures, memory));
  parts.log = make("pre", "lsal-strip-log");
  parts.fold = folded(model, "log", "Log", scrolling(parts.log, "End of the job's log"));
  parts.root.append(head, parts.body, parts.fold);
  return parts;
}

function showNow(model, parts, spoken) {
  const now = model.get("now");
  parts.root.hidden = !now.id;
  if (!now.id) return;
  const said = `${now.act} ${now.state}, ${now.by}`;
  if (spoken.textContent !== said) spoken.textContent = said;
  parts.root.dataset.state = now.state;
  parts.root.classList.toggle("lsal-strip-trains", now.trains);
  for (const name of ["act", "state", "clock", "detail", "pace", "left"]) tell(parts[name], now[name]);
  tell(parts.by, `${now.by}, since ${now.started}`);
  const place = now.place ? `: ${now.place}` : "";
  tell(parts.step, now.step ? `Step ${now.number} of ${now.of}, ${now.step}${place}` : "Starting");
  bar(parts.bar, now);
  parts.gpu.parentElement.hidden = !now.gpu;
  if (now.gpu) {
    tell(parts.gpu, `${now.gpu.name}: ${now.gpu.words}`);
    parts.memory.firstChild.style.width = `${100 * now.gpu.share}%`;
  }
}

// A cell for each step: those that are over are full, the present one as far as it is.
function bar(element, now) {
  const cells = Math.max(1, now.of);
  if (element.childElementCount !== cells) {
    element.replaceChildren(...Array.from({ length: cells }, meter));
  }
  [...element.children].forEach((cell, place) => {
    const part = Math.min(1, Math.max(0, now.share * cells - place));
    cell.firstChild.style.width = `${Math.round(1000 * part) / 10}%`;
  });
  element.setAttribute("aria-valuenow", String(Math.round(100 * now.share)));
  element.setAttribute("aria-label", `${now.act}, ${now.step || "starting"}`);
}

function meter() {
  return make("span", "lsal-strip-meter", make("span", "lsal-strip-filled"));
}

function showLog(parts, lines) {
  const text = lines.join("\n");
  parts.fold.hidden = !lines.length;
  if (parts.log.textContent === text) return;
  const { log } = parts;
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  log.textContent = text;
  if (atEnd) log.scrollTop = log.scrollHeight;
}

// --- curves --------------------------------------------------------------------------

function chart(data) {
  const title = make("div", "lsal-strip-title", make("strong", "", data.title));
  const of = [data.control && `of ${data.control}`, data.on && `on ${data.on}`].filter(Boolean).join(", ");
  if (of) title.append(make("span", "", of));
  title.title = title.textContent;
  const key = make("div", "lsal-strip-key", ...data.lines.map(keyOf));
  const scale = scales(data);
  const plot = draw("svg", {
    viewBox: `0 0 ${PLOT_WIDTH} ${PLOT_HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": aloud(data),
  });
  data.lines.forEach(({ points }, place) => plot.append(...lineOf(points, place, scale)));
  const frame = make("div", "lsal-strip-plot", plot);
  frame.append(make("span", "lsal-strip-top", figure(scale.top)), make("span", "lsal-strip-foot", figure(scale.foot)));
  const axis = make("div", "lsal-strip-axis", make("span", "", "0"), make("span", "", data.unit), end(scale));
  const made = make("div", "lsal-strip-chart", title, key, frame, axis);
  follow(frame, key, data, scale);
  return made;
}

function keyOf({ label, points }, place) {
  const sample = draw("svg", { viewBox: "0 0 18 8", "aria-hidden": "true", class: `lsal-strip-series-${place}` });
  sample.append(draw("path", { class: "lsal-strip-curve", d: "M1 4H17" }));
  return make("div", "", sample, make("span", "", label), make("b", "", figure(points.at(-1)[1])));
}

function lineOf(points, place, { x, y }) {
  const path = points.map(([at, value], n) => `${n ? "L" : "M"}${x(at)} ${y(value)}`).join("");
  const group = draw("g", { class: `lsal-strip-series-${place}` });
  group.append(draw("path", { class: "lsal-strip-curve", d: path }));
  // A stroke without a length is a dot, which stays round however the plot is stretched.
  const [at, value] = points.at(-1);
  group.append(draw("path", { class: "lsal-strip-dot", d: `M${x(at)} ${y(value)}h0` }));
  return [group];
}

// The axis reaches as far as the training will only once it is well on its way there: before, it grows in round steps.
function scales({ lines, total, share: whole }) {
  const points = lines.flatMap((line) => line.points);
  const last = Math.max(...points.map(([at]) => at));
  const right = Math.max(last, Math.min(total || Infinity, nice(1.3 * last))) || 1;
  const values = points.map(([, value]) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const share = whole && least >= 0 && most <= 1;
  const top = share ? 1 : most > 0 ? most * 1.02 : 1;
  const foot = share || (least >= 0 && least < most / 2) ? 0 : least - 0.1 * (most - least || Math.abs(most) || 1);
  return {
    top,
    foot,
    right,
    x: (at) => round((PLOT_WIDTH * at) / right),
    y: (value) => round(2 + ((PLOT_HEIGHT - 4) * (top - value)) / (top - foot)),
  };
}

const end = ({ right }) => make("span", "", Math.round(right).toLocaleString("en"));

// The values under the pointer, in the key.
function follow(frame, key, data, { right }) {
  const rule = make("span", "lsal-strip-rule");
  frame.append(rule);
  const told = (at) =>
    data.lines.forEach(({ points }, place) => {
      const [, value] = at === null ? points.at(-1) : nearest(points, at);
      key.children[place].querySelector("b").textContent = figure(value);
    });
  frame.addEventListener("pointermove", (event) => {
    const box = frame.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    rule.style.left = `${100 * share}%`;
    rule.hidden = false;
    told(share * right);
  });
  frame.addEventListener("pointerleave", () => {
    rule.hidden = true;
    told(null);
  });
  rule.hidden = true;
}

function nearest(points, at) {
  return points.reduce((best, point) => (Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best));
}

function figure(value) {
  if (value === 0 || value === 1) return String(value);
  const size = Math.abs(value);
  return size >= 1000 || size < 0.001 ? value.toPrecision(3) : value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 3);
}

function aloud({ title, on, unit, lines }) {
  const told = lines.map(({ label, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return `${label} from ${figure(first[1])} to ${figure(last[1])} at ${unit} ${round(last[0])}`;
  });
  return `${title}${on ? ` on ${on}` : ""}: ${told.join("; ")}`;
}

// --- the last jobs -------------------------------------------------------------------

function history(model) {
  const jobs = model.get("past");
  if (!jobs.length) return model.get("now").id ? [] : [make("div", "lsal-strip-empty", EMPTY)];
  const shown = model.get("opened").includes("past");
  const button = make("button", "lsal-strip-fold", jobs.length > 1 ? `Last ${jobs.length} jobs` : "Last job");
  button.type = "button";
  button.dataset.focus = "past";
  button.setAttribute("aria-expanded", String(shown));
  button.addEventListener("click", () => unfold(model, "past", !model.get("opened").includes("past")));
  if (!shown) return [make("div", "lsal-strip-folded", button, ...summary(jobs[0]))];
  const list = make("ul", "lsal-strip-jobs", ...jobs.map((job) => make("li", "", entry(model, job))));
  return [button, list];
}

function entry(model, job) {
  const more = make("div", "lsal-strip-more");
  if (job.error && job.error !== job.said) more.append(make("p", "lsal-strip-error", job.error));
  if (job.fix) more.append(make("p", "", make("b", "", "Next: "), job.fix));
  if (job.charts.length) more.append(make("div", "lsal-strip-charts", ...job.charts.map(chart)));
  const log = make("pre", "lsal-strip-log", job.log.join("\n") || "It wrote nothing into its log.");
  more.append(scrolling(log, `End of the log of ${job.act}, ${job.when}`));
  more.append(make("p", "lsal-strip-id", `Job ${job.id}`));
  const made = folded(model, job.id, "", more);
  made.dataset.state = job.state;
  made.firstChild.dataset.focus = job.id;
  made.firstChild.append(...summary(job));
  return made;
}

function summary(job) {
  const mark = make("span", "lsal-strip-mark", MARKS[job.state] ?? "?");
  mark.setAttribute("aria-hidden", "true");
  mark.dataset.state = job.state;
  const cells = [
    make("span", "lsal-strip-name", mark, make("b", "", job.act)),
    make("span", "lsal-strip-ended", job.state),
    make("span", "lsal-strip-when", `${job.when}, ${job.by}`),
    make("span", "lsal-strip-took", job.took),
    make("span", "lsal-strip-said", job.said),
  ];
  cells.at(-1).title = job.said;
  return cells;
}

// --- small parts ---------------------------------------------------------------------

function folded(model, name, text, content) {
  const made = make("details", "", make("summary", "", text), content);
  made.dataset.name = name;
  made.open = model.get("opened").includes(name);
  made.addEventListener("toggle", () => unfold(model, name, made.open));
  return made;
}

function unfold(model, name, open) {
  const names = model.get("opened");
  if (names.includes(name) === open) return;
  model.set("opened", open ? [...names, name] : names.filter((one) => one !== name));
  model.save_changes();
}

function scrolling(element, label) {
  element.tabIndex = 0;
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", label);
  return element;
}

// A list that is drawn again must not take the focus from where a person is.
function keepingFocus(root, show) {
  const name = root.contains(document.activeElement) ? document.activeElement.dataset.focus : "";
  show();
  if (name) [...root.querySelectorAll("[data-focus]")].find((one) => one.dataset.focus === name)?.focus();
}

function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
