// The head of the queue: what people get next, best first, with the model's guess and its doubt.

const GUESS = "What the live version saw when the batch was ranked: how many of each class, and how sure it was of them";
const COLUMNS = [
  ["#", "Place in the published batch"],
  ["Task", "What people will see"],
  ["Guess", "The live version's likeliest answer, and its chance"],
  ["Runner-up", "The second likeliest answer, and by how much it trails: a small margin is a hard task"],
  ["", "Open the task in Label Studio"],
];

export default { render };

function render({ model, el }) {
  const root = make("div", "lsal-queue");
  el.append(root);
  const draw = () => root.replaceChildren(...list(model));
  model.on("change:rows", draw);
  model.on("change:previews", draw);
  model.on("change:caption", draw);
  model.on("change:empty", draw);
  draw();
}

function list(model) {
  const rows = model.get("rows");
  const title = make("div", "lsal-queue-title", "Next in the queue");
  title.append(make("span", "lsal-queue-caption", model.get("caption")));
  if (!rows.length) return [title, make("div", "lsal-queue-empty", model.get("empty"))];
  const table = make("table", "lsal-queue-table");
  const previews = model.get("previews");
  const objects = Object.values(previews).some((preview) => preview.legend);
  if (objects) table.classList.add("lsal-queue-objects");
  table.append(head(objects), make("tbody", "", ...rows.map((row) => line(row, previews[row.task] ?? {}))));
  return [title, table];
}

function head(objects) {
  const cells = COLUMNS.map(([name, meaning]) => {
    const cell = make("th", "", name);
    cell.scope = "col";
    cell.title = meaning;
    return cell;
  });
  if (objects) {
    // Objects have no runner-up: what was seen of each class takes its place.
    cells.splice(3, 1);
    cells[2].colSpan = 2;
    cells[2].title = GUESS;
  }
  return make("thead", "", make("tr", "", ...cells));
}

function line(row, preview) {
  const place = make("td", "lsal-queue-place", String(row.rank + 1));
  const guess = make("td", "lsal-queue-guess");
  const second = make("td", "lsal-queue-guess");
  if (row.measuring) {
    guess.colSpan = 2;
    const mark = make("span", "lsal-queue-measuring", "measuring");
    mark.title = "One of the tasks drawn at random to measure on: shown without a guess, never trained on";
    guess.append(mark, make("span", "lsal-queue-figure", "no guess is shown"));
    return make("tr", "", place, task(row, preview), guess, link(row));
  }
  if (preview.legend) {
    guess.colSpan = 2;
    if (preview.legend.length) guess.append(...preview.legend.map(classOf));
    else said(guess, row.guess, "");
    return make("tr", "", place, task(row, preview), guess, link(row));
  }
  said(guess, row.guess, row.chance === null ? "" : percent(row.chance));
  said(second, row.runner_up, row.margin === null ? "" : `margin ${percent(row.margin)}`);
  return make("tr", "", place, task(row, preview), guess, second, link(row));
}

function task(row, preview) {
  const cell = make("td", "lsal-queue-task");
  if (typeof preview.image === "string" && IMAGE.test(preview.image)) {
    const image = make("img", preview.legend ? "lsal-queue-image lsal-queue-drawn" : "lsal-queue-image");
    image.src = preview.image;
    image.alt = `Task ${row.task}`;
    if (preview.regions) image.title = preview.regions;
    cell.append(image);
  }
  if (preview.text) {
    const text = preview.parts
      ? make("div", "lsal-queue-text lsal-queue-marked", ...preview.parts.map(stretch))
      : make("div", "lsal-queue-text", preview.text);
    text.title = preview.regions || preview.text;
    cell.append(text);
  }
  if (preview.problem) cell.append(make("div", "lsal-queue-problem", preview.problem));
  if (!cell.hasChildNodes()) cell.append(make("span", "lsal-queue-figure", "reading ..."));
  return cell;
}

function stretch(part) {
  const made = make("span", part.label ? "lsal-queue-span" : "", part.text);
  if (part.label) made.title = part.label;
  if (part.label && COLOUR.test(part.colour)) made.style.borderBottomColor = part.colour;
  return made;
}

function classOf(entry) {
  const mark = make("span", "lsal-queue-mark");
  if (COLOUR.test(entry.colour)) mark.style.backgroundColor = entry.colour;
  const figure = make("span", "lsal-queue-figure", entry.figure);
  return make("div", "lsal-queue-region", mark, make("span", "", entry.name), figure);
}

function link(row) {
  return make("td", "lsal-queue-link", anchor(row.url, `Task ${row.task}`));
}

function said(cell, name, figure) {
  if (!name) cell.append(make("span", "lsal-queue-figure", "\u2013"));
  else cell.append(make("span", "lsal-queue-name", name), make("span", "lsal-queue-figure", figure));
}
