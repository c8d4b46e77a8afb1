"use strict";
inpaintbench.csv = (() => {
  const field = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const write = (rows) => rows.map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
  const download = (name, rows) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([write(rows)], { type: "text/csv;charset=utf-8" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  return { write, download };
})();
