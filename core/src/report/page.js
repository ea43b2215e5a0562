"use strict";
for (const table of document.querySelectorAll("table.examples")) {
  const body = table.tBodies[0];
  const filter = document.querySelector(".filter");
  const key = (row, column) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b));
  const sort = (head) => {
    const down = head.ariaSort !== "descending";
    for (const other of table.tHead.rows[0].cells) other.ariaSort = null;
    head.ariaSort = down ? "descending" : "ascending";
    const column = head.cellIndex;
    const sign = down ? -1 : 1;
    const rows = [...body.rows].sort((a, b) => sign * compare(key(a, column), key(b, column)));
    body.append(...rows);
  };
  const show = (cell) => {
    for (const row of body.rows) row.hidden = cell ? row.dataset.cell !== cell : "right" in row.dataset;
    filter.hidden = !cell;
  };
  for (const button of table.tHead.querySelectorAll("button")) {
    button.addEventListener("click", () => sort(button.parentElement));
  }
  for (const link of document.querySelectorAll("a[data-cell]")) {
    link.addEventListener("click", () => show(link.dataset.cell));
  }
  filter.querySelector("button").addEventListener("click", () => show(null));
}
