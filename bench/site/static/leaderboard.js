"use strict";
(() => {
  const { address, csv, qualities, run, sorting } = inpaintbench;
  const element = (id) => document.getElementById(id);
  const table = element("leaderboard");
  const form = element("filters");
  const status = element("status");
  const [budget, metric, find, intervals] = ["budget", "metric", "find", "intervals"].map(element);
  const choices = inpaintbench.choices(form);
  const body = table.tBodies[0];
  const heads = [...table.querySelectorAll("thead th[data-column]")];
  const columnsKnown = heads.map((head) => head.dataset.column);
  const count = run.facets[0].codes.length;
  const ranks = Object.keys(run.meanRanks).length;
  const isRank = (column) => column.startsWith("rank:");
  const usual = { sort: columnsKnown.find(isRank) || "method", metric: metric.value };

  const methods = [...body.rows].map((row, j) => {
    const cells = new Map([...row.cells].map((cell) => [cell.dataset.column, cell]));
    const finished = cells.get("cells");
    return {
      j,
      row,
      cells,
      name: row.dataset.name.toLowerCase(),
      family: row.dataset.family,
      aside: row.classList.contains("aside"),
      finished: { text: finished.textContent.trim(), value: finished.dataset.value },
    };
  });
  let sort = { column: usual.sort, descending: false };
  let shown = new Map(); // what qualities.js gives
  let setAside = new Set();

  const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const metricNumber = () => run.metrics.findIndex((other) => other.label === metric.value);
  const chosenValues = (key) =>
    choices.keys.includes(key) ? choices.get(key).map((box) => box.value) : [];

  const chosenCases = () => {
    const wanted = run.facets
      .map(({ key, values, codes }) => {
        const chosen = chosenValues(key).map((value) => values.indexOf(value));
        return { codes, chosen: new Set(chosen) };
      })
      .filter(({ chosen }) => chosen.size);
    const cases = [];
    for (let i = 0; i < count; i++) {
      if (wanted.every(({ codes, chosen }) => chosen.has(codes[i]))) cases.push(i);
    }
    return cases;
  };

  const isShown = ({ cells, family, name }) => {
    const families = chosenValues("family");
    if (families.length && !families.includes(family)) return false;
    if (!name.includes(find.value.trim().toLowerCase())) return false;
    if (!budget || !budget.value) return true;
    const seconds = cells.get("runtime").dataset.value;
    return seconds !== "" && Number(seconds) <= Number(budget.value);
  };

  const valueIn = ({ j, cells }, column) => {
    if (shown.has(column)) return shown.get(column)[j][4];
    const cell = cells.get(column);
    const text = cell.dataset.value;
    return cell.classList.contains("number") && text !== "" ? Number(text) : text;
  };

  // Fills the cells of qualities, and hides the columns of suites that no case is left of.
  const fill = () => {
    for (const head of heads) {
      const column = head.dataset.column;
      const gone = column.startsWith("suite:") && !shown.has(column);
      head.hidden = gone;
      for (const { cells } of methods) cells.get(column).hidden = gone;
    }
    const group = element("by-suite");
    if (group) {
      const left = columnsKnown.filter((column) => column.startsWith("suite:") && shown.has(column));
      group.hidden = !left.length;
      group.colSpan = Math.max(1, left.length);
    }
    for (const [column, values] of shown) {
      for (const { j, cells } of methods) {
        const [text, interval, mark, place] = values[j];
        const cell = cells.get(column);
        cell.querySelector(".value").textContent = text;
        cell.querySelector(".mark").textContent = mark;
        cell.querySelector(".interval").textContent = interval;
        cell.classList.toggle("best", place === "best");
        cell.classList.toggle("second", place === "second");
      }
    }
  };

  const fillFinished = (finished, reached) => {
    for (const method of methods) {
      const cell = method.cells.get("cells");
      const own = method.finished;
      cell.dataset.value = finished ? finished[method.j] : own.value;
      const text = finished ? `${finished[method.j]}/${reached}` : own.text;
      cell.querySelector(".value").textContent = text;
    }
  };

  const nameSuites = (chosen) => {
    const text = element("by-suite-text");
    if (!text) return;
    const { label, unit, higher } = run.metrics[chosen];
    text.textContent = `${label} ${higher ? "↑" : "↓"}${unit ? ` ${unit}` : ""}`;
    for (const head of heads) {
      if (!head.dataset.column.startsWith("suite:")) continue;
      head.dataset.first = higher ? "descending" : "ascending";
    }
  };

  const arrange = () => {
    // what isn't comparable comes last by quality, whatever its number
    const byQuality = shown.has(sort.column) || isRank(sort.column);
    const ordered = sorting.order(
      methods,
      (method) => valueIn(method, sort.column),
      sort.descending,
      (method) => byQuality && setAside.has(method.j),
    );
    body.append(...ordered.map(({ row }) => row));
    showSorting(sort.column, sort.descending);
  };

  let turn = 0;
  const update = async () => {
    const now = ++turn;
    const chosen = metricNumber();
    const cases = chosenCases();
    const filtered = cases.length < count;
    let words = `All ${plural(count, "case")}`;
    if (filtered) {
      try {
        await qualities.load(chosen);
      } catch (error) {
        status.textContent = error.message;
        return;
      }
      if (now !== turn) return; // another change came meanwhile
      const found = qualities.someCases(cases, chosen);
      const { compared, finished } = found.support;
      shown = found.columns;
      setAside = new Set(methods.map(({ j }) => j).filter((j) => !compared.includes(j)));
      fillFinished(finished, cases.length);
      words = `${cases.length} of ${count} cases`;
      if (cases.length) {
        const common = found.support.cases.length;
        words += ` · means over the ${common} that all ${plural(compared.length, "method")} compared finished`;
      }
    } else {
      shown = qualities.wholeRun(chosen);
      setAside = new Set(methods.filter(({ aside }) => aside).map(({ j }) => j));
      fillFinished(null);
    }
    fill();
    nameSuites(chosen);
    const visible = methods.filter((method) => {
      method.row.hidden = !isShown(method);
      return !method.row.hidden;
    });
    if (visible.length < methods.length) {
      words += ` · ${visible.length} of ${plural(methods.length, "method")} shown`;
    }
    status.textContent = words;
    table.classList.toggle("filtered", filtered);
    table.classList.toggle("with-intervals", intervals.checked);
    element("filtered-note").hidden = !filtered;
    arrange();
    choices.show();
    writeAddress();
  };

  const showSorting = sorting.heads(table, (column, descending) => {
    sort = { column, descending };
    update();
  });

  const writeAddress = () => {
    const parameters = new URLSearchParams();
    for (const key of choices.keys) {
      for (const value of chosenValues(key)) parameters.append(key, value);
    }
    if (budget && budget.value) parameters.set("budget", budget.value);
    if (metric.value !== usual.metric) parameters.set("metric", metric.value);
    if (find.value.trim()) parameters.set("find", find.value.trim());
    if (intervals.checked) parameters.set("intervals", "1");
    if (sort.column !== usual.sort || sort.descending) {
      parameters.set("sort", `${sort.descending ? "-" : ""}${sort.column}`);
    }
    address.write(parameters);
    element("clear").hidden = !parameters.toString();
  };

  const choose = (select, value, otherwise) => {
    if (!select) return;
    select.value = value || otherwise;
    if (select.selectedIndex < 0) select.value = otherwise;
  };
  const readAddress = () => {
    const keys = [...choices.keys, "budget", "metric", "find", "intervals", "sort"];
    const parameters = address.read(keys);
    if (!parameters) return false;
    for (const key of choices.keys) choices.set(key, parameters.getAll(key));
    choose(budget, parameters.get("budget"), "");
    choose(metric, parameters.get("metric"), usual.metric);
    find.value = parameters.get("find") || "";
    intervals.checked = parameters.get("intervals") === "1";
    const asked = parameters.get("sort") || usual.sort;
    const column = asked.replace(/^-/, "");
    sort = columnsKnown.includes(column)
      ? { column, descending: asked.startsWith("-") }
      : { column: usual.sort, descending: false };
    return true;
  };

  const measure = ({ label, unit }) => (unit ? `${label} (${unit})` : label);
  const columnName = (head) => {
    const column = head.dataset.column;
    const name = column.slice(column.indexOf(":") + 1);
    if (column.startsWith("metric:")) {
      return measure(run.metrics.find(({ label }) => label === name));
    }
    if (column.startsWith("suite:")) return `${name}: ${measure(run.metrics[metricNumber()])}`;
    if (/^(rank|mean-rank):/.test(column)) {
      return ranks > 1 ? `${head.textContent.trim()} (${name})` : head.textContent.trim();
    }
    const named = { runtime: "Runtime (s)", memory: "Memory (bytes)", cells: "Finished" };
    return named[column] || head.textContent.trim();
  };
  const written = (method, column) => {
    if (isRank(column) || column === "cells") {
      return method.cells.get(column).querySelector(".value").textContent.replace("–", "-");
    }
    const value = valueIn(method, column);
    return typeof value === "number" ? Number(value.toPrecision(7)) : value;
  };
  const download = () => {
    const columns = heads.filter((head) => !head.hidden);
    const detailed = (head) => intervals.checked && shown.has(head.dataset.column);
    const names = columns.flatMap((head) =>
      detailed(head) ? [columnName(head), `${columnName(head)} interval`] : [columnName(head)],
    );
    const lines = [...body.rows]
      .filter((row) => !row.hidden)
      .map((row) => methods[Number(row.dataset.method)])
      .map((method) => [
        method.family,
        ...columns.flatMap((head) => {
          const column = head.dataset.column;
          const value = written(method, column);
          return detailed(head) ? [value, shown.get(column)[method.j][1]] : [value];
        }),
      ]);
    const title = document.querySelector("h1").textContent.trim().replace(/[^\w.-]+/g, "-");
    csv.download(`${title || "run"}-leaderboard.csv`, [["Family", ...names], ...lines]);
  };

  element("download").addEventListener("click", download);
  element("clear").addEventListener("click", () => {
    form.reset();
    sort = { column: usual.sort, descending: false };
    update();
    element("download").focus();
  });
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => readAddress() && update());
  readAddress();
  form.hidden = false;
  update();
})();
