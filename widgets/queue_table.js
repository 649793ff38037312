// The queue as a table of all open tasks. The kernel keeps them as columns, sorts and sifts; the page asks for the
// rows in sight, and for their texts and thumbnails.

export default { render };

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2);
  const say = (content) => model.send({ ...content, view });
  const wish = (changes) => {
    model.set("wish", { ...model.get("wish"), ...changes });
    model.save_changes();
  };
  const point = (task) => {
    model.set("current", task);
    model.save_changes();
  };
  const empty = make("div", "lsal-queue-empty");
  const counted = make("div", "lsal-queue-counted");
  counted.setAttribute("role", "status");
  const top = filters(wish, () => say({ do: "all" }));
  const foot = actions((act) => say({ do: act }));
  const rows = grid({ say, wish, point });
  const full = make("div", "lsal-queue-full", top.row, counted, rows.frame, foot.row);
  const root = make("div", "lsal-queue", empty, full);
  el.append(root);

  const around = () => {
    const told = model.get("told");
    const nothing = !told.all;
    full.hidden = nothing;
    empty.hidden = !nothing;
    empty.textContent = model.get("empty") || "Reading the open tasks ...";
    root.classList.toggle("lsal-queue-busy", model.get("busy"));
    if (nothing) return;
    showFilters(top, told, model.get("wish"));
    counted.textContent = sentence(told, model.get("wish"), model.get("empty"));
    const shared = { ticked: model.get("ticked"), current: model.get("current") };
    showActions(foot, { ...shared, pending: model.get("pending"), no: model.get("no") });
  };
  const retold = () => {
    around();
    if (model.get("told").all) rows.retold(model.get("told"), model.get("wish"), model.get("ticked"));
  };
  const ticked = () => {
    around();
    rows.ticked(model.get("ticked"));
  };
  const pointed = () => {
    around();
    rows.pointed(model.get("current"));
  };
  model.on("change:told", retold);
  model.on("change:ticked", ticked);
  model.on("change:current", pointed);
  model.on("change:wish", around);
  model.on("change:busy", around);
  model.on("change:pending", around);
  model.on("change:no", around);
  model.on("change:empty", around);
  model.on("msg:custom", rows.hear);
  retold();
  rows.pointed(model.get("current"));
  return rows.close;
}

function sentence(told, wish, empty) {
  if (told.total) return `${count(told.total)} of ${many(told.all, "open task")}`;
  return wish.batch && !told.batch ? empty : "No open task is like this: change the filters, or look at the whole pool.";
}
