// Runs before the first paint so that a remembered theme does not flash. Same key as src/theme/theme.ts.
(() => {
  try {
    const theme = localStorage.getItem("clew.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // No storage (private window): the system's theme applies.
  }
})();
