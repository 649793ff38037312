// What stands beside the map: its legend, what a point is, what is chosen, and the same as a table.

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
