// Looks at a page from within: what has no name, what is too faint to read, what reaches beyond the screen. Each is sent into the
// page as it stands here.

/** Controls without a name that a screen reader could say. */
export function unlabelled() {
  const isNamed = (it) => it.getAttribute("aria-label") || it.getAttribute("aria-labelledby") || it.labels?.length || it.textContent.trim() || it.title || it.querySelector("img[alt]:not([alt=''])");
  const controls = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [role=img], dialog")];
  return controls.filter((it) => it.checkVisibility() && !isNamed(it)).map((it) => it.outerHTML.slice(0, 120));
}

/** Texts whose contrast with what is behind them is below 4.5, or below 3 where they are large. */
export function tooFaint() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((it) => it / 255).map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4))
    .reduce((sum, it, place) => sum + it * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (it) => {
    for (let at = it; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] > 250) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const it = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !it.checkVisibility() || it.closest(".sr-only, option, noscript, .line[data-new], :disabled")) continue;
    const style = getComputedStyle(it);
    const [a, b] = [light(rgba(it.namespaceURI.endsWith("svg") ? style.fill : style.color)), light(ground(it))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (isLarge ? 3 : 4.5)) faint.push(`${contrast.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return [...new Set(faint)];
}

/** What makes the page scroll sideways. What scrolls by itself may be as wide as it likes. */
export function tooWide() {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width + 1) return [];
  const isInScroller = (it) => it.closest(".table-box, nav, .line-list, .agent-list");
  return [...document.querySelectorAll("body *")].filter((it) => {
    const box = it.getBoundingClientRect();
    return it.checkVisibility() && !isInScroller(it) && (box.right > width + 1 || box.left < -1);
  }).map((it) => `${it.tagName}.${it.className} ${Math.round(it.getBoundingClientRect().width)}`).slice(0, 5);
}
