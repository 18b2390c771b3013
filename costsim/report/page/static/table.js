// The layer table: sorting, filtering, and being filtered by charts, legend and blocks.
// Long tables are laid out in part: their first rows in the current order, and all on request.

class LayerTable {
  constructor(table, form, ops) {
    this.more = document.getElementById("more");
    this.more.addEventListener("click", () => { this.all = true; this.filter(); });
    document.getElementById("save").addEventListener("click", () => this.save());
    this.firstRows = Number(table.dataset.firstRows);
    this.form = form;
    this.body = table.tBodies[0];
    this.heads = [...table.tHead.rows[0].cells];
    this.find = form.querySelector("input[type=search]");
    this.selects = Object.fromEntries([...form.querySelectorAll("select")].map((box) => [box.dataset.column, box]));
    this.rows = [...this.body.rows].map((tr, i) => ({ tr, op: ops[i], text: tr.textContent.toLowerCase() }));
    this.ordered = [...this.rows];
    this.heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => this.sort(column)));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr"), at = row && Number(row.dataset.row);
      if (row) this.pick(at === this.picked ? undefined : at, false);
    });
    form.addEventListener("input", () => this.filter());
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => this.filter()));
    this.filter();
  }

  values(row) {
    return row.values ??= [...row.tr.cells].map((cell, column) =>
      this.heads[column].classList.contains("n") ? Number(cell.dataset.v ?? cell.textContent) : cell.textContent);
  }

  sort(column) {
    const head = this.heads[column];
    const first = head.dataset.key !== "row" && head.classList.contains("n") ? "descending" : "ascending";
    const sign = turnedOrder(this.heads, column, first);
    this.ordered.sort((a, b) => sign * compared(this.values(a)[column], this.values(b)[column]));
    this.body.replaceChildren(...this.ordered.map((row) => row.tr));
    this.filter();
  }

  filter() {
    const words = this.find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const inside = (column, own, value) => own === value || (column === "block" && own.startsWith(`${value}.`));
    const wanted = Object.entries(this.selects).filter(([, box]) => box.selectedIndex > 0).map(([column, box]) => [column, box.value]);
    let count = 0, ms = 0, share = 0;
    const kept = new Set();
    for (const { tr, op, text } of this.ordered) {
      const matches = words.every((word) => text.includes(word)) && wanted.every(([column, value]) => inside(column, op[column], value));
      tr.hidden = !matches || (count >= this.firstRows && !this.all);
      if (matches) { kept.add(op.row); count += 1; ms += op.ms; share += op.share; }
    }
    this.more.hidden = this.all || count <= this.firstRows;
    this.more.textContent = `Show all ${count}, not only the first ${this.firstRows}`;
    this.form.querySelector("output").textContent =
      `${count} of ${this.rows.length} ops, ${ms.toPrecision(3)} ms, ${(100 * share).toFixed(1)} % of the time`;
    this.kept = words.length || wanted.length ? kept : undefined;
    this.form.dispatchEvent(new Event("filtered"));
    for (const [column, box] of Object.entries(this.selects))
      for (const button of document.querySelectorAll(`[data-${column}]`))
        button.setAttribute("aria-pressed", String(box.selectedIndex > 0 && button.dataset[column] === box.value));
  }

  // What the filters keep, in the order shown, numbers unrounded: milliseconds, ratios, bytes.
  csv() {
    const inert = (text) => /^[=+\-@]/.test(text) ? `'${text}` : text; // no formula, whatever a network calls its layers
    const quoted = (text) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const kept = this.ordered.filter(({ op }) => !this.kept || this.kept.has(op.row));
    const rows = kept.map(({ tr }) => [...tr.cells].map((cell) => cell.dataset.v ?? inert(cell.textContent.trim())));
    return [this.heads.map((head) => head.dataset.key), ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
  }

  save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([this.csv()], { type: "text/csv" }));
    link.download = `${document.title}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // Show only the ops with this value; choosing it again shows all.
  choose(column, value) {
    const box = this.selects[column], index = [...box.options].findIndex((option, i) => i > 0 && option.value === value);
    if (index < 0) return false;
    const again = box.selectedIndex === index;
    this.form.reset();
    box.selectedIndex = again ? 0 : index;
    this.filter();
    return true;
  }

  // Choose one op, or none; the filters stay where they do not hide it.
  pick(row, scroll = true) {
    this.picked = row;
    if (this.kept && row !== undefined && !this.kept.has(row)) { this.form.reset(); for (const box of Object.values(this.selects)) box.selectedIndex = 0; }
    this.all = this.all || (row !== undefined && this.rows.length > this.firstRows);
    this.filter();
    this.rows.forEach(({ tr }, i) => tr.classList.toggle("picked", i === row));
    if (scroll && row !== undefined) this.scroll(row);
  }

  // Within its own box only: the page stays where the reader is.
  scroll(row) {
    const box = this.body.closest(".tablebox"), tr = this.rows[row].tr;
    box.scrollTop = tr.offsetTop - box.clientHeight / 2;
  }

  // What the op is made of, where the device joins several layers.
  runs(row) {
    const { runs } = this.rows[row].tr.cells[1].dataset;
    return runs ? `; runs ${runs}` : "";
  }

  show() {
    this.rows[this.picked].tr.scrollIntoView({ block: "center" });
  }
}
