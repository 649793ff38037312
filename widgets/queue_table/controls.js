// What stands around the queue's table: which tasks are shown, and what can be done with those that are ticked.

const DOUBTS = {
  "": "any doubt",
  "most 5": "most doubtful 5 %",
  "most 25": "most doubtful 25 %",
  "least 25": "least doubtful 25 %",
  "least 5": "least doubtful 5 %",
};
const ACTS = {
  pin: ["Pin first", "Put these tasks at the head of the next batch"],
  push_last: ["Push last", "Let these tasks wait until no other is left"],
  exclude: ["Exclude", "Leave these tasks out of every batch, until they are given back"],
  give_back: ["Give back", "Undo: let these tasks take the place that their doubt gives them"],
};
const TYPING_MS = 250;

const count = (number) => number.toLocaleString("en");
const many = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

// Two buttons of which one is pressed, and the filters. `ask(changes)` changes what is wished.
function filters(ask, clear) {
  const batch = button("Batch", "Only the tasks of the published batch", () => ask({ batch: true }));
  const pool = button("Whole pool", "The batch, then all other open tasks by doubt", () => ask({ batch: false }));
  const text = field("search", "Find in the tasks", "Words in a task, or its number");
  const label = field("text", "Class", "Guessed class: choose one, or write a part of its name");
  const names = make("datalist");
  names.id = `lsal-classes-${Math.random().toString(36).slice(2)}`;
  label.setAttribute("list", names.id);
  const doubt = choice("Doubt", (value) => ask({ doubt: value }));
  const cluster = choice("Group", (value) => ask({ cluster: Number(value) }));
  const mark = choice("Mark", (value) => ask({ mark: value }));
  typed(text, (value) => ask({ text: value }));
  typed(label, (value) => ask({ label: value }));
  const chip = button("", "Show all tasks again", clear);
  chip.className = "lsal-queue-chip";
  const sides = make("div", "lsal-queue-switch", batch, pool);
  sides.setAttribute("role", "group");
  sides.setAttribute("aria-label", "Which tasks");
  const row = make("div", "lsal-queue-filters", sides, text, label, names, doubt, cluster, mark, chip);
  return { row, batch, pool, text, label, names, doubt, cluster, mark, chip };
}

function showFilters(parts, told, wish) {
  press(parts.batch, `Batch ${count(told.batch)}`, wish.batch);
  press(parts.pool, `Whole pool ${count(told.all)}`, !wish.batch);
  for (const name of ["text", "label"]) {
    const busy = document.activeElement === parts[name] || parts[name].dataset.typing;
    if (!busy) parts[name].value = wish[name] ?? "";
  }
  parts.label.hidden = !told.classes.length && !wish.label;
  fillOptions(parts.names, told.classes.map(([name, times]) => [name, count(times)]), null);
  const groups = told.clusters.map((size, place) => [String(place), `group ${place + 1} (${count(size)})`]);
  const marked = Object.entries(told.marks).map(([name, times]) => [name, `${name} (${count(times)})`]);
  fillOptions(parts.doubt, told.doubts ? Object.entries(DOUBTS) : [], wish.doubt ?? "");
  fillOptions(parts.cluster, groups.length ? [["-1", "any group"], ...groups] : [], String(wish.cluster ?? -1));
  fillOptions(parts.mark, marked.length ? [["", "any mark"], ...marked] : [], wish.mark ?? "");
  parts.chip.hidden = !told.only;
  if (told.only) parts.chip.replaceChildren(`${told.only.why}, ${many(told.only.count, "task")} `, cross());
}

function cross() {
  const made = make("span", "", "\u00d7");
  made.setAttribute("aria-hidden", "true");
  return made;
}

// What can be done with the ticked tasks, and that it is done with the next ranking.
function actions(act) {
  const chosen = make("span", "lsal-queue-chosen");
  chosen.setAttribute("role", "status");
  const buttons = Object.entries(ACTS).map(([name, [title, meaning]]) => {
    const made = button(title, meaning, () => act(name));
    made.dataset.meaning = meaning;
    return made;
  });
  const none = button("Untick", "Tick no task any more", () => act("untick"));
  const later = make("span", "lsal-queue-later");
  const rank = button("Re-rank", "Rank again now, with all that was pinned, pushed last or excluded", () => act("rank"));
  const row = make("div", "lsal-queue-actions", chosen, ...buttons, none, later, rank);
  return { row, chosen, buttons, none, later, rank };
}

function showActions(parts, { ticked, current, pending, no }) {
  const what = ticked.count ? many(ticked.count, "task") : current ? `task ${current}` : "";
  const hidden = ticked.hidden ? `, ${count(ticked.hidden)} of them not in sight` : "";
  const kept = ticked.kept ? `, of which ${count(ticked.kept)} for measuring: nothing is done with those` : "";
  parts.chosen.textContent = ticked.count ? `${what} ticked${hidden}${kept}` : current ? `Task ${current}` : "No task chosen";
  for (const made of parts.buttons) {
    const why = no || (what ? "" : "choose a task first");
    made.disabled = Boolean(why);
    made.title = why ? `Not now: ${why}` : `${made.dataset.meaning} (${what})`;
  }
  parts.none.disabled = !ticked.count;
  parts.later.textContent = pending;
  parts.rank.hidden = !pending;
  parts.rank.disabled = Boolean(no);
}

// --- parts -------------------------------------------------------------------------

function button(text, meaning, clicked) {
  const made = make("button", "lsal-queue-button", text);
  made.type = "button";
  made.title = meaning;
  made.addEventListener("click", clicked);
  return made;
}

function press(made, text, pressed) {
  made.textContent = text;
  made.setAttribute("aria-pressed", String(pressed));
}

function field(type, name, meaning) {
  const made = make("input", "lsal-queue-field");
  Object.assign(made, { type, placeholder: name, title: meaning, maxLength: 200, autocomplete: "off", spellcheck: false });
  made.setAttribute("aria-label", meaning);
  return made;
}

function choice(name, chosen) {
  const made = make("select", "lsal-queue-field");
  made.setAttribute("aria-label", name);
  made.addEventListener("change", () => chosen(made.value));
  return made;
}

// Told once nobody types any more, or leaves the field; until then what stands in it is not replaced.
function typed(made, told) {
  let timer = 0;
  const tell = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    delete made.dataset.typing;
    told(made.value);
  };
  made.addEventListener("input", () => {
    clearTimeout(timer);
    made.dataset.typing = "yes";
    timer = setTimeout(tell, TYPING_MS);
  });
  made.addEventListener("blur", tell);
  made.addEventListener("change", tell);
}

function fillOptions(made, options, value) {
  const key = JSON.stringify(options);
  if (made.dataset.key !== key) {
    made.dataset.key = key;
    made.replaceChildren(...options.map(([name, text]) => new Option(text, name)));
  }
  if (value === null) return;
  made.hidden = !options.length;
  made.value = value;
}
