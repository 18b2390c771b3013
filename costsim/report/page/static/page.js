// The page of one analysis: its parts know nothing of each other, this joins them. There is one selection: what the
// layer table shows, and in it the op that was picked. Charts and graph fade the rest.
const table = new LayerTable(document.getElementById("ops"), document.querySelector(".filters"), payload.data.ops);
const graph = new NetworkGraph(document.querySelector(".graph"), payload.graph, payload.data.ops, payload.colours, choose);
const bar = document.querySelector(".picked-bar");
const columns = { block: "block", limit: "bound", class: "class" };
const times = ["timeline", "memory", "arena", "offchip"];
document.addEventListener("chosen", ({ detail }) => choose(detail));

function choose(datum) {
  if (datum.setting !== undefined) return turned.go(datum.place);
  if (datum.row !== undefined) return table.pick(datum.row === table.picked ? undefined : datum.row);
  for (const [field, column] of Object.entries(columns))
    if (datum[field] !== undefined && table.choose(column, datum[field])) return;
}

for (const button of document.querySelectorAll("button[data-class]"))
  button.addEventListener("click", () => table.choose("class", button.dataset.class));

// What the table shows, as charts ask for it: for each field the values that are not faded.
function keptValues({ kept }) {
  if (!kept) return null;
  const all = { row: {}, block: {}, class: {}, limit: {}, stage: {} };
  for (const row of kept) {
    const op = payload.data.ops[row];
    for (const [field, value] of [["row", row], ["block", op.block], ["class", op.class], ["limit", op.bound], ["stage", op.block.split(".")[0]]]) all[field][value] = true;
  }
  return all;
}

function markChart(name, kept) {
  if (payload.specs[name].params?.some((param) => param.name === "kept"))
    views[name].signal("kept", kept).signal("picked", table.picked ?? -1).runAsync();
}

function markSelection() {
  const { kept, picked } = table, values = keptValues(table);
  for (const name of Object.keys(views)) markChart(name, values);
  graph.mark(kept, picked);
  bar.hidden = picked === undefined;
  if (picked !== undefined) describe(payload.data.ops[picked]);
}

// All that is known of the op that was picked: every ceiling, not only the one that binds.
function describe(op) {
  const time = (ms) => graph.number({ ms }, "ms");
  bar.querySelector("strong").textContent = op.name;
  bar.querySelector("span").textContent = `${op.class}, ${time(op.ms)}, ${(100 * op.share).toFixed(1)} % of the time, ${graph.number({ traffic: op.dram_bytes }, "traffic")} of DRAM traffic${table.runs(op.row)}`;
  const limits = Object.keys(payload.limits).map((name, i) => [name, op.ceilings[i]]).filter(([, ms]) => ms > 0).sort((a, b) => b[1] - a[1]);
  bar.querySelector("ul").replaceChildren(...limits.map(([name, ms]) => {
    const line = document.createElement("li");
    line.textContent = `${name} ${time(ms)}`;
    line.classList.toggle("binds", name === op.bound);
    return line;
  }));
}
bar.querySelector("[data-do=none]").addEventListener("click", () => table.pick(undefined));
bar.querySelector("[data-do=table]").addEventListener("click", () => table.show());
bar.querySelector("[data-do=graph]").addEventListener("click", () => { graph.svg.scrollIntoView({ block: "center" }); graph.reveal(table.picked); });
table.form.addEventListener("filtered", markSelection);

// Charts over time show the same stretch of it.
const sum = (field) => payload.data.ops.reduce((total, op) => total + (op[field] ?? 0), 0);
const total = Math.max(sum("ms"), sum("measured_ms"));
let shown;
function stretch(name, range) {
  shown = range;
  for (const other of times)
    if (other !== name && views[other] && String(views[other].signal("zoom_from_ms")) !== String(range)) views[other].signal("zoom_from_ms", range).runAsync();
}
function zoomTime(factor) {
  const [from, to] = shown ?? [0, total];
  const middle = (from + to) / 2, half = Math.min(total, (to - from) * factor) / 2;
  const start = Math.max(0, Math.min(middle - half, total - 2 * half));
  stretch("", [start, start + 2 * half]);
}
for (const [name, factor] of [["in", 0.5], ["out", 2]])
  document.querySelector(`.timetools [data-do=${name}]`).addEventListener("click", () => zoomTime(factor));
document.querySelector(".timetools [data-do=all]").addEventListener("click", () => stretch("", [0, total]));
document.querySelector(".timetools [data-do=here]").addEventListener("click", () => {
  const rows = table.picked === undefined ? [...table.kept ?? []] : [table.picked];
  if (!rows.length) return;
  const starts = [0];
  for (const op of payload.data.ops) starts.push(starts.at(-1) + op.ms);
  const from = starts[Math.min(...rows)], to = starts[Math.max(...rows) + 1], margin = (to - from) / 4 || total / 100;
  stretch("", [Math.max(0, from - margin), Math.min(total, to + margin)]);
});

// The roofline is of one memory level at a time.
function showLevel() {
  const chosen = document.querySelector("input[name=level]:checked");
  if (chosen) views.roofline?.signal("level", chosen.value).runAsync();
}
for (const radio of document.querySelectorAll("input[name=level]")) radio.addEventListener("change", showLevel);

whatIf(document.querySelector(".whatif"), payload.whatif);
const turned = payload.grid && new Turned(document.querySelector(".turned"), payload.grid, (ms) => graph.number({ ms }, "ms"));
const state = new State({
  op: { get: () => table.picked, set: (row) => payload.data.ops[row] && table.pick(Number(row)) },
});
state.read();
markSelection();

// Whatever is drawn late, or again in other colours, shows what has been chosen by then.
document.addEventListener("drawn", ({ detail: { name, view } }) => {
  if (name === "roofline") showLevel();
  if (table.kept || table.picked !== undefined) markChart(name, keptValues(table));
  if (!times.includes(name)) return;
  if (shown) view.signal("zoom_from_ms", shown).runAsync();
  view.addSignalListener("zoom_from_ms", (_, range) => range && stretch(name, range));
});
document.addEventListener("recoloured", () => graph.paint());
