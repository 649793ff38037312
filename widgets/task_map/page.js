// What the map asks of its page: whether it can draw at all, its colours, how much room there is.

const NO_DRAWING = "This browser cannot draw the map (no WebGL). Choose groups by the lists: they hold the same.";
const ROOM = 460;

function canDraw() {
  const context = document.createElement("canvas").getContext("webgl");
  return Boolean(context && context.getExtension("OES_texture_float"));
}

// Tells the page's colours and the room there is, now and whenever they change; returns what ends that.
function follow(frame, say) {
  let before = "";
  const look = () => {
    const style = getComputedStyle(document.body);
    const read = (name, fallback) => hex(style.getPropertyValue(name).trim()) ?? fallback;
    const dark = document.body.dataset.jpThemeLight === "false";
    const ground = read("--jp-layout-color0", dark ? "#111111" : "#ffffff");
    // Places fill a square: where the page is narrow the drawing must not be higher than wide.
    const room = Math.min(ROOM, frame.clientWidth || ROOM);
    const now = { dark, ground, room, ink: dark ? "#f2f2f2" : "#222222" };
    if (JSON.stringify(now) !== before) say(now);
    before = JSON.stringify(now);
  };
  const watch = new MutationObserver(() => requestAnimationFrame(look));
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"] });
  const size = new ResizeObserver(() => requestAnimationFrame(look));
  size.observe(frame);
  look();
  return () => [watch, size].forEach((one) => one.disconnect());
}

// Any colour of CSS as #rrggbb: a canvas writes it so.
function hex(colour) {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen || !colour) return null;
  pen.fillStyle = colour;
  return COLOUR.test(pen.fillStyle) ? pen.fillStyle : null;
}
