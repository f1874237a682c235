// What every widget does with the page it is on.

/** Keep Jupyter's shortcuts ("a" adds a cell, "d d" deletes one) from whoever works in `root` with the keyboard. */
function keepShortcutsOut(root) {
  // Jupyter asks the element that has the focus, not those around it.
  root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
}
