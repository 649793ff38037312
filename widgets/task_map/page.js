// What the map asks of its page: whether it can draw at all, its colours, how much room there is.

const NO_DRAWING = "This browser cannot draw the map (no WebGL). Choose groups by the lists: they hold the same.";
const [ROOM, LOOK_MS] = [460, 100];

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

// Tells of a drawing beside `frame` that is new in this page, when it can take points, and how many it shows.
function awaitDrawing(frame, say) {
  let known = null;
  const look = () => {
    const beside = frame.closest(".lsal-map-grid")?.querySelectorAll(".lsal-map-plot [id]") ?? [];
    const drawing = [...beside].map((one) => one.api).find(Boolean);
    if (!drawing || drawing === known || !drawing.get("isPointsDrawn") || drawing.get("isDrawing")) return;
    known = drawing;
    say(drawing.get("points").length);
  };
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}
