// The map but for its drawing, which is jupyter-scatter's: bar, legend, the task under the pointer, the chosen ones.
// Acts go to the kernel as messages {do: ...}; Python knows the tasks, the page knows numbers and names alone.

const WAYS = [
  ["prediction", "Prediction", "The live version's guess; where people have labelled, their label"],
  ["label", "Label", "What people said; the rest is grey"],
  ["uncertainty", "Uncertainty", "1 - margin: how near the second guess comes to the first"],
  ["cluster", "Group", "Groups of like tasks, by their embeddings"],
];
const NO_DRAWING = "This browser cannot draw the map (no WebGL). Choose groups by the lists: they hold the same.";
const ROOM = 460;
const HINT = "Point at a task to see it. Hold Shift and draw, or press Lasso, to choose some.";

export default { render };

function render({ model, el }) {
  const root = make("div", "lsal-map-parts");
  el.classList.add("lsal-map-host");
  el.append(root);
  const tell = (what, more = {}) => model.send({ do: what, ...more });
  const parts = [bar, progress, nothing, side, chosen, table].map((begin) => begin(model, tell));
  root.append(...parts);
  const able = canDraw();
  if (!able) root.append(make("div", "lsal-map-no-drawing", NO_DRAWING));
  return follow(parts[0], (page) => tell("page", { able, ...page }));
}

// --- the page ----------------------------------------------------------------------

function canDraw() {
  const context = document.createElement("canvas").getContext("webgl");
  return Boolean(context && context.getExtension("OES_texture_float"));
}

// Tells the page's colours and the room there is, now and whenever they change; returns what ends that.
function follow(frame, say) {
  let before = "";
  const look = () => {
    const style = getComputedStyle(document.body);
    const read = (name, fallback) => hex(style.getPropertyValue(name).trim()) ?? fallback;
    const dark = document.body.dataset.jpThemeLight === "false";
    const ground = read("--jp-layout-color0", dark ? "#111111" : "#ffffff");
    // Places fill a square: where the page is narrow the drawing must not be higher than wide.
    const room = Math.min(ROOM, frame.clientWidth || ROOM);
    const now = { dark, ground, room, ink: dark ? "#f2f2f2" : "#222222" };
    if (JSON.stringify(now) !== before) say(now);
    before = JSON.stringify(now);
  };
  const watch = new MutationObserver(() => requestAnimationFrame(look));
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"] });
  const size = new ResizeObserver(() => requestAnimationFrame(look));
  size.observe(frame);
  look();
  return () => [watch, size].forEach((one) => one.disconnect());
}

// Any colour of CSS as #rrggbb: a canvas writes it so.
function hex(colour) {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen || !colour) return null;
  pen.fillStyle = colour;
  return COLOUR.test(pen.fillStyle) ? pen.fillStyle : null;
}

// --- parts -------------------------------------------------------------------------

// A part that is drawn afresh whenever one of these traits changes; one that has the focus keeps it.
function part(model, name, className, traits, fill) {
  const made = make(name, className);
  const show = () => {
    const focus = made.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    made.replaceChildren(...fill().filter(Boolean));
    if (focus) [...made.querySelectorAll("[data-name]")].find((one) => one.dataset.name === focus)?.focus();
    made.hidden = !made.hasChildNodes();
  };
  for (const trait of traits) model.on("change:" + trait, show);
  show();
  return made;
}

function button(name, text, title, press, more = {}) {
  const made = make("button", "lsal-map-button", text);
  Object.assign(made, { type: "button", title, onclick: press, ...more });
  made.dataset.name = name;
  return made;
}

function bar(model, tell) {
  return part(model, "div", "lsal-map-bar", ["colour_by", "mode", "caption", "empty"], () => {
    if (model.get("empty")) return [];
    const ways = make("div", "lsal-map-ways");
    ways.setAttribute("role", "group");
    ways.setAttribute("aria-label", "Colour by");
    ways.append(make("span", "lsal-map-quiet", "Colour by"));
    for (const [by, text, title] of WAYS) ways.append(pressed(by === model.get("colour_by"), by, text, title, () => tell("colour", { by })));
    const modes = make("div", "lsal-map-ways");
    modes.setAttribute("role", "group");
    modes.setAttribute("aria-label", "Pointer");
    const mode = model.get("mode");
    modes.append(
      pressed(mode === "panZoom", "panZoom", "Move", "Drag to move, turn the wheel to zoom", () => tell("mode", { mode: "panZoom" })),
      pressed(mode === "lasso", "lasso", "Lasso", "Draw around tasks to choose them", () => tell("mode", { mode: "lasso" })),
      button("reset", "Whole map", "Show all of it again", () => tell("reset")),
    );
    return [make("div", "lsal-map-controls", ways, modes), make("div", "lsal-map-quiet", model.get("caption"))];
  });
}

function pressed(on, ...given) {
  const made = button(...given);
  made.setAttribute("aria-pressed", String(on));
  return made;
}

function progress(model, tell) {
  return part(model, "div", "lsal-map-doing", ["doing"], () => {
    const { text, share, can } = model.get("doing");
    if (!text) return [];
    const act = can === "cancel" ? ["cancel", "Cancel", "What is drawn stays"] : ["make", "Place again", "Begin once more"];
    const track = share === undefined ? null : make("div", "lsal-map-track", make("div", ""));
    if (track) track.firstChild.style.width = `${100 * share}%`;
    return [make("span", "", text), track, button(...act, () => tell(act[0]))];
  });
}

function nothing(model) {
  return part(model, "div", "lsal-map-empty", ["empty"], () => (model.get("empty") ? [make("span", "", model.get("empty"))] : []));
}

function side(model, tell) {
  const legend = part(model, "div", "lsal-map-legend", ["title", "legend", "marks"], () => {
    if (!model.get("legend").length) return [];
    const list = make("ul", "", ...model.get("legend").map((group, key) => make("li", "", entry(group, () => tell("pick", { key }), key))));
    const marks = make("ul", "lsal-map-marks", ...model.get("marks").map((mark) => make("li", "", ring(mark.mark), mark.name, count(mark.tasks))));
    return [make("h4", "", model.get("title")), list, marks];
  });
  const card = part(model, "div", "lsal-map-card", ["card", "empty"], () => (model.get("empty") ? [] : cardOf(model.get("card"))));
  return make("div", "lsal-map-side", legend, card);
}

function entry(group, press, key) {
  const mark = make("span", "lsal-map-swatch");
  if (COLOUR.test(group.colour)) mark.style.background = group.colour;
  const done = group.labelled ? `, ${group.labelled.toLocaleString("en")} labelled` : "";
  const made = button(`group ${key}`, "", `Choose these ${group.tasks.toLocaleString("en")} tasks${done}`, press);
  made.replaceChildren(mark, make("span", "lsal-map-name", group.name), count(group.tasks));
  return made;
}

const count = (tasks) => make("span", "lsal-map-count", tasks.toLocaleString("en"));

// The marks as they are drawn: a dot on a ring, a dot with a gap and a wider ring; what was asked for, as a letter.
function ring(mark) {
  const made = draw("svg", { viewBox: "0 0 16 16", class: "lsal-map-ring", "aria-hidden": "true" });
  const circle = (r, name) => draw("circle", { cx: 8, cy: 8, r, class: name });
  if (mark === "labelled") made.append(circle(5, "lsal-map-ink"), circle(3.2, "lsal-map-dot"));
  else if (mark === "batch") made.append(circle(7, "lsal-map-ink"), circle(5, "lsal-map-gap"), circle(3.2, "lsal-map-dot"));
  else if (mark === "pinned") made.append(draw("path", { d: "M8 3v10M4 7l4-4l4 4", class: "lsal-map-line" }));
  else made.append(draw("path", { d: "M4 4l8 8M12 4l-8 8", class: "lsal-map-line" }));
  return made;
}

function cardOf(card) {
  if (!card.task) return [make("div", "lsal-map-quiet", HINT)];
  const head = make("div", "lsal-map-head", card.url ? anchor(card.url, `Task ${card.task}`) : `Task ${card.task}`);
  head.append(make("span", "lsal-map-quiet", card.state));
  const facts = make("dl", "", ...card.facts.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
  return [head, picture(card), card.text ? make("div", "lsal-map-text", card.text) : null, facts, problem(card)];
}

function picture(card) {
  if (typeof card.image !== "string" || !IMAGE.test(card.image)) return null;
  const made = make("img", "lsal-map-image");
  made.src = card.image;
  made.alt = `Task ${card.task}`;
  return made;
}

const problem = (card) => (card.problem ? make("div", "lsal-map-problem", card.problem) : null);

function chosen(model, tell) {
  const made = part(model, "div", "lsal-map-chosen", ["chosen", "empty"], () => {
    const { tasks, open, wished, left_out: leftOut, first } = model.get("chosen");
    if (model.get("empty")) return [];
    if (!tasks) return [make("span", "lsal-map-quiet", "Nothing is chosen. Draw a lasso, or press a group of the legend.")];
    const of = (number) => number.toLocaleString("en");
    const able = (number) => ({ disabled: !number });
    return [
      make("b", "", `${of(tasks)} chosen`),
      make("span", "lsal-map-quiet", leftOut),
      make("span", "lsal-map-gap-wide"),
      button("look", `Look at ${of(open)}`, "Show these open tasks in the queue's table", () => tell("look"), able(open)),
      first
        ? button("pin", `Seed with ${of(open)}`, "Let people label these first: the first version learns from them", () => tell("pin"), able(open))
        : button("pin", `Prioritise ${of(open)}`, "The next batches begin with these tasks", () => tell("pin"), able(open)),
      button("exclude", `Exclude ${of(open)}`, "No ranking picks these tasks until they are given back", () => tell("exclude"), able(open)),
      wished ? button("give_back", `Give back ${of(wished)}`, "Wish nothing of these tasks any more", () => tell("give_back")) : null,
      button("clear", "Clear", "Choose none of them", () => tell("clear")),
    ];
  });
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", "Chosen tasks");
  return made;
}

// What a picture says to those who do not see it: the groups of like tasks in a table.
function table(model, tell) {
  const made = make("details", "lsal-map-table");
  const rows = part(model, "div", "", ["table"], () => {
    const table = make("table", "");
    const names = ["Group", "Open", "Labelled", "Commonest guess", "Mean uncertainty", ""];
    const head = names.map((name) => {
      const cell = make(name ? "th" : "td", "", name);
      if (name) cell.scope = "col";
      return cell;
    });
    table.append(make("thead", "", make("tr", "", ...head)), make("tbody", "", ...model.get("table").map((row) => line(row, tell))));
    return [table];
  });
  made.append(make("summary", "", "The map as a table: groups of like tasks"), rows);
  const show = () => (made.hidden = Boolean(model.get("empty")));
  model.on("change:empty", show);
  show();
  return made;
}

function line(row, tell) {
  const head = make("th", "", row.name);
  head.scope = "row";
  const cells = [row.open.toLocaleString("en"), row.labelled.toLocaleString("en"), row.guess || "\u2013", row.doubt === null ? "\u2013" : row.doubt.toFixed(2)];
  const act = button(`cluster ${row.key}`, "Choose", `Choose the tasks of ${row.name}`, () => tell("cluster", { key: row.key }));
  act.setAttribute("aria-label", `Choose the tasks of ${row.name}`);
  return make("tr", "", head, ...cells.map((text) => make("td", "", text)), make("td", "", act));
}
