// Networks by devices: sorted by a column, and in milliseconds or as multiples of one network's times.
const matrix = document.getElementById("matrix-table");

if (matrix) {
  const body = matrix.tBodies[0], heads = [...matrix.tHead.rows[0].cells], rows = [...body.rows];
  const value = (row, column) => column ? Number(row.cells[column].dataset.v) : row.cells[0].textContent;
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const sign = turnedOrder(heads, column, "ascending");
    body.append(...rows.toSorted((a, b) => sign * compared(value(a, column), value(b, column))));
  }));

  const times = rows.map((row) => [...row.cells].slice(1).map((cell) => cell.textContent));
  const choice = document.querySelector("select[name=relative]");
  choice.addEventListener("change", () => {
    const shown = payload.multiples[choice.value] ?? times;
    rows.forEach((row, i) => shown[i].forEach((text, j) => { row.cells[j + 1].textContent = text; }));
    for (const unit of matrix.querySelectorAll("thead small")) unit.textContent = choice.value ? "times" : unit.dataset.unit;
  });
  new State({}).read();
}
