// The training strip's curves: one small drawing for each figure that a training tells of.

const [PLOT_WIDTH, PLOT_HEIGHT] = [240, 64];

function chart(data) {
  const title = make("div", "lsal-strip-title", make("strong", "", data.title));
  const of = [data.control && `of ${data.control}`, data.on && `on ${data.on}`].filter(Boolean).join(", ");
  if (of) title.append(make("span", "", of));
  title.title = title.textContent;
  const key = make("div", "lsal-strip-key", ...data.lines.map(keyOf));
  const scale = scales(data);
  const plot = draw("svg", {
    viewBox: `0 0 ${PLOT_WIDTH} ${PLOT_HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": aloud(data),
  });
  data.lines.forEach(({ points }, place) => plot.append(...lineOf(points, place, scale)));
  const frame = make("div", "lsal-strip-plot", plot);
  frame.append(make("span", "lsal-strip-top", figure(scale.top)), make("span", "lsal-strip-foot", figure(scale.foot)));
  const axis = make("div", "lsal-strip-axis", make("span", "", "0"), make("span", "", data.unit), end(scale));
  const made = make("div", "lsal-strip-chart", title, key, frame, axis);
  follow(frame, key, data, scale);
  return made;
}

function keyOf({ label, points }, place) {
  const sample = draw("svg", { viewBox: "0 0 18 8", "aria-hidden": "true", class: `lsal-strip-series-${place}` });
  sample.append(draw("path", { class: "lsal-strip-curve", d: "M1 4H17" }));
  return make("div", "", sample, make("span", "", label), make("b", "", figure(points.at(-1)[1])));
}

function lineOf(points, place, { x, y }) {
  const path = points.map(([at, value], n) => `${n ? "L" : "M"}${x(at)} ${y(value)}`).join("");
  const group = draw("g", { class: `lsal-strip-series-${place}` });
  group.append(draw("path", { class: "lsal-strip-curve", d: path }));
  // A stroke without a length is a dot, which stays round however the plot is stretched.
  const [at, value] = points.at(-1);
  group.append(draw("path", { class: "lsal-strip-dot", d: `M${x(at)} ${y(value)}h0` }));
  return [group];
}

// The axis reaches as far as the training will only once it is well on its way there: before, it grows in round steps.
function scales({ lines, total, share: whole }) {
  const points = lines.flatMap((line) => line.points);
  const last = Math.max(...points.map(([at]) => at));
  const right = Math.max(last, Math.min(total || Infinity, nice(1.3 * last))) || 1;
  const values = points.map(([, value]) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const share = whole && least >= 0 && most <= 1;
  const top = share ? 1 : most > 0 ? most * 1.02 : 1;
  const foot = share || (least >= 0 && least < most / 2) ? 0 : least - 0.1 * (most - least || Math.abs(most) || 1);
  return {
    top,
    foot,
    right,
    x: (at) => round((PLOT_WIDTH * at) / right),
    y: (value) => round(2 + ((PLOT_HEIGHT - 4) * (top - value)) / (top - foot)),
  };
}

const end = ({ right }) => make("span", "", Math.round(right).toLocaleString("en"));

// The values under the pointer, in the key.
function follow(frame, key, data, { right }) {
  const rule = make("span", "lsal-strip-rule");
  frame.append(rule);
  const told = (at) =>
    data.lines.forEach(({ points }, place) => {
      const [, value] = at === null ? points.at(-1) : nearest(points, at);
      key.children[place].querySelector("b").textContent = figure(value);
    });
  frame.addEventListener("pointermove", (event) => {
    const box = frame.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    rule.style.left = `${100 * share}%`;
    rule.hidden = false;
    told(share * right);
  });
  frame.addEventListener("pointerleave", () => {
    rule.hidden = true;
    told(null);
  });
  rule.hidden = true;
}

function nearest(points, at) {
  return points.reduce((best, point) => (Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best));
}

function figure(value) {
  if (value === 0 || value === 1) return String(value);
  const size = Math.abs(value);
  return size >= 1000 || size < 0.001 ? value.toPrecision(3) : value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 3);
}

function aloud({ title, on, unit, lines }) {
  const told = lines.map(({ label, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return `${label} from ${figure(first[1])} to ${figure(last[1])} at ${unit} ${round(last[0])}`;
  });
  return `${title}${on ? ` on ${on}` : ""}: ${told.join("; ")}`;
}
