"use strict";
// Runs before the page is painted, so that a chosen theme doesn't flash.
(() => {
  const root = document.documentElement;
  const themes = ["auto", "light", "dark"];
  const key = "inpaintbench-theme";
  let theme = "auto";
  try {
    theme = localStorage.getItem(key) || "auto";
  } catch {
    // no storage here: the choice holds for this page
  }
  const apply = () => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
  };
  if (!themes.includes(theme)) theme = "auto";
  apply();
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const label = () => {
      button.textContent = `Theme: ${theme}`;
      button.title = "Theme: automatic, light or dark";
    };
    button.addEventListener("click", () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      try {
        localStorage.setItem(key, theme);
      } catch {
        // as above
      }
      apply();
      label();
    });
    label();
    button.hidden = false;
  });
})();
