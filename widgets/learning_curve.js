// The learning curve: the main figure by labels, its interval as a band, live and held versions told apart by shape.

const [WIDTH, HEIGHT] = [700, 300];
const BOX = { left: 58, right: 18, top: 14, bottom: 46 };

// Versions for other labels than today's are on a line of their own.
const lineOf = (point) => point.line || point.control;

export default { render };

function render({ model, el }) {
  const root = make("div", "lsal-curve");
  el.append(root);
  const draw = () => root.replaceChildren(...picture(model));
  model.on("change:points", draw);
  model.on("change:baseline", draw);
  model.on("change:held_out", draw);
  model.on("change:empty", draw);
  draw();
}

function picture(model) {
  const points = model.get("points").filter((point) => point.value !== null);
  if (!points.length) {
    return [make("div", "lsal-curve-title", "Learning curve"), make("div", "lsal-curve-empty", model.get("empty"))];
  }
  const curves = { baseline: model.get("baseline"), held_out: model.get("held_out") };
  const title = make("div", "lsal-curve-title", `${capital(metrics(points))} by labels`);
  title.append(make("span", "lsal-curve-measured", measuredOn(points)));
  const frame = make("div", "lsal-curve-frame");
  const tip = make("div", "lsal-curve-tip");
  frame.append(drawing(points, curves, tip), tip);
  return [title, legend(points, curves), frame];
}

function measuredOn(points) {
  const counts = points.map((point) => point.tasks);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const tasks = points[0].measured_on;
  if (most === 1 && least === 1) return `measured on 1 ${tasks.replace("tasks", "task")}`;
  return `measured on ${least === most ? most : `${least} to ${most}`} ${tasks}`;
}

// --- the drawing -------------------------------------------------------------------

function drawing(points, curves, tip) {
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": spoken(points) });
  const scale = scales(points, curves);
  axes(svg, scale, metrics(points));
  plain(svg, scale, curves.baseline, "lsal-curve-baseline");
  plain(svg, scale, curves.held_out, "lsal-curve-held-out");
  [...new Set(points.map(lineOf))].forEach((name, place) => {
    const group = draw("g", { class: `lsal-curve-control-${place % 4}` });
    line(group, scale, points.filter((point) => lineOf(point) === name));
    svg.append(group);
  });
  for (const group of svg.querySelectorAll("[data-version]")) {
    const point = points.find((one) => String(one.version) === group.dataset.version);
    hover(group, tip, point, scale);
  }
  return svg;
}

function line(group, { x, y }, points) {
  const promoted = points.filter((point) => point.promoted).sort((a, b) => a.labels - b.labels);
  if (promoted.length > 1) {
    const upper = promoted.map((p) => `${x(p.labels)},${y(p.interval[1])}`);
    const lower = promoted.map((p) => `${x(p.labels)},${y(p.interval[0])}`).reverse();
    group.append(draw("polygon", { class: "lsal-curve-band", points: [...upper, ...lower].join(" ") }));
    const path = promoted.map((p) => `${x(p.labels)},${y(p.value)}`).join(" ");
    group.append(draw("polyline", { class: "lsal-curve-line", points: path }));
  }
  for (const point of points) {
    const [cx, cy] = [x(point.labels), y(point.value)];
    const mark = draw("g", { "data-version": point.version, tabindex: 0, "aria-label": described(point).join(", ") });
    if (!point.promoted || promoted.length < 2) {
      const [top, bottom] = [y(point.interval[1]), y(point.interval[0])];
      mark.append(draw("line", { class: "lsal-curve-whisker", x1: cx, x2: cx, y1: top, y2: bottom }));
    }
    mark.append(draw("circle", { class: "lsal-curve-reach", cx, cy, r: 13 }), ...shape(point, cx, cy));
    group.append(mark);
  }
}

// A live version is a dot in a ring, an earlier one a dot, one that was held a hollow diamond.
function shape({ live, promoted }, cx, cy) {
  if (!promoted && !live) {
    return [draw("path", { class: "lsal-curve-held", d: `M${cx} ${cy - 6.5}l6.5 6.5l-6.5 6.5l-6.5 -6.5z` })];
  }
  const dot = draw("circle", { class: "lsal-curve-dot", cx, cy, r: 4 });
  return live ? [draw("circle", { class: "lsal-curve-live", cx, cy, r: 8 }), dot] : [dot];
}

function plain(svg, { x, y }, curve, name) {
  const path = curve.map(([labels, value]) => `${x(labels)},${y(value)}`).join(" ");
  if (curve.length) svg.append(draw("polyline", { class: name, points: path }));
}

function scales(points, { baseline, held_out: heldOut }) {
  const others = [...baseline, ...heldOut];
  const most = Math.max(...points.map((p) => p.labels), ...others.map(([labels]) => labels), 1);
  const least = Math.min(...points.map((p) => p.interval[0]), ...others.map(([, value]) => value));
  const stepX = nice(most / 6);
  const stepY = least < 0.5 ? 0.2 : least < 0.8 ? 0.1 : 0.05;
  const right = Math.ceil(most / stepX) * stepX;
  const bottom = Math.max(0, 1 - Math.ceil((1 - Math.min(least, 0.95)) / stepY - 1e-9) * stepY);
  const [w, h] = [WIDTH - BOX.left - BOX.right, HEIGHT - BOX.top - BOX.bottom];
  return {
    x: (labels) => round(BOX.left + (w * labels) / right),
    y: (value) => round(BOX.top + (h * (1 - value)) / (1 - bottom)),
    ticksX: steps(0, right, stepX),
    ticksY: steps(1, bottom, -stepY),
  };
}

function axes(svg, { x, y, ticksX, ticksY }, name) {
  const [end, foot] = [WIDTH - BOX.right, HEIGHT - BOX.bottom];
  for (const tick of ticksY) {
    svg.append(draw("line", { class: "lsal-curve-grid", x1: BOX.left, x2: end, y1: y(tick), y2: y(tick) }));
    const told = name === "accuracy" ? `${Math.round(tick * 100)} %` : tick.toFixed(2);
    svg.append(words(told, { x: BOX.left - 8, y: y(tick) + 4, "text-anchor": "end" }));
  }
  for (const tick of ticksX) {
    svg.append(draw("line", { class: "lsal-curve-axis", x1: x(tick), x2: x(tick), y1: foot, y2: foot + 4 }));
    svg.append(words(tick.toLocaleString("en"), { x: x(tick), y: foot + 18, "text-anchor": "middle" }));
  }
  svg.append(draw("line", { class: "lsal-curve-axis", x1: BOX.left, x2: end, y1: foot, y2: foot }));
  svg.append(words("labels", { x: (BOX.left + end) / 2, y: HEIGHT - 8, "text-anchor": "middle" }));
  const middle = (BOX.top + foot) / 2;
  svg.append(words(name, { transform: `translate(13 ${middle}) rotate(-90)`, "text-anchor": "middle" }));
}

// --- words -------------------------------------------------------------------------

function legend(points, { baseline, held_out: heldOut }) {
  const list = make("div", "lsal-curve-legend");
  const add = (text, name, ...shapes) => {
    const sample = draw("svg", { viewBox: "0 0 26 18", class: name, "aria-hidden": "true" });
    sample.append(...shapes);
    const item = make("span", "lsal-curve-item", text);
    item.prepend(sample);
    list.append(item);
  };
  const rule = (name) => draw("line", { class: name, x1: 1, x2: 25, y1: 9, y2: 9 });
  const dot = (name, more) => [rule("lsal-curve-line"), ...shape({ promoted: true, ...more }, 13, 9)];
  const lines = [...new Set(points.map(lineOf))];
  lines.forEach((name, place) => {
    if (lines.length > 1) add(name, `lsal-curve-control-${place % 4}`, rule("lsal-curve-line"));
  });
  if (points.some((p) => p.live)) add("live version", "lsal-curve-control-0", ...dot("", { live: true }));
  if (points.some((p) => !p.live && p.promoted)) add("earlier version", "lsal-curve-control-0", ...dot("", {}));
  if (points.some((p) => !p.live && !p.promoted)) {
    add("held back: clearly worse", "lsal-curve-control-0", ...shape({ promoted: false }, 13, 9));
  }
  const patch = draw("rect", { class: "lsal-curve-band", x: 1, y: 3, width: 24, height: 12 });
  add("95 % interval", "lsal-curve-control-0", patch);
  if (heldOut.length) add("held-out tasks", "", rule("lsal-curve-held-out"));
  if (baseline.length) add("random order", "", rule("lsal-curve-baseline"));
  return list;
}

function metrics(points) {
  return [...new Set(points.map((point) => point.metric))].join(" and ");
}

// A name that has capitals of its own, such as mAP50, stays as it is.
const capital = (text) => (text === text.toLowerCase() ? text.charAt(0).toUpperCase() + text.slice(1) : text);

function described(point) {
  const share = point.metric === "accuracy";
  const told = (value) => (share ? (100 * value).toFixed(1) : value.toFixed(3));
  const [low, high] = point.interval.map(told);
  const state = point.live ? "live" : point.promoted ? "earlier" : "held back";
  return [
    `Version ${point.version} of ${point.control}, ${state}`,
    share
      ? `${told(point.value)} % right, 95 % interval ${low} to ${high} %`
      : `${point.metric} ${told(point.value)}, 95 % interval ${low} to ${high}`,
    `${point.labels} labels, measured on ${point.tasks} ${point.tasks === 1 ? "task" : "tasks"}`,
    point.reason,
  ].filter(Boolean);
}

function spoken(points) {
  return `Learning curve, ${measuredOn(points)}. ${points.map((point) => described(point).join(", ")).join(". ")}`;
}

function hover(group, tip, point, { x, y }) {
  const show = () => {
    const [left, top] = [x(point.labels) / WIDTH, y(point.value) / HEIGHT];
    tip.replaceChildren(...described(point).map((text, place) => make(place ? "div" : "strong", "", text)));
    tip.style.left = left > 0.6 ? "" : `calc(${100 * left}% + 14px)`;
    tip.style.right = left > 0.6 ? `calc(${100 - 100 * left}% + 14px)` : "";
    tip.style.top = top > 0.55 ? "" : `${100 * top}%`;
    tip.style.bottom = top > 0.55 ? `${100 - 100 * top}%` : "";
    tip.classList.add("lsal-curve-shown");
  };
  const hide = () => tip.classList.remove("lsal-curve-shown");
  for (const event of ["pointerenter", "focus"]) group.addEventListener(event, show);
  for (const event of ["pointerleave", "blur"]) group.addEventListener(event, hide);
}
