// Not a module: it runs before the first paint, so that a remembered theme does not flash.
{
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const remembered = () => {
    try { return localStorage.getItem("seenit-theme"); } catch { return null; } // storage may be off
  };
  const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const saved = remembered();
  if (saved === "dark" || saved === "light") root.dataset.theme = saved;

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const tell = () => button.setAttribute("aria-pressed", String(isDark()));
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      try { localStorage.setItem("seenit-theme", root.dataset.theme); } catch { /* only for now */ }
      tell();
    });
    dark.addEventListener("change", tell);
    tell();
  });
}
