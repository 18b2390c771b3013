// Where everything of the graph lies. Every level is laid out by itself, the innermost first (stages from left to right, what
// is in them from top to bottom), so that opening a block lays out only what is around it.
const HEAD = 26, LINE = 16, MOST_WIDTH = 190;

class GraphLayout {
  constructor(tall) {
    this.tall = tall;
    this.pen = document.createElement("canvas").getContext("2d");
    this.pen.font = "13px sans-serif";
  }

  // Boxes and lines, outer boxes first, in the coordinates of the whole.
  of(root) {
    const whole = this.level(root), drawn = [];
    const place = (node, x, y, inner) => {
      node.parts.forEach((child, i) => {
        const { x: cx, y: cy, width, height } = inner.places[i];
        child.box = { node: child, x: x + cx - width / 2, y: y + inner.head + cy - height / 2, width, height };
        drawn.push(child.box);
        if (child.parts && child.open) place(child, child.box.x, child.box.y, child.laidOut);
      });
      for (const points of inner.lines) drawn.push(this.line(points.map((p) => [x + p.x, y + inner.head + p.y])));
    };
    place(root, 0, 0, whole);
    return { drawn, width: whole.width, height: whole.height };
  }

  level(node) {
    const key = node.parts.map((child) => { const { width, height } = this.size(child); return `${width},${height}`; }).join(" ");
    if (node.laidOut?.key === key) return node.laidOut;
    const graph = new dagre.graphlib.Graph(), down = node.parent || this.tall;
    graph.setGraph({ rankdir: down ? "TB" : "LR", nodesep: 14, ranksep: down ? 20 : 30, marginx: 14, marginy: 12 });
    node.parts.forEach((child, i) => { child.place = String(i); graph.setNode(child.place, { ...this.size(child) }); });
    for (const [from, tos] of node.edges) for (const to of tos) graph.setEdge(from.place, to.place, {});
    dagre.layout(graph);
    const places = node.parts.map((child) => graph.node(child.place));
    const lines = graph.edges().map((edge) => graph.edge(edge).points);
    const { width, height } = graph.graph(), head = node.parent ? HEAD : 0;
    return node.laidOut = { key, places, lines, width: Math.max(width, this.pen.measureText(node.name).width + 110), height: height + head, head };
  }

  size(node) {
    if (node.parts && node.open) return this.level(node);
    node.label ??= this.short(node.op && node.parent.path && node.name.startsWith(`${node.parent.path}.`) ? node.name.slice(node.parent.path.length + 1) : node.name);
    node.detail ??= node.op ? node.op.class : node.rows.length === 1 ? "1 op" : `${node.rows.length} ops`;
    node.width ??= Math.max(this.pen.measureText(node.label).width + (node.parts ? 26 : 0), this.pen.measureText(`${node.detail} 00.00 ms`).width) + 22;
    return { width: node.width, height: 2 * LINE + 10 };
  }

  short(text) {
    let short = text;
    while (short.length > 1 && this.pen.measureText(short).width > MOST_WIDTH) short = short.slice(0, -2);
    return short === text ? text : `${short}…`;
  }

  line(points) {
    const xs = points.map(([x]) => x), ys = points.map(([, y]) => y), x = Math.min(...xs), y = Math.min(...ys);
    return { points, x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
  }
}
