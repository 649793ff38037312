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
