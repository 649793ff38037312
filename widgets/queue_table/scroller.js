// A window on very many rows of one height: only those in sight, and a few around them, are in the page.

const BEYOND = 8;
// Browsers lose exactness in taller elements, and cap them somewhere: beyond this the scroll bar is geared.
const TALLEST = 8_000_000;

// `node()` makes a row, `fill(node, index)` shows something in it, `moved(first, last)` hears which there are.
function scroller(frame, body, { node: make, fill, moved }) {
  const nodes = new Map();
  const spare = [];
  let [total, tall, drawn, waiting] = [0, 44, "", 0];

  const sight = () => {
    const height = Math.max(0, frame.clientHeight - body.offsetTop);
    const whole = total * tall;
    const room = Math.min(whole, TALLEST);
    const gear = whole > room ? (whole - height) / (room - height) : 1;
    const top = Math.min(frame.scrollTop * gear, Math.max(0, whole - height));
    return { height, room, gear, top, shift: top - frame.scrollTop };
  };

  const put = (index, shift) => {
    let node = nodes.get(index);
    if (!node) {
      node = spare.pop() ?? make();
      nodes.set(index, node);
      fill(node, index);
      node.hidden = false;
      if (!node.parentNode) body.append(node);
    }
    const place = `translateY(${Math.round(index * tall - shift)}px)`;
    if (node.style.transform !== place) node.style.transform = place;
  };

  const lay = () => {
    waiting = 0;
    const { height, room, top, shift } = sight();
    if (body.style.height !== `${room}px`) body.style.height = `${room}px`;
    const first = Math.max(0, Math.floor(top / tall) - BEYOND);
    const last = Math.min(total, Math.ceil((top + height) / tall) + BEYOND);
    for (const [index, node] of nodes) {
      if (index >= first && index < last) continue;
      nodes.delete(index);
      node.hidden = true;
      spare.push(node);
    }
    for (let index = first; index < last; index += 1) put(index, shift);
    if (drawn !== `${first}-${last}`) moved(first, last);
    drawn = `${first}-${last}`;
  };
  const soon = () => {
    waiting ||= requestAnimationFrame(lay);
  };
  const size = new ResizeObserver(soon);
  size.observe(frame);
  frame.addEventListener("scroll", soon, { passive: true });

  return {
    nodes,
    // There are other rows now, or other things in them.
    change(rows, height) {
      [total, tall, drawn] = [rows, height, ""];
      lay();
      for (const [index, node] of nodes) fill(node, index);
    },
    refill(wanted = () => true) {
      for (const [index, node] of nodes) if (wanted(index)) fill(node, index);
    },
    inSight() {
      const { height, top } = sight();
      return [Math.floor(top / tall), Math.min(total, Math.ceil((top + height) / tall))];
    },
    reveal(index) {
      const { height, gear, top } = sight();
      const [above, below] = [index * tall, (index + 1) * tall - height];
      if (top > above) frame.scrollTop = above / gear;
      else if (top < below) frame.scrollTop = Math.ceil(below / gear);
      lay();
    },
    close() {
      cancelAnimationFrame(waiting);
      size.disconnect();
    },
  };
}
