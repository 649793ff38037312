// The queue's grid: header, the rows in sight, the cursor, ticks and the keyboard. Rows are asked for when they come
// into sight; those that were here before are shown until newer ones have come.

const [ROWS_MS, PREVIEWS_MS, AGAIN_MS] = [40, 90, 3000];
const [MOST_ROWS, MOST_PREVIEWS] = [2000, 400];
const FIELDS = ["task", "rank", "guess", "chance", "second", "margin", "doubt", "cluster", "marks", "measuring", "ticked"];
const ALWAYS = ["tick", "rank", "task", "marks", "open"];
const HIGHEST = 480;

// `say(message)` tells the kernel, `wish(changes)` asks for another order, `point(task)` looks at a task.
function grid({ say, wish, point }) {
  const body = make("div", "lsal-queue-body");
  body.setAttribute("role", "rowgroup");
  const head = header(wish, (on) => say({ do: on ? "tick_all" : "untick" }));
  const frame = make("div", "lsal-queue-grid", head.node, body);
  for (const [key, value] of Object.entries({ role: "grid", tabindex: 0, "aria-multiselectable": true })) {
    frame.setAttribute(key, value);
  }
  frame.setAttribute("aria-label", "Open tasks: arrows move, space ticks, enter opens a task in Label Studio");
  // JupyterLab would take the arrows for its cells.
  frame.dataset.lmSuppressShortcuts = "true";

  const prefix = `lsal-row-${Math.random().toString(36).slice(2)}`;
  const [rows, previews] = [new Map(), new Map()];
  let told = { epoch: -1, total: 0, columns: [], names: [] };
  let [turn, cursor, anchored, current, ranking, wished] = [0, -1, -1, 0, "", ""];

  const fill = (node, index) => {
    const row = rows.get(index);
    fillRow(node, row, row && previews.get(row.task), told);
    node.id = `${prefix}-${index}`;
    node.setAttribute("aria-rowindex", index + 2);
    node.setAttribute("aria-selected", String(Boolean(row?.ticked)));
    node.classList.toggle("lsal-queue-ticked", Boolean(row?.ticked));
    node.classList.toggle("lsal-queue-current", index === cursor);
    node.classList.toggle("lsal-queue-first-after", row?.rank === -1 && rows.get(index - 1)?.rank >= 0);
  };

  // An answer that does not come, say because a file was locked, is asked for again.
  const waits = new Map();
  const later = (ask) => {
    clearTimeout(waits.get(ask));
    waits.set(ask, setTimeout(ask, 1.5 * AGAIN_MS));
  };
  const asked = { key: "", at: 0 };
  const askRows = () => {
    const [first, last] = span;
    const lacking = [];
    for (let index = first; index < last; index += 1) {
      const row = rows.get(index);
      if (!row || row.turn < turn || row.epoch !== told.epoch) lacking.push(index);
    }
    if (!lacking.length) return;
    const [begin, end] = [lacking[0], lacking.at(-1) + 1];
    const key = `${told.epoch} ${turn} ${begin} ${end}`;
    if (asked.key === key && performance.now() - asked.at < AGAIN_MS) return;
    Object.assign(asked, { key, at: performance.now() });
    say({ ask: "rows", first: begin, count: end - begin });
    later(rowsSoon);
  };
  const askPreviews = () => {
    const [first, last] = sheet.inSight();
    const lacking = [];
    for (let index = first; index < last; index += 1) {
      const row = rows.get(index);
      if (row && !previews.has(row.task)) lacking.push(row.task);
    }
    say({ ask: "previews", tasks: lacking });
    if (lacking.length) later(previewsSoon);
  };
  let span = [0, 0];
  const [rowsSoon, previewsSoon] = [paced(askRows, ROWS_MS), paced(askPreviews, PREVIEWS_MS)];
  const sheet = scroller(frame, body, {
    node: makeRow,
    fill,
    moved(first, last) {
      span = [first, last];
      rowsSoon();
      previewsSoon();
    },
  });

  const activate = () => {
    const node = sheet.nodes.get(cursor);
    if (node) frame.setAttribute("aria-activedescendant", node.id);
    else frame.removeAttribute("aria-activedescendant");
  };
  const settle = paced(() => {
    const task = rows.get(cursor)?.task;
    if (task && task !== current) point((current = task));
  }, 120);
  const go = (index) => {
    cursor = Math.max(0, Math.min(told.total - 1, index));
    sheet.reveal(cursor);
    sheet.refill();
    activate();
    settle();
  };
  const tick = (first, last, on) => {
    const [from, to] = [Math.min(first, last), Math.max(first, last)];
    for (let index = from; index <= to; index += 1) {
      if (rows.has(index)) rows.get(index).ticked = on;
      if (index - from > MOST_ROWS) break;
    }
    sheet.refill((index) => index >= from && index <= to);
    say({ do: "tick", first: from, last: to, on, epoch: told.epoch });
    anchored = last;
  };
  const toggle = (index) => rows.has(index) && tick(index, index, !rows.get(index).ticked);

  body.addEventListener("click", (event) => {
    const node = event.target.closest(".lsal-queue-row");
    const index = node ? Number(node.getAttribute("aria-rowindex")) - 2 : -1;
    if (index < 0 || !rows.has(index) || event.target.closest("a")) return;
    if (event.shiftKey && anchored >= 0) {
      event.preventDefault();
      document.getSelection()?.removeAllRanges();
      tick(anchored, index, true);
    } else if (event.target.closest("input") || event.ctrlKey || event.metaKey) tick(index, index, !rows.get(index).ticked);
    else anchored = index;
    go(index);
    frame.focus({ preventScroll: true });
  });
  const page = () => Math.max(1, Math.floor((frame.clientHeight - head.node.offsetHeight) / told.tall) - 1);
  const keys = {
    ArrowDown: (event) => (go(cursor + 1), event.shiftKey && tick(cursor, cursor, true)),
    ArrowUp: (event) => (go(cursor - 1), event.shiftKey && tick(cursor, cursor, true)),
    PageDown: () => go(cursor + page()),
    PageUp: () => go(cursor - page()),
    Home: () => go(0),
    End: () => go(told.total - 1),
    " ": (event) => (event.shiftKey && anchored >= 0 ? tick(anchored, cursor, true) : toggle(cursor)),
    Enter: () => sheet.nodes.get(cursor)?.querySelector("a")?.click(),
    Escape: () => say({ do: "untick" }),
    a: (event) => event.ctrlKey || event.metaKey ? say({ do: "tick_all" }) : false,
  };
  frame.addEventListener("keydown", (event) => {
    if (event.target !== frame || !keys[event.key]) return;
    if (keys[event.key](event) !== false) event.preventDefault();
  });

  return {
    frame,
    retold(next, asks, ticked) {
      const other = next.epoch !== told.epoch;
      if (next.ranking !== ranking) previews.clear();
      [told, ranking, turn] = [next, next.ranking, ticked.turn];
      const otherWish = JSON.stringify([asks, told.only]);
      if (wished && wished !== otherWish) frame.scrollTop = 0;
      wished = otherWish;
      if (other) {
        [cursor, anchored] = [-1, -1];
        for (const index of rows.keys()) if (index >= told.total) rows.delete(index);
      }
      head.show(told, asks, ticked);
      frame.setAttribute("aria-rowcount", told.total + 1);
      frame.style.setProperty("--tall", `${told.tall}px`);
      frame.style.height = `${Math.min(HIGHEST, told.all * told.tall + head.node.offsetHeight + 2)}px`;
      layOut(frame, told.columns);
      sheet.change(told.total, told.tall);
      rowsSoon();
    },
    ticked(ticked) {
      turn = ticked.turn;
      head.show(told, null, ticked);
      rowsSoon();
    },
    pointed(task) {
      current = task;
      if (rows.get(cursor)?.task === task) return;
      cursor = [...rows].find(([, row]) => row.task === task && row.epoch === told.epoch)?.[0] ?? -1;
      sheet.refill();
      activate();
    },
    hear({ rows: came, previews: seen, epoch, first, turn: of }) {
      if (came && epoch === told.epoch) {
        came.forEach((values, place) => {
          const row = Object.fromEntries(FIELDS.map((name, at) => [name, values[at]]));
          rows.set(first + place, Object.assign(row, { epoch, turn: of }));
          if (row.task === current && cursor < 0) cursor = first + place;
        });
        forget(rows, MOST_ROWS, (index) => index < span[0] || index >= span[1]);
        sheet.refill((index) => index >= first && index <= first + came.length);
        activate();
        settle();
        previewsSoon();
      }
      if (seen) {
        for (const [task, preview] of Object.entries(seen)) previews.set(Number(task), preview);
        const there = new Set([...sheet.nodes.keys()].map((index) => rows.get(index)?.task));
        forget(previews, MOST_PREVIEWS, (task) => !there.has(task));
        sheet.refill((index) => rows.has(index) && rows.get(index).task in seen);
      }
    },
    close() {
      waits.forEach(clearTimeout);
      sheet.close();
    },
  };
}

// At once, then not again for a while; the last call is never lost.
function paced(work, pause) {
  let [timer, again] = [0, false];
  const run = () => {
    timer = setTimeout(() => {
      timer = 0;
      if (again) run();
    }, pause);
    again = false;
    work();
  };
  return () => (timer ? (again = true) : run());
}

// Keep at most so many: the oldest that may go are forgotten.
function forget(kept, most, may) {
  for (const key of kept.keys()) {
    if (kept.size <= most) return;
    if (may(key)) kept.delete(key);
  }
}

function header(wish, tickAll) {
  const row = make("div", "lsal-queue-row lsal-queue-head");
  row.setAttribute("role", "row");
  row.setAttribute("aria-rowindex", 1);
  const all = make("input");
  all.type = "checkbox";
  all.setAttribute("aria-label", "Tick all tasks that are shown");
  all.addEventListener("change", () => tickAll(all.checked));
  const cells = {};
  let sorted = {};
  for (const [name, column] of Object.entries(COLUMNS)) {
    const cell = make("div", `lsal-queue-cell lsal-queue-${name}`);
    cell.setAttribute("role", "columnheader");
    if (name === "tick") cell.append(all);
    else if (!column.sort) cell.append(titled(make("span", "", column.name), column.meaning));
    else {
      const again = () => sorted.sort === column.sort;
      const down = () => (again() ? !sorted.down : Boolean(column.down));
      cell.append(button(column.name, `${column.meaning}. Sort by it`, () => wish({ sort: column.sort, down: down() })));
    }
    cells[name] = cell;
    row.append(cell);
  }
  const node = make("div", "lsal-queue-top", row);
  node.setAttribute("role", "rowgroup");
  const show = (told, asks, ticked) => {
    all.checked = told.total > 0 && ticked.count - ticked.hidden >= told.total;
    all.indeterminate = !all.checked && ticked.count > 0;
    if (!asks) return;
    sorted = { sort: asks.sort ?? "rank", down: Boolean(asks.down) };
    for (const [name, { sort }] of Object.entries(COLUMNS)) {
      if (!sort) continue;
      const way = sort !== sorted.sort ? "none" : sorted.down ? "descending" : "ascending";
      cells[name].setAttribute("aria-sort", way);
    }
  };
  return { node, show };
}

// Columns that would be empty are left out.
function layOut(frame, columns) {
  const shown = new Set([...ALWAYS, ...columns]);
  for (const name of Object.keys(COLUMNS)) frame.classList.toggle(`lsal-queue-no-${name}`, !shown.has(name));
}
