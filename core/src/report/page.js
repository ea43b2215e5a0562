"use strict";
for (const table of document.querySelectorAll("table.examples")) {
  const body = table.tBodies[0];
  const filter = document.querySelector(".filter");
  const heading = table.closest("section").querySelector("h2");
  const all = heading.textContent;
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
  const show = (link) => {
    const cell = link?.dataset.cell;
    let shown = 0;
    for (const row of body.rows) {
      row.hidden = link ? row.dataset.cell !== cell : "right" in row.dataset;
      if (!row.hidden) shown += 1;
    }
    filter.hidden = !link;
    const few = link && Number(link.textContent) > shown;
    heading.textContent = link ? link.title + (few ? `, of which ${shown} are here` : "") : all;
  };
  for (const button of table.tHead.querySelectorAll("button")) {
    button.addEventListener("click", () => sort(button.parentElement));
  }
  for (const link of document.querySelectorAll("a[data-cell]")) {
    link.addEventListener("click", () => show(link));
  }
  filter.querySelector("button").addEventListener("click", () => show(null));
}
