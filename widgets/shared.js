// Small tools of all widgets; the Python half joins them in front of each module.
// Everything in a task is hostile: text goes in by textContent, images only as data made by the kernel.

const SVG = "http://www.w3.org/2000/svg";
const IMAGE = /^data:image\/(png|jpeg);base64,/;
const COLOUR = /^#[0-9a-f]{6}$/i;

function make(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== ""));
  return made;
}

function draw(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function words(text, attributes) {
  return draw("text", attributes, text);
}

function percent(value) {
  return `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`;
}

// A round step of at least this size, for the ticks of an axis.
function nice(step) {
  const power = 10 ** Math.floor(Math.log10(Math.max(step, 1)));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= step);
}

function steps(from, to, by) {
  return Array.from({ length: Math.floor((to - from) / by + 1e-9) + 1 }, (_, place) => from + place * by);
}

function round(value) {
  return Math.round(value * 10) / 10;
}

// A link that a task or a server named: followed only if it is one of the web.
function anchor(url, text) {
  if (!/^https?:\/\//i.test(url)) return document.createTextNode(text);
  const made = make("a", "", text);
  made.href = url;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

// JupyterLab's own shortcuts, such as Enter and the arrows, leave alone what has this.
function keysOf(element) {
  element.setAttribute("data-lm-suppress-shortcuts", "");
  return element;
}

// --- a drawing as a file of its own -------------------------------------------------

const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "opacity"];
KEPT.push("font-family", "font-size", "font-weight", "font-style", "display");

// A copy that needs no stylesheet: what the page gives each element is written into it.
function inlined(svg) {
  const copy = svg.cloneNode(true);
  const [from, to] = [svg, copy].map((one) => [one, ...one.querySelectorAll("*")]);
  from.forEach((element, place) => {
    const style = getComputedStyle(element);
    for (const name of KEPT) to[place].setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "tabindex", "style", "aria-label", "role"]) to[place].removeAttribute(name);
  });
  return copy;
}

// One drawing of several: a title over `parts` of { svg, width, height, text } in rows, and lines of text below.
function composed(root, title, parts, notes, width) {
  const style = getComputedStyle(root);
  const ink = { fill: style.color, "font-family": style.fontFamily };
  const paper = style.getPropertyValue("--jp-layout-color1").trim() || "#ffffff";
  const body = [words(title, { ...ink, x: 16, y: 26, "font-size": 15, "font-weight": 600 })];
  let [x, y, tall] = [16, 40, 0];
  for (const { svg, width: wide, height: high, text } of parts) {
    const room = wide + (text ? 8 + 6.6 * text.length : 0);
    if (x > 16 && x + room > width - 16) [x, y, tall] = [16, y + tall + 6, 0];
    const copy = svg.isConnected ? inlined(svg) : svg;
    for (const [name, value] of Object.entries({ x, y, width: wide, height: high })) copy.setAttribute(name, value);
    body.push(copy);
    if (text) body.push(words(text, { ...ink, x: x + wide + 6, y: y + high / 2 + 4, "font-size": 12 }));
    [x, tall] = [x + room + 16, Math.max(tall, high)];
  }
  y += tall + 22;
  for (const line of notes.flatMap((note) => wrapped(note, (width - 32) / 6.2))) {
    body.push(words(line, { ...ink, x: 16, y, "font-size": 12 }));
    y += 17;
  }
  const back = draw("rect", { width, height: y, fill: paper });
  return draw("svg", { xmlns: SVG, viewBox: `0 0 ${width} ${y}`, width, height: y }, back, ...body);
}

function wrapped(text, letters) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1).length + word.length > letters) lines.push("");
    lines[lines.length - 1] += `${lines.at(-1) && " "}${word}`;
  }
  return lines;
}

// Buttons that save what `picture` draws; all of it happens in the browser.
function saving(name, picture) {
  const button = (kind, save) => {
    const made = keysOf(make("button", "lsal-save", kind));
    made.type = "button";
    made.title = `Save this picture as ${kind}`;
    made.setAttribute("aria-label", made.title);
    made.addEventListener("click", () => save(picture()));
    return made;
  };
  return make("span", "lsal-saves", button("SVG", saveSvg(name)), button("PNG", savePng(name)));
}

const written = (svg) => new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
const saveSvg = (name) => (svg) => handed(written(svg), `${name()}.svg`);

const savePng = (name) => async (svg) => {
  const [width, height] = ["width", "height"].map((side) => 2 * Number(svg.getAttribute(side)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const image = new Image();
  image.src = `data:image/svg+xml;base64,${await encoded(written(svg))}`;
  await image.decode();
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  canvas.toBlob((blob) => handed(blob, `${name()}.png`), "image/png");
};

async function encoded(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function handed(blob, name) {
  const link = make("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replace(/[^\w.-]+/g, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
