// The head of the column a table is sorted by says so; choosing it again turns the order round.
function turnedOrder(heads, column, first) {
  const head = heads[column], now = head.getAttribute("aria-sort");
  const order = !now ? first : now === "descending" ? "ascending" : "descending";
  for (const other of heads) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  return order === "ascending" ? 1 : -1;
}

const byName = new Intl.Collator("en", { numeric: true });
const compared = (a, b) => typeof a === "number" ? a - b : byName.compare(a, b);
