"use strict";
(() => {
  const payload = JSON.parse(document.getElementById("payload").textContent);
  const views = {};

  // ---- charts -------------------------------------------------------------------------------
  const styleOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function theme() {
    const ink = styleOf("--ink"), soft = styleOf("--soft"), line = styleOf("--line"), font = getComputedStyle(document.body).fontFamily;
    return {
      background: null, font,
      view: { stroke: null },
      axis: { labelColor: soft, titleColor: soft, gridColor: line, domainColor: line, tickColor: line, labelFontSize: 12, titleFontSize: 12,
              titleFontWeight: "normal", labelOverlap: "greedy", labelSeparation: 8, labelLimit: window.innerWidth < 720 ? 120 : 190 },
      text: { color: ink, fontSize: 12 },
      style: { "roof-label": { fill: soft, fontSize: 12 } },
    };
  }

  async function draw(box) {
    const spec = payload.specs[box.dataset.chart];
    const full = { width: "container", autosize: { type: "fit-x", contains: "padding" }, ...spec, datasets: payload.data };
    const { view } = await vegaEmbed(box, full, {
      renderer: "svg", config: theme(), actions: { export: true, source: false, compiled: false, editor: false },
      downloadFileName: `costsim-${box.dataset.chart}`,
    });
    views[box.dataset.chart] = view;
    view.addEventListener("click", (event, item) => item && item.datum && choose(item.datum));
  }

  async function drawAll() {
    for (const box of document.querySelectorAll("[data-chart]")) await draw(box);
    document.documentElement.dataset.drawn = "true";
  }

  for (const radio of document.querySelectorAll("input[name=level]"))
    radio.addEventListener("change", () => views.roofline.signal("level", radio.value).runAsync());

  // ---- layer table --------------------------------------------------------------------------
  const table = document.getElementById("ops"), form = document.querySelector(".filters");
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows].map((tr, i) => {
    const op = payload.data.ops[i];
    return { tr, op, text: tr.textContent.toLowerCase(), values: null };
  });
  const find = document.getElementById("find"), shown = document.getElementById("shown");
  const selects = [...form.querySelectorAll("select")];

  const valuesOf = (row) => row.values ??= [...row.tr.cells].map((cell) =>
    cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.classList.contains("n") ? Number(cell.textContent) : cell.textContent);

  function sortBy(column) {
    const head = heads[column], numeric = head.classList.contains("n") && column > 0;
    const now = head.getAttribute("aria-sort");
    const order = now ? (now === "descending" ? "ascending" : "descending") : numeric ? "descending" : "ascending";
    heads.forEach((h) => h.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1, collator = new Intl.Collator("en", { numeric: true });
    const compare = (a, b) => typeof a === "number" ? a - b : collator.compare(a, b);
    const sorted = [...rows].sort((a, b) => sign * compare(valuesOf(a)[column], valuesOf(b)[column]));
    body.replaceChildren(...sorted.map((row) => row.tr));
  }
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => sortBy(column)));

  function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = selects.filter((s) => s.value !== "" || s.selectedIndex > 0).map((s) => [s.dataset.column, s.value]);
    let count = 0, ms = 0, share = 0;
    for (const { tr, op, text } of rows) {
      const keep = words.every((w) => text.includes(w)) && wanted.every(([column, value]) => op[column] === value);
      tr.hidden = !keep;
      if (keep) { count += 1; ms += op.ms; share += op.share; }
    }
    shown.textContent = `${count} of ${rows.length} ops, ${ms.toPrecision(4)} ms, ${(100 * share).toFixed(1)} % of the time`;
    for (const button of document.querySelectorAll("[data-filter-class]"))
      button.setAttribute("aria-pressed", String(button.dataset.filterClass === selects[0].value));
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));

  function select(column, value) {
    const box = selects.find((s) => s.dataset.column === column);
    box.value = box.value === value ? "" : value;
    filter();
  }
  for (const button of document.querySelectorAll("[data-filter-class]"))
    button.addEventListener("click", () => select("class", button.dataset.filterClass));

  function choose(datum) {
    if (datum.row !== undefined) return pick(datum.row);
    for (const [key, column] of [["block", "block"], ["limit", "bound"], ["class", "class"]])
      if (datum[key] !== undefined && selects.some((s) => [...s.options].some((o) => o.value === datum[key] && s.dataset.column === column))) {
        form.reset(); select(column, datum[key]);
        document.getElementById("layers").scrollIntoView();
        return;
      }
  }

  function pick(row) {
    form.reset(); filter();
    rows.forEach(({ tr }, i) => tr.classList.toggle("picked", i === row));
    rows[row].tr.scrollIntoView({ block: "center" });
  }

  filter();
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
