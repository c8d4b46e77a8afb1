"use strict";
for (const button of document.querySelectorAll("button.copy")) {
  const source = button.previousElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      // without a clipboard, select the text, ready for the keyboard
      getSelection().selectAllChildren(source);
      return;
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}
