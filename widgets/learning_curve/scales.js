// The scales of the learning curve, with round ends, and its axes.

const BOX = { left: 62, right: 20, top: 16, bottom: 46 };

function scales({ points, ahead, random }, wide) {
  const coming = ahead.flatMap((one) => one.steps);
  const most = Math.max(1, ...points.map((p) => p.x), ...coming.map((s) => s.labels), ...(random?.labels ?? []));
  const values = [...points, ...coming].flatMap((one) => [one.value, ...(one.interval ?? [])]);
  values.push(...ahead.flatMap((one) => one.now), ...(random ? [...random.low, ...random.high] : []));
  const { low, high, step } = spanned(values);
  const [width, height] = [wide, Math.round(Math.min(340, Math.max(250, 0.4 * wide)))];
  const stepX = nice(most / Math.max(4, Math.floor(width / 110)));
  const right = Math.ceil(most / stepX) * stepX;
  const [w, h] = [width - BOX.left - BOX.right, height - BOX.top - BOX.bottom];
  return {
    ...{ width, height },
    x: (labels) => round(BOX.left + (w * labels) / right),
    y: (value) => round(BOX.top + (h * (high - value)) / (high - low)),
    ticksX: steps(0, right, stepX),
    ticksY: steps(low, high, step),
  };
}

// Round ends around the values: never outside of 0 to 1, where all these figures lie.
function spanned(values) {
  let [low, high] = [Math.max(0, Math.min(...values)), Math.min(1, Math.max(...values))];
  if (high - low < 0.08) [low, high] = [Math.max(0, low - 0.04), Math.min(1, high + 0.04)];
  const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((one) => (high - low) / one <= 6) ?? 0.2;
  return { step, low: Math.floor(low / step + 1e-6) * step, high: Math.min(1, Math.ceil(high / step - 1e-6) * step) };
}

function axes(svg, { x, y, ticksX, ticksY, width, height }, { metric, unit, lower }) {
  const [end, foot] = [width - BOX.right, height - BOX.bottom];
  for (const tick of ticksY) {
    svg.append(draw("line", { class: "lsal-curve-grid", x1: BOX.left, x2: end, y1: y(tick), y2: y(tick) }));
    const text = share(metric) ? `${Math.round(tick * 100)} %` : tick.toFixed(2);
    svg.append(words(text, { x: BOX.left - 8, y: y(tick) + 4, "text-anchor": "end" }));
  }
  for (const tick of ticksX) {
    svg.append(draw("line", { class: "lsal-curve-axis", x1: x(tick), x2: x(tick), y1: foot, y2: foot + 4 }));
    svg.append(words(tick.toLocaleString("en"), { x: x(tick), y: foot + 18, "text-anchor": "middle" }));
  }
  svg.append(draw("line", { class: "lsal-curve-axis", x1: BOX.left, x2: end, y1: foot, y2: foot }));
  svg.append(words(unit.says, { x: (BOX.left + end) / 2, y: height - 8, "text-anchor": "middle" }));
  const [middle, name] = [(BOX.top + foot) / 2, lower ? `${metric} (lower is better)` : metric];
  svg.append(words(name, { transform: `translate(14 ${middle}) rotate(-90)`, "text-anchor": "middle" }));
}
