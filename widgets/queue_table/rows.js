// One task in the queue's table: its cells, and what stands in them.

const CLASSES = 4;
const NONE = "\u2013";

// Name, sort, what it is called, what it means; `down` where the first click sorts from the top.
const COLUMNS = {
  tick: {},
  rank: { sort: "rank", name: "#", meaning: "Place in the published batch; tasks that are not in it follow by doubt" },
  task: { name: "Task", meaning: "What people will see" },
  guess: { sort: "guess", name: "Guess", meaning: "The likeliest answer of the version that ranked" },
  chance: { sort: "chance", name: "Chance", meaning: "How likely the version finds its guess" },
  second: { name: "Runner-up", meaning: "The second likeliest answer" },
  margin: { sort: "margin", name: "Margin", meaning: "By how much the runner-up trails: a small margin is a hard task" },
  doubt: { sort: "doubt", down: true, name: "Doubt", meaning: "How unsure the version is, over all that it found" },
  cluster: { sort: "cluster", name: "Group", meaning: "Tasks that look alike to the model share a group; 1 is the largest" },
  marks: { name: "Marks", meaning: "Why a task has its place, apart from doubt" },
  open: { sort: "task", name: "Open", meaning: "Open the task in Label Studio, in a new tab" },
};

const MEANINGS = {
  measuring: "Drawn at random to measure on: shown without a guess, never trained on",
  "random slice": "Drawn at random for the batch, whatever the model thinks of it",
  pinned: "Comes first with the next Re-rank",
  "pushed last": "Comes last with the next Re-rank",
  excluded: "Left out with the next Re-rank, until it is given back",
  "sent back": "It has a label already, and is asked for once more",
};

const SHORT = { "random slice": "random", "pushed last": "last" };

function makeRow() {
  const node = make("div", "lsal-queue-row");
  node.setAttribute("role", "row");
  node.cells = {};
  for (const name of Object.keys(COLUMNS)) {
    const cell = make("div", `lsal-queue-cell lsal-queue-${name}`);
    cell.setAttribute("role", "gridcell");
    node.cells[name] = cell;
    node.append(cell);
  }
  const tick = make("input");
  tick.type = "checkbox";
  tick.tabIndex = -1;
  node.cells.tick.append(tick);
  node.tick = tick;
  return node;
}

// `row` is undefined while it is on its way.
function fillRow(node, row, preview, { names, address }) {
  const { tick, ...cells } = node.cells;
  node.classList.toggle("lsal-queue-coming", !row);
  tick.firstChild.hidden = !row;
  if (!row) {
    for (const cell of Object.values(cells)) cell.replaceChildren();
    return;
  }
  node.tick.checked = row.ticked;
  node.tick.setAttribute("aria-label", `Tick task ${row.task}`);
  cells.rank.textContent = row.rank < 0 ? NONE : String(row.rank + 1);
  cells.rank.title = row.rank < 0 ? "Not in the batch" : "";
  cells.task.replaceChildren(...taskIn(row, preview));
  cells.guess.replaceChildren(...guessIn(row, preview));
  share(cells.chance, row.chance);
  cells.second.textContent = row.second || NONE;
  cells.second.title = row.second;
  share(cells.margin, row.margin);
  share(cells.doubt, row.doubt);
  cells.cluster.textContent = row.cluster < 0 ? NONE : String(row.cluster + 1);
  cells.marks.replaceChildren(...names.filter((_, bit) => row.marks & (1 << bit)).map(markOf));
  cells.open.replaceChildren(link(row.task, address));
}

function share(cell, value) {
  cell.textContent = value === null ? NONE : percent(value);
  cell.style.setProperty("--share", value === null ? 0 : Math.min(1, Math.max(0, value)));
}

function taskIn(row, preview) {
  if (!preview) return [make("span", "lsal-queue-quiet", "reading ...")];
  if (preview.problem) return [titled(make("span", "lsal-queue-problem", preview.problem), preview.problem)];
  if (typeof preview.image === "string" && IMAGE.test(preview.image)) {
    const image = make("img");
    image.decoding = "async";
    image.src = preview.image;
    image.alt = `Task ${row.task}`;
    return [preview.regions ? titled(image, preview.regions) : image];
  }
  const text = make("div", preview.parts ? "lsal-queue-text lsal-queue-marked" : "lsal-queue-text", ...(preview.parts?.map(stretch) ?? [preview.text ?? ""]));
  return [titled(text, preview.regions || preview.text || "")];
}

function stretch(part) {
  const made = make("span", part.label ? "lsal-queue-span" : "", part.text);
  if (part.label) made.title = part.label;
  if (part.label && COLOUR.test(part.colour)) made.style.borderBottomColor = part.colour;
  return made;
}

function guessIn(row, preview) {
  if (row.measuring) return [titled(make("span", "lsal-queue-quiet", "not shown"), MEANINGS.measuring)];
  if (!preview?.legend?.length) return [titled(make("span", "", row.guess || NONE), row.guess)];
  const told = preview.legend.slice(0, CLASSES).map(classOf);
  const more = preview.legend.length - CLASSES;
  return more > 0 ? [...told, make("div", "lsal-queue-quiet", `and ${more} more`)] : told;
}

function classOf(entry) {
  const mark = make("span", "lsal-queue-colour");
  if (COLOUR.test(entry.colour)) mark.style.backgroundColor = entry.colour;
  return make("div", "lsal-queue-region", mark, make("span", "", entry.name), make("span", "lsal-queue-quiet", entry.figure));
}

function markOf(name) {
  const made = make("span", `lsal-queue-mark lsal-queue-mark-${name.replace(/\W/g, "-")}`, SHORT[name] ?? name);
  return titled(made, `${name}: ${MEANINGS[name] ?? ""}`);
}

function link(task, address) {
  const made = anchor(address && `${address}${task}`, String(task));
  if (made.tagName === "A") {
    made.tabIndex = -1;
    made.setAttribute("aria-label", `Open task ${task} in Label Studio`);
  }
  return made;
}

function titled(node, text) {
  node.title = text;
  return node;
}
