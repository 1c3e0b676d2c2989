// Buttons that take no press for now: while what they set going is under way, and for a moment after something moved under the
// pointer. Such a button keeps its place and the focus, which one that is disabled loses.

const MOMENT_MS = 1_000; // The slowest double click that systems let one choose takes 900 ms.

/** By how many each is shut. */
const shutBy = new WeakMap();

/** Shuts a button; gives back what opens it again, unless somebody else has it shut as well. */
export function shut(button) {
  shutBy.set(button, (shutBy.get(button) ?? 0) + 1);
  button.setAttribute("aria-disabled", "true");
  return () => {
    shutBy.set(button, shutBy.get(button) - 1);
    if (shutBy.get(button) === 0) button.removeAttribute("aria-disabled");
  };
}

/** Shuts the buttons in an element that was just drawn or moved: the second press of a double click is meant for what stood
 *  there before. */
export function shutForAMoment(element) {
  const opening = [...element.querySelectorAll("button")].map(shut);
  setTimeout(() => opening.forEach((open) => open()), MOMENT_MS);
}

// Enter in a field of a form is a press on its button too.
document.addEventListener("click", (press) => {
  if (!press.target.closest("button[aria-disabled]")) return;
  press.preventDefault();
  press.stopImmediatePropagation();
}, true);
