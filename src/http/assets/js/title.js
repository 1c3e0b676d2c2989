// The document's title: the page, and before it how many offers wait for an answer, which is seen from another tab.

let page = "rolecall";
let count = 0;

const draw = () => { document.title = count ? `(${count}) ${page}` : page; };

/** The title of a page with this heading; null for one that has none. */
export function nameInTitle(heading) {
  page = heading ? `${heading} · rolecall` : "rolecall";
  draw();
}

export function countInTitle(offers) {
  count = offers;
  draw();
}
