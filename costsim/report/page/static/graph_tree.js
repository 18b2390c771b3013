// The network as a tree: blocks that hold blocks and ops. A block knows the sums over its ops and the edges between its parts.
class GraphTree {
  constructor({ parts, edges }, ops) {
    this.ops = ops;
    this.leaves = [];
    this.root = this.node({ name: "", path: "", parts }, null);
    this.root.open = true;
    this.project(edges);
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
    const path = (node) => node.parent ? [...path(node.parent), node] : [node];
    for (const [from, to] of edges) {
      const [a, b] = [path(this.leaves[from]), path(this.leaves[to])];
      let depth = 0;
      while (a[depth] === b[depth]) depth += 1;
      const list = a[depth - 1].edges;
      if (!list.has(a[depth])) list.set(a[depth], new Set());
      list.get(a[depth]).add(b[depth]);
    }
  }

  // Open the outer blocks while few parts show.
  openFew(few) {
    const inside = this.root.parts.reduce((sum, { parts }) => sum + (parts?.length ?? 1), 0);
    if (inside <= few) for (const part of this.root.parts) part.open = Boolean(part.parts);
  }

  openAll(open, node = this.root) {
    for (const child of node.parts ?? []) { if (child.parts) child.open = open; this.openAll(open, child); }
  }

  // Open every block around an op.
  openAround(leaf) {
    for (let node = leaf.parent; node.parent; node = node.parent) node.open = true;
  }
}
