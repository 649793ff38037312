// The map but for its drawing, which is jupyter-scatter's: bar, legend, the task under the pointer, the chosen ones.
// Acts go to the kernel as messages {do: ...}; Python knows the tasks, the page knows numbers and names alone.

const WAYS = [
  ["prediction", "Prediction", "The live version's guess; where people have labelled, their label"],
  ["label", "Label", "What people said; the rest is grey"],
  ["uncertainty", "Uncertainty", "1 - margin: how near the second guess comes to the first"],
  ["cluster", "Group", "Groups of like tasks, by their embeddings"],
];
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
  const ends = [
    follow(parts[0], (page) => tell("page", { able, ...page })),
    awaitDrawing(root, (points) => tell("drawable", { points })),
  ];
  return () => ends.forEach((end) => end());
}

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
