"use strict";
inpaintbench.sorting = (() => {
  const missing = (value) => value === "" || value === null || Number.isNaN(value);

  // Missing values come last in either direction.
  const compare = (a, b, descending) => {
    if (missing(a) || missing(b)) return missing(a) - missing(b);
    const order =
      typeof a === "number"
        ? a - b
        : a.localeCompare(b, "en", { numeric: true, sensitivity: "base" });
    return descending ? -order : order;
  };

  // Makes the heads of a table's columns say how it is sorted, and ask for another way.
  const heads = (table, ask) => {
    const all = [...table.querySelectorAll("thead th[data-column]")];
    for (const head of all) {
      head.querySelector("button").addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const descending = now ? now === "ascending" : head.dataset.first === "descending";
        ask(head.dataset.column, descending);
      });
    }
    return (column, descending) => {
      for (const head of all) {
        if (head.dataset.column !== column) head.removeAttribute("aria-sort");
        else head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      }
    };
  };

  // Puts rows in order; value(row) gives what a row is sorted by, and last(row) what ends it.
  const order = (rows, value, descending, last = () => false) => {
    const keyed = rows.map((row, place) => ({ row, place, value: value(row), last: last(row) }));
    keyed.sort(
      (a, b) =>
        a.last - b.last || compare(a.value, b.value, descending) || a.place - b.place,
    );
    return keyed.map(({ row }) => row);
  };
  return { heads, order };
})();
