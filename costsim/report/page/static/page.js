// The page of one analysis: its parts know nothing of each other, this joins them.
const table = new LayerTable(document.getElementById("ops"), document.querySelector(".filters"), payload.data.ops);
const columns = { block: "block", limit: "bound", class: "class" };

function choose(datum) {
  if (datum.row !== undefined) return table.pick(datum.row);
  for (const [field, column] of Object.entries(columns))
    if (datum[field] !== undefined && table.choose(column, datum[field]))
      return document.getElementById("layers").scrollIntoView();
}

for (const [column, attribute] of [["class", "data-class"], ["block", "data-block"]])
  for (const button of document.querySelectorAll(`button[${attribute}]`))
    button.addEventListener("click", () => table.choose(column, button.dataset[column]));

const boxes = [...document.querySelectorAll("button[data-block]")].map((box) => ({ box, reads: JSON.parse(box.dataset.reads) }));
for (const { box, reads } of boxes) {
  const mark = (on) => boxes.forEach((other) => {
    other.box.classList.toggle("source", on && reads.includes(other.box.dataset.block));
    other.box.classList.toggle("reader", on && other.reads.includes(box.dataset.block));
  });
  for (const event of ["mouseenter", "focus"]) box.addEventListener(event, () => mark(true));
  for (const event of ["mouseleave", "blur"]) box.addEventListener(event, () => mark(false));
}

// Charts of blocks fade all but the one the table is filtered by.
function markChosen() {
  const box = table.selects.block;
  for (const name of ["blocks", "measures"])
    views[name]?.signal("chosen", box?.selectedIndex > 0 ? box.value : "").runAsync();
}
table.form.addEventListener("filtered", markChosen);

whatIf(document.querySelector(".whatif"), payload.whatif);
const drawPage = () => drawAll(choose).then(markChosen);
drawPage();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawPage);
