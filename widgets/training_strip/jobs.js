// The training strip's list of the last jobs: what became of each, and why.

const MARKS = { done: "\u2713", failed: "\u2715", cancelled: "\u25a0", lost: "?" };

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
