// The training strip: what runs now, its curves and the end of its log; below, what became of the last jobs.
// Logs and errors are hostile text: all of it goes in by textContent. What is unfolded is kept by the kernel.

const EMPTY = "No job has run yet. Press Re-rank for a first batch, label it in Label Studio, then press Round.";

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
