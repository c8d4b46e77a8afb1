"use strict";
(() => {
  const { address, choices: makeChoices, sorting } = inpaintbench;
  const table = document.getElementById("cases");
  const form = document.getElementById("filters");
  const find = document.getElementById("find");
  const status = document.getElementById("status");
  const clear = document.getElementById("clear");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({
    row,
    codes: row.dataset.codes.split(" ").map(Number),
    name: row.dataset.name.toLowerCase(),
  }));
  const choices = makeChoices(form);
  const places = new Map(
    [...form.querySelectorAll("details.choice")].map((choice) => [
      choice.dataset.facet,
      Number(choice.dataset.place),
    ]),
  );
  let sort = null;

  const value = (row, column) => {
    const cell = row.querySelector(`[data-column="${column}"]`);
    if (!cell.classList.contains("number")) return cell.textContent.trim();
    return cell.dataset.value === "" ? "" : Number(cell.dataset.value);
  };

  const update = () => {
    const wanted = choices.keys
      .map((key) => ({
        place: places.get(key),
        codes: new Set(choices.get(key).map((box) => Number(box.dataset.code))),
      }))
      .filter(({ codes }) => codes.size);
    const words = find.value.trim().toLowerCase();
    let shown = 0;
    for (const { row, codes, name } of rows) {
      const here =
        name.includes(words) && wanted.every((want) => want.codes.has(codes[want.place]));
      row.hidden = !here;
      shown += here;
    }
    status.textContent = `${shown} of ${rows.length} cases`;
    const all = rows.map(({ row }) => row);
    showState(sort ? sort.column : "", sort ? sort.descending : false);
    body.append(
      ...(sort ? sorting.order(all, (row) => value(row, sort.column), sort.descending) : all),
    );
    choices.show();
    const parameters = new URLSearchParams();
    for (const key of choices.keys) {
      for (const box of choices.get(key)) parameters.append(key, box.value);
    }
    if (words) parameters.set("find", find.value.trim());
    if (sort) parameters.set("sort", `${sort.descending ? "-" : ""}${sort.column}`);
    address.write(parameters);
    clear.hidden = !parameters.size;
  };

  const showState = sorting.heads(table, (column, descending) => {
    sort = { column, descending };
    update();
  });

  const readAddress = () => {
    const parameters = address.read([...choices.keys, "find", "sort"]);
    if (!parameters) return false;
    for (const key of choices.keys) choices.set(key, parameters.getAll(key));
    find.value = parameters.get("find") || "";
    const asked = parameters.get("sort") || "";
    const column = asked.replace(/^-/, "");
    const known = [...table.querySelectorAll("thead th[data-column]")].some(
      (head) => head.dataset.column === column,
    );
    sort = known ? { column, descending: asked.startsWith("-") } : null;
    return true;
  };

  clear.addEventListener("click", () => {
    form.reset();
    sort = null;
    update();
    find.focus();
  });
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => readAddress() && update());
  readAddress();
  form.hidden = false;
  update();
})();
