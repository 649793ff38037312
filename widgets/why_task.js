// Why one task is asked for: what brought it here, the chances of its classes, and the labelled tasks most like it.

const ROLES = {
  picked: "picked by the strategy",
  drawn: "random draw",
  pinned: "pinned",
  measuring: "measuring",
  "sent back": "sent back",
  "pushed last": "pushed last",
  excluded: "excluded",
  answered: "answered",
  waiting: "not in the batch",
};

export default { render };

function render({ model, el }) {
  const root = make("section", "lsal-why");
  root.setAttribute("aria-label", "Why this task");
  el.append(root);
  const show = () => root.replaceChildren(...shown(model.get("why"), model.get("pictures"), model.get("empty")));
  model.on("change:why", show);
  model.on("change:pictures", show);
  model.on("change:empty", show);
  show();
}

function shown(why, pictures, empty) {
  if (!why.task) return [make("div", "lsal-why-empty", empty)];
  const columns = make("div", "lsal-why-columns", brought(why), said(why));
  const notes = why.notes.map((note) => make("div", "lsal-why-note", note));
  return [head(why, pictures), columns, alike(why, pictures), ...notes];
}

function head(why, pictures) {
  const title = make("div", "lsal-why-title", make("strong", "", `Task ${why.task}`));
  title.append(make("span", "lsal-why-role", ROLES[why.role] ?? why.role));
  const link = anchor(why.url, "Open in Label Studio");
  if (why.url) title.append(make("span", "lsal-why-link", link));
  const text = picture(why.task, pictures) ?? make("div", "lsal-why-text", why.text);
  return make("div", "lsal-why-head", make("div", "", title, make("div", "lsal-why-says", why.says)), text);
}

function picture(task, pictures) {
  const known = pictures[task];
  if (!known || !IMAGE.test(known.image)) return null;
  const image = make("img", "lsal-why-image");
  image.src = known.image;
  image.alt = known.regions ? `Task ${task}: ${known.regions}` : `Task ${task}`;
  return image;
}

function brought(why) {
  const rows = why.parts.map((part) => {
    const figure = make("td", "lsal-why-figure", part.figure, part.share === null ? "" : bars(part.share));
    return make("tr", "", scoped(part.name, "row"), figure, make("td", "lsal-why-means", part.says));
  });
  if (why.group) {
    const means = make("td", "lsal-why-means", why.group);
    rows.push(make("tr", "", scoped("like it", "row"), blank(), means));
  }
  const title = why.place === null ? "Where it stands" : "What brought it here";
  return block(title, rows, "lsal-why-parts", ["part", "figure", "meaning"]);
}

function said(why) {
  const title = why.version === null || why.version === undefined ? "Chances" : `What version ${why.version} says`;
  const rows = why.chances.map((one, place) => chance(one.label, one.chance, place === 0));
  if (why.others) rows.push(chance(why.others, why.rest, false));
  if (rows.length) return block(title, rows, "lsal-why-chances", ["class", "chance", "bar"]);
  const none = { measuring: "Not told of a measuring task." }[why.role] ?? why.guess;
  return make("div", "lsal-why-block", make("div", "lsal-why-name", title), make("div", "lsal-why-means", none || "\u2013"));
}

function chance(label, value, first) {
  const row = make("tr", first ? "lsal-why-first" : "", scoped(label, "row"));
  row.append(make("td", "lsal-why-figure", percent(value)), make("td", "lsal-why-track", bars(value)));
  return row;
}

function alike(why, pictures) {
  if (!why.neighbours.length) return "";
  const rows = why.neighbours.map((one) => {
    const what = make("td", "lsal-why-what", picture(one.task, pictures) ?? make("div", "lsal-why-text", one.text));
    const label = make("td", "lsal-why-label", make("span", "lsal-why-word", one.label));
    if (one.same !== null) label.append(make("span", "lsal-why-sign", one.same ? "= guess" : "\u2260 guess"));
    const near = make("td", "lsal-why-figure", one.similarity.toFixed(2));
    const track = make("td", "lsal-why-track", bars(Math.max(0, one.similarity)));
    const task = scoped("", "row");
    task.append(anchor(one.url, String(one.task)));
    return make("tr", "", task, what, label, make("td", "lsal-why-by", one.by), near, track);
  });
  const names = ["task", "what it shows", "label", "labelled by", "similarity", ""];
  return block("Labelled tasks most like it", rows, "lsal-why-alike", names, true);
}

// A table under a name; where its columns speak for themselves, their names are there for screen readers alone.
function block(title, rows, className, names, seen = false) {
  const heads = names.map((name) => (name ? scoped(name, "col") : blank()));
  const head = make("thead", seen ? "" : "lsal-why-unseen", make("tr", "", ...heads));
  const caption = make("caption", "lsal-why-name", title);
  return make("div", "lsal-why-block", make("table", className, caption, head, make("tbody", "", ...rows)));
}

function scoped(text, scope) {
  const cell = make("th", "", text);
  cell.scope = scope;
  return cell;
}

function blank() {
  return make("td");
}

function bars(share) {
  const bar = make("div", "lsal-why-bar");
  bar.style.width = `${round(100 * Math.min(1, share))}%`;
  const track = make("div", "lsal-why-bars", bar);
  track.setAttribute("aria-hidden", "true");
  return track;
}
