/** Arrow keys in a grid: a way of their own, beside the tab key's. */

/**
 * Moves the focus among the links of a grid, as an arrow key, Home or End says.
 * @param {KeyboardEvent} event
 */
export function moveAmong(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const links = [...event.currentTarget.querySelectorAll(".shelf a")];
  const at = links.indexOf(document.activeElement);
  if (at < 0) return;
  const rows = links.findIndex((link) => link.offsetTop > links[0].offsetTop);
  const columns = rows < 0 ? links.length : rows;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: links.length - 1 - at };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  links[at + step]?.focus();
}
