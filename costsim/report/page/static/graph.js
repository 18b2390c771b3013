// The network as a graph: blocks within blocks that open and close. Every level is laid out by itself, the innermost
// first (stages from left to right, what is in them from top to bottom), so that opening a block lays out only what is around it. Only what is on the screen is in the document.
const HEAD = 26, LINE = 16, MOST_WIDTH = 190, FAR = 0.45, FEW = 60, SCALES = [0.01, 3];

class NetworkGraph {
  constructor(box, { parts, edges }, ops, colours, onChoose) {
    this.box = box; this.ops = ops; this.colours = colours; this.onChoose = onChoose;
    this.svg = box.querySelector("svg");
    this.scene = this.svg.querySelector("g");
    this.said = box.querySelector("output");
    this.tall = matchMedia("(max-width: 720px)").matches;
    this.pen = document.createElement("canvas").getContext("2d");
    this.pen.font = "13px sans-serif";
    this.leaves = [];
    this.root = this.node({ name: "", path: "", parts }, null);
    this.root.open = true;
    const inside = this.root.parts.reduce((sum, { parts }) => sum + (parts?.length ?? 1), 0);
    if (inside <= FEW) for (const part of this.root.parts) part.open = Boolean(part.parts);
    this.project(edges);
    this.by = box.querySelector("[name=by]");
    this.by.addEventListener("input", () => this.paint());
    box.querySelector("[data-do=in]").addEventListener("click", () => this.zoom(1.5));
    box.querySelector("[data-do=out]").addEventListener("click", () => this.zoom(1 / 1.5));
    box.querySelector("[data-do=fit]").addEventListener("click", () => this.fit());
    box.querySelector("[data-do=open]").addEventListener("click", () => this.openAll(true));
    box.querySelector("[data-do=close]").addEventListener("click", () => this.openAll(false));
    this.svg.addEventListener("click", (event) => this.clicked(event));
    this.svg.addEventListener("pointerover", (event) => { const node = this.at(event); if (node) this.say(node); });
    this.svg.addEventListener("dblclick", (event) => this.toggle(this.at(event)));
    this.svg.addEventListener("keydown", (event) => this.typed(event));
    this.pans();
    new ResizeObserver(() => this.show()).observe(this.svg);
    this.draw();
    this.fit();
  }

  // What is known of a part: sums over its ops, and what most of its time goes to.
  node(part, parent) {
    if (typeof part === "number") {
      const op = this.ops[part];
      return this.leaves[part] = { parent, op, row: part, first: part, name: op.name, ms: op.ms, traffic: op.dram_bytes, of: { bound: op.bound, class: op.class }, rows: [part] };
    }
    const node = { ...part, parent, open: false, edges: new Map() };
    node.parts = part.parts.map((child) => this.node(child, node));
    node.rows = node.parts.flatMap((child) => child.rows);
    node.first = node.rows[0];
    for (const sum of ["ms", "traffic"]) node[sum] = node.parts.reduce((total, child) => total + child[sum], 0);
    node.of = Object.fromEntries(["bound", "class"].map((field) => [field, this.mostTime(node.rows, field)]));
    return node;
  }

  mostTime(rows, field) {
    const times = {};
    for (const row of rows) times[this.ops[row][field]] = (times[this.ops[row][field]] ?? 0) + this.ops[row].ms;
    return Object.keys(times).reduce((most, name) => times[name] > times[most] ? name : most);
  }

  // An edge between two ops is one between the two parts that hold them in the innermost block around both.
  project(edges) {
    for (const node of this.leaves) Object.assign(node, { reads: [], readBy: [] });
    for (const [from, to] of edges) {
      this.leaves[from].readBy.push(to);
      this.leaves[to].reads.push(from);
      const path = (node) => node.parent ? [...path(node.parent), node] : [node];
      const [a, b] = [path(this.leaves[from]), path(this.leaves[to])];
      let depth = 0;
      while (a[depth] === b[depth]) depth += 1;
      const list = a[depth - 1].edges;
      if (!list.has(a[depth])) list.set(a[depth], new Set());
      list.get(a[depth]).add(b[depth]);
    }
  }

  text(text) {
    let short = text;
    while (short.length > 1 && this.pen.measureText(short).width > MOST_WIDTH) short = short.slice(0, -2);
    return short === text ? text : `${short}…`;
  }

  size(node) {
    if (node.parts && node.open) return this.layOut(node);
    node.label ??= this.text(node.op && node.parent.path && node.name.startsWith(`${node.parent.path}.`) ? node.name.slice(node.parent.path.length + 1) : node.name);
    node.detail ??= node.op ? node.op.class : this.count(node);
    node.width ??= Math.max(this.pen.measureText(node.label).width + (node.parts ? 26 : 0), this.pen.measureText(`${node.detail} 00.00 ms`).width) + 22;
    return { width: node.width, height: 2 * LINE + 10 };
  }

  layOut(node) {
    const key = node.parts.map((child) => { const { width, height } = this.size(child); return `${width},${height}`; }).join(" ");
    if (node.laidOut?.key === key) return node.laidOut;
    const graph = new dagre.graphlib.Graph();
    graph.setGraph({ rankdir: node.parent || this.tall ? "TB" : "LR", nodesep: 14, ranksep: node.parent || this.tall ? 20 : 30, marginx: 14, marginy: 12 });
    node.parts.forEach((child, i) => { child.place = String(i); graph.setNode(child.place, { ...this.size(child) }); });
    for (const [from, tos] of node.edges) for (const to of tos) graph.setEdge(from.place, to.place, {});
    dagre.layout(graph);
    const places = node.parts.map((child) => graph.node(child.place));
    const lines = graph.edges().map((edge) => graph.edge(edge).points);
    const { width, height } = graph.graph();
    const head = node.parent ? HEAD : 0;
    return node.laidOut = { key, places, lines, width: Math.max(width, this.pen.measureText(node.name).width + 110), height: height + head, head };
  }

  // Everything that is drawn, outer boxes first, in the coordinates of the whole.
  draw() {
    const whole = this.layOut(this.root);
    this.whole = whole;
    this.drawn = [];
    const place = (node, x, y, inner) => {
      node.parts.forEach((child, i) => {
        const { x: cx, y: cy, width, height } = inner.places[i];
        const box = { node: child, x: x + cx - width / 2, y: y + inner.head + cy - height / 2, width, height };
        this.drawn.push(box);
        child.box = box;
        if (child.parts && child.open) place(child, box.x, box.y, child.laidOut);
      });
      for (const points of inner.lines) this.drawn.push({ points: points.map((p) => [x + p.x, y + inner.head + p.y]) });
    };
    place(this.root, 0, 0, whole);
    for (const item of this.drawn) if (item.points) Object.assign(item, this.around(item.points));
    this.scene.replaceChildren();
    this.paint();
  }

  around(points) {
    const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
    const x = Math.min(...xs), y = Math.min(...ys);
    return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
  }

  // The screen shows part of the whole: elements are made when they come near and taken out when they leave.
  show() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const { clientWidth: w, clientHeight: h } = this.svg, { x, y, scale } = this.view;
      this.scene.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
      this.svg.classList.toggle("far", scale < FAR);
      const [left, top, right, bottom] = [(-x - w / 2) / scale, (-y - h / 2) / scale, (1.5 * w - x) / scale, (1.5 * h - y) / scale];
      let after = null;
      for (let i = this.drawn.length - 1; i >= 0; i--) {
        const item = this.drawn[i];
        const near = item.x < right && item.x + item.width > left && item.y < bottom && item.y + item.height > top;
        if (near && !item.element) { item.element = this.element(item); if (item.node) this.paintOne(item); }
        if (near && !item.element.parentNode) this.scene.insertBefore(item.element, after);
        if (!near && item.element?.parentNode && item.element !== document.activeElement) item.element.remove();
        if (item.element?.parentNode) after = item.element;
      }
    });
  }

  element(item) {
    const make = (name, attributes, parent, text) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      if (text) element.textContent = text;
      parent?.append(element);
      return element;
    };
    if (item.points) {
      const [first, ...rest] = item.points, last = rest[rest.length - 1];
      const middle = rest.slice(0, -1).map(([x, y], i) => `Q${x} ${y} ${(x + rest[i + 1][0]) / 2} ${(y + rest[i + 1][1]) / 2}`);
      return make("path", { class: "edge", "marker-end": "url(#arrow)", d: `M${first}${middle.join("")}L${last}` });
    }
    const { node, x, y, width, height } = item, open = node.parts && node.open;
    const group = make("g", { class: open ? "node open" : node.parts ? "node block" : "node", transform: `translate(${x} ${y})`, tabindex: "-1", role: "button" });
    if (node.parts) group.setAttribute("aria-expanded", String(Boolean(open)));
    make("rect", { width, height, rx: 6 }, group);
    if (node.parts) make("text", { class: "toggle", "aria-hidden": "true", x: width - 18, y: open ? 18 : 20 }, group, open ? "−" : "+");
    make("text", { x: 10, y: open ? 18 : LINE + 3 }, group, `${open ? node.name : node.label} `);
    if (!open) { make("text", { class: "detail", x: 10, y: 2 * LINE + 3 }, group, `${node.detail} `); make("text", { class: "detail value", x: width - 10, y: 2 * LINE + 3 }, group, " "); }
    group.node = node;
    node.element = group;
    return group;
  }

  count({ rows }) { return rows.length === 1 ? "1 op" : `${rows.length} ops`; }

  number(node, by) {
    if (by === "traffic") return node.traffic >= 2 ** 20 ? `${(node.traffic / 2 ** 20).toPrecision(3)} MiB` : `${(node.traffic / 2 ** 10).toPrecision(3)} KiB`;
    return node.ms >= 1 ? `${Number(node.ms.toPrecision(3))} ms` : `${Number((1e3 * node.ms).toPrecision(3))} us`;
  }

  // Colours and marks of all that is drawn.
  paint() {
    const closed = this.drawn.filter((item) => item.node && !(item.node.parts && item.node.open)).map((item) => item.node);
    const by = this.by.value === "traffic" ? "traffic" : "ms";
    this.most = Math.max(...closed.map((node) => node[by])) || 1;
    for (const item of this.drawn) if (item.node && item.element) this.paintOne(item);
    if (this.view) this.show();
  }

  paintOne({ node, element }) {
    const by = this.by.value, rect = element.querySelector("rect"), value = element.querySelector(".value");
    const faded = this.kept && !node.rows.some((row) => this.kept.has(row));
    const picked = this.picked !== undefined && !(node.parts && node.open) && node.rows.includes(this.picked);
    element.classList.toggle("faded", Boolean(faded));
    element.classList.toggle("picked", picked);
    if (!value) return;
    const heat = by === "traffic" || by === "ms" ? node[by] / this.most : 0;
    rect.style.fill = heat || !this.colours[by] ? `color-mix(in srgb, var(--heat-ink) ${(100 * heat).toFixed(0)}%, var(--panel))` : `color-mix(in srgb, ${this.colours[by][node.of[by]]} 38%, var(--panel))`;
    element.classList.toggle("hot", heat > 0.6);
    value.textContent = by === "bound" ? node.of.bound : this.number(node, by);
    element.querySelector(".detail").textContent = by === "bound" ? "" : `${node.detail} `;
  }

  at(event) { return event.target.closest(".node")?.node; }

  clicked(event) {
    const node = this.at(event);
    if (!node || this.moved) return;
    this.focus(node, false);
    if (event.target.classList.contains("toggle")) return this.toggle(node);
    this.choose(node);
  }

  choose(node) {
    if (node.op) this.onChoose({ row: node.row });
    else if (node.path) this.onChoose({ block: node.path });
    else this.toggle(node);
  }

  // What was under the pointer stays there.
  toggle(node) {
    if (!node?.parts || !node.parent) return;
    const before = { x: node.box.x, y: node.box.y };
    node.open = !node.open;
    this.draw();
    this.view.x += (before.x - node.box.x) * this.view.scale;
    this.view.y += (before.y - node.box.y) * this.view.scale;
    this.focusSoon(node);
  }

  openAll(open) {
    const walk = (node) => { for (const child of node.parts ?? []) { if (child.parts) child.open = open; walk(child); } };
    walk(this.root);
    this.draw();
    this.fit();
  }

  // Ops that stand back (all but these, or none where undefined), and the one that was picked.
  mark(kept, picked) {
    this.kept = kept; this.picked = picked;
    this.paint();
  }

  // Open the blocks around an op and bring it into the middle.
  reveal(row) {
    const leaf = this.leaves[row];
    if (!leaf) return;
    for (let node = leaf.parent; node.parent; node = node.parent) node.open = true;
    this.draw();
    this.middle(leaf);
  }

  middle({ box }) {
    const { clientWidth: w, clientHeight: h } = this.svg, scale = Math.max(this.view.scale, 0.8);
    this.view = { scale, x: w / 2 - (box.x + box.width / 2) * scale, y: h / 2 - (box.y + box.height / 2) * scale };
    this.show();
  }

  // All of it, or its beginning where that would be too small to read.
  fit() {
    const { clientWidth: w, clientHeight: h } = this.svg, { width, height } = this.whole;
    const least = this.fitted ? 0 : this.tall ? 0.7 : 0.5;
    const scale = Math.min(1, Math.max(least, Math.min(w / width, h / height)));
    this.fitted = true;
    this.view = { scale, x: Math.max(0, (w - width * scale) / 2), y: Math.max(0, (h - height * scale) / 2) };
    if (!this.tall && height * scale > h) this.view.y = (h - height * scale) / 2;
    this.show();
  }

  zoom(factor, cx = this.svg.clientWidth / 2, cy = this.svg.clientHeight / 2) {
    const scale = Math.min(SCALES[1], Math.max(SCALES[0], this.view.scale * factor)), ratio = scale / this.view.scale;
    this.view = { scale, x: cx - (cx - this.view.x) * ratio, y: cy - (cy - this.view.y) * ratio };
    this.show();
  }

  // Dragging moves, two fingers or the wheel with Ctrl zoom; the wheel alone scrolls the page as everywhere.
  pans() {
    const fingers = new Map();
    this.svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
    }, { passive: false });
    this.svg.addEventListener("pointerdown", (event) => { if (!fingers.size) this.moved = false; fingers.set(event.pointerId, event); });
    addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      if (fingers.size === 2) {
        const [other] = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
        const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY) || 1;
        const { left, top } = this.svg.getBoundingClientRect();
        this.zoom(apart(event) / apart(before), (event.clientX + other.clientX) / 2 - left, (event.clientY + other.clientY) / 2 - top);
      } else {
        const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
        if (!this.moved && Math.hypot(dx, dy) < 4) return;
        this.view.x += dx; this.view.y += dy;
        this.show();
      }
      this.moved = true;
      fingers.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, (event) => fingers.delete(event.pointerId));
  }

  // What the boxes have no room for, under the tools: by pointing and by focus.
  say(node) {
    this.said.textContent = `${node.path || node.name}: ${this.number(node, "ms")}, ${this.number(node, "traffic")} of DRAM traffic, bound by ${node.of.bound}`;
  }

  focus(node, visible = true) {
    this.focused = node;
    node.element?.focus({ preventScroll: true });
    this.say(node);
    if (visible) this.middle(node);
  }

  focusSoon(node) { this.show(); requestAnimationFrame(() => this.focus(node, false)); }

  // Arrows follow the data and go to what lies beside; Enter chooses, Space opens or closes, + - 0 zoom.
  typed(event) {
    const node = this.focused ?? this.root.parts[0];
    const shown = this.drawn.filter((item) => item.node && !(item.node.parts && item.node.open)).map((item) => item.node).sort((a, b) => a.first - b.first);
    const step = (by) => shown[Math.min(shown.length - 1, Math.max(0, shown.indexOf(node) + by))] ?? shown[0];
    const keys = {
      ArrowRight: () => this.focus(step(1)), ArrowDown: () => this.focus(step(1)),
      ArrowLeft: () => this.focus(step(-1)), ArrowUp: () => this.focus(step(-1)),
      Home: () => this.focus(shown[0]), End: () => this.focus(shown[shown.length - 1]),
      Enter: () => this.choose(node), " ": () => this.toggle(node),
      Escape: () => { if (node.parent.parent) { this.toggle(node.parent); } },
      "+": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5), 0: () => this.fit(),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  }
}
