// What stands in the learning curve: a line and a band for each control, and a mark for each version.

// Versions for other labels than today's are on a line of their own.
const lineOf = (point) => point.line || point.control;
const colourOf = (place) => `lsal-curve-control-${place % 4}`;

function band(group, { x, y }, points, name = "lsal-curve-band") {
  const known = points.filter((point) => point.interval);
  if (known.length < 2) return;
  const upper = known.map((p) => `${x(p.x)},${y(p.interval[1])}`);
  const lower = known.map((p) => `${x(p.x)},${y(p.interval[0])}`).reverse();
  group.append(draw("polygon", { class: name, points: [...upper, ...lower].join(" ") }));
}

function path(group, { x, y }, points, name) {
  group.append(draw("polyline", { class: name, points: points.map((p) => `${x(p.x)},${y(p.value)}`).join(" ") }));
}

const onLine = (point) => !point.warning && (point.state === "live" || point.state === "earlier");

function line(group, scale, points) {
  const joined = points.filter(onLine);
  if (joined.length < 2) return;
  band(group, scale, joined);
  path(group, scale, joined, "lsal-curve-line");
}

function random(svg, scale, shadow) {
  const points = shadow.labels.map((labels, place) => ({
    ...{ x: labels, value: shadow.values[place], interval: [shadow.low[place], shadow.high[place]] },
  }));
  band(svg, scale, points, "lsal-curve-random-band");
  path(svg, scale, points, "lsal-curve-random");
}

function forecast(group, scale, one) {
  const points = one.steps.map((step) => ({ ...step, x: step.labels }));
  points.unshift({ x: one.labels, value: one.value, interval: one.now });
  band(group, scale, points, "lsal-curve-ahead-band");
  path(group, scale, points, "lsal-curve-ahead");
}

function mark(point, { x, y }) {
  const [cx, cy] = [x(point.x), y(point.value)];
  const made = keysOf(draw("g", { "data-version": point.version, tabindex: -1, role: "img" }));
  made.setAttribute("aria-label", described(point).join(", "));
  if (point.interval && !onLine(point)) {
    const [top, bottom] = [y(point.interval[1]), y(point.interval[0])];
    made.append(draw("line", { class: "lsal-curve-whisker", x1: cx, x2: cx, y1: top, y2: bottom }));
  }
  made.append(draw("circle", { class: "lsal-curve-reach", cx, cy, r: 13 }), ...shape(point, cx, cy));
  if (point.live) made.append(words(`v${point.version}`, { x: cx, y: cy - 14, "text-anchor": "middle", class: "lsal-curve-name" }));
  return made;
}

// Live is a dot in a ring, earlier a dot, held a hollow diamond, rolled back a hollow square, biased a triangle.
function shape({ state, warning }, cx, cy) {
  if (warning) {
    const sign = words("!", { x: cx, y: cy + 5, "text-anchor": "middle", class: "lsal-curve-sign" });
    return [draw("path", { class: "lsal-curve-warned", d: `M${cx} ${cy - 8}l8.5 15h-17z` }), sign];
  }
  if (state === "held") return [draw("path", { class: "lsal-curve-held", d: `M${cx} ${cy - 7}l7 7l-7 7l-7 -7z` })];
  if (state === "rolled back") {
    return [draw("path", { class: "lsal-curve-back", d: `M${cx - 5.5} ${cy - 5.5}h11v11h-11z` })];
  }
  const dot = draw("circle", { class: "lsal-curve-dot", cx, cy, r: 4 });
  return state === "live" ? [draw("circle", { class: "lsal-curve-live", cx, cy, r: 8 }), dot] : [dot];
}
