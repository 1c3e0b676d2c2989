// Light or dark: as the system has it, unless somebody said otherwise in this browser.

const KEPT_AS = "rolecall-theme";

/** `auto`, `light` or `dark`. */
export const theme = () => localStorage.getItem(KEPT_AS) ?? "auto";

export function applyTheme(chosen) {
  if (chosen === "auto") localStorage.removeItem(KEPT_AS);
  else if (chosen) localStorage.setItem(KEPT_AS, chosen);
  document.documentElement.dataset.theme = theme();
}
