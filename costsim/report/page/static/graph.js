// The network as a graph: blocks within blocks that open and close. Only what is near the screen is in the document, and
// nothing is laid out before the reader comes near.
const FAR = 0.45, FEW = 60;

class NetworkGraph {
  constructor(box, parts, ops, colours, onChoose) {
    this.colours = colours; this.onChoose = onChoose;
    this.svg = box.querySelector("svg");
    this.scene = this.svg.querySelector("g");
    this.said = box.querySelector("output");
    this.by = box.querySelector("[name=by]");
    this.tall = matchMedia("(max-width: 720px)").matches;
    this.tree = new GraphTree(parts, ops);
    this.tree.openFew(FEW);
    this.layout = new GraphLayout(this.tall);
    this.camera = new GraphCamera(this.svg, () => this.show());
    this.drawn = [];
    this.listens((action) => box.querySelector(`[data-do=${action}]`));
    new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.start(), { rootMargin: "50% 0px" }).observe(this.svg);
  }

  async start() {
    await librariesReady;
    if (this.whole) return;
    this.draw();
    this.camera.fit(this.whole, this.tall ? 0.7 : 0.5, this.tall);
  }

  listens(button) {
    this.by.addEventListener("input", () => this.paint());
    button("in").addEventListener("click", () => this.camera.zoom(1.5));
    button("out").addEventListener("click", () => this.camera.zoom(1 / 1.5));
    button("fit").addEventListener("click", () => this.fit());
    button("open").addEventListener("click", () => this.openAll(true));
    button("close").addEventListener("click", () => this.openAll(false));
    this.svg.addEventListener("click", (event) => this.clicked(event));
    this.svg.addEventListener("pointerover", (event) => { const node = this.at(event); if (node) this.say(node); });
    this.svg.addEventListener("dblclick", (event) => this.toggle(this.at(event)));
    this.svg.addEventListener("keydown", (event) => this.typed(event));
  }

  draw() {
    this.whole = this.layout.of(this.tree.root);
    this.drawn = this.whole.drawn;
    this.scene.replaceChildren();
    this.paint();
  }

  // The screen shows part of the whole: elements are made when they come near and taken out when they leave.
  show() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const { clientWidth: w, clientHeight: h } = this.svg, { x, y, scale } = this.camera.view;
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

  number(node, by) {
    if (by === "traffic") return node.traffic >= 2 ** 20 ? `${(node.traffic / 2 ** 20).toPrecision(3)} MiB` : `${(node.traffic / 2 ** 10).toPrecision(3)} KiB`;
    return node.ms >= 1 ? `${Number(node.ms.toPrecision(3))} ms` : `${Number((1e3 * node.ms).toPrecision(3))} us`;
  }

  // Colours and marks of all that is drawn.
  paint() {
    const closed = this.closed();
    const by = this.by.value === "traffic" ? "traffic" : "ms";
    this.most = Math.max(0, ...closed.map((node) => node[by])) || 1;
    for (const item of this.drawn) if (item.node && item.element) this.paintOne(item);
    this.show();
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

  // What is drawn as one box: ops, and blocks that are closed.
  closed() { return this.drawn.filter(({ node }) => node && !(node.parts && node.open)).map(({ node }) => node); }

  at(event) { return event.target.closest(".node")?.node; }

  clicked(event) {
    const node = this.at(event);
    if (!node || this.camera.moved) return;
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
    const before = node.box, { scale } = this.camera.view;
    node.open = !node.open;
    this.draw();
    this.camera.shift((before.x - node.box.x) * scale, (before.y - node.box.y) * scale);
    this.focusSoon(node);
  }

  openAll(open) {
    this.tree.openAll(open);
    this.draw();
    this.fit();
  }

  fit() { this.camera.fit(this.whole, 0, this.tall); }

  // Ops that stand back (all but these, or none where undefined), and the one that was picked.
  mark(kept, picked) {
    this.kept = kept; this.picked = picked;
    this.paint();
  }

  // Open the blocks around an op and bring it into the middle.
  async reveal(row) {
    await librariesReady;
    const leaf = this.tree.leaves[row];
    if (!leaf) return;
    this.tree.openAround(leaf);
    this.draw();
    this.camera.middle(leaf.box);
  }

  // What the boxes have no room for, under the tools: by pointing and by focus.
  say(node) {
    this.said.textContent = `${node.path || node.name}: ${this.number(node, "ms")}, ${this.number(node, "traffic")} of DRAM traffic, bound by ${node.of.bound}`;
  }

  focus(node, visible = true) {
    this.focused = node;
    node.element?.focus({ preventScroll: true });
    this.say(node);
    if (visible) this.camera.middle(node.box);
  }

  focusSoon(node) { this.show(); requestAnimationFrame(() => this.focus(node, false)); }

  // Arrows follow the data and go to what lies beside; Enter chooses, Space opens or closes, + - 0 zoom.
  typed(event) {
    const node = this.focused ?? this.tree.root.parts[0];
    const shown = this.closed().sort((a, b) => a.first - b.first);
    const step = (by) => shown[Math.min(shown.length - 1, Math.max(0, shown.indexOf(node) + by))] ?? shown[0];
    const keys = {
      ArrowRight: () => this.focus(step(1)), ArrowDown: () => this.focus(step(1)),
      ArrowLeft: () => this.focus(step(-1)), ArrowUp: () => this.focus(step(-1)),
      Home: () => this.focus(shown[0]), End: () => this.focus(shown[shown.length - 1]),
      Enter: () => this.choose(node), " ": () => this.toggle(node),
      Escape: () => { if (node.parent.parent) { this.toggle(node.parent); } },
      "+": () => this.camera.zoom(1.5), "-": () => this.camera.zoom(1 / 1.5), 0: () => this.fit(),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  }
}
