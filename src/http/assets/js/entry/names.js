// Lists of names as people type them, with commas between. A name may have any letters: one that would be read as something else
// stands in quotation marks, which are doubled inside it.

const IS_QUOTED = /^"((?:[^"]|"")*)"$/;
const PART = /\s*("(?:[^"]|"")*"[^,]*|[^,]*)(?:,|$)/g;

export const writtenName = (name) => (/,|^["\s]|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

export const writtenNames = (names) => names.map(writtenName).join(", ");

const parts = (text) => [...text.matchAll(PART)].map(([, part]) => part.trim()).filter(Boolean);

const named = (part) => part.match(IS_QUOTED)?.[1].replaceAll('""', '"') ?? part;

export const readNames = (text) => parts(text).map(named);

/** Names with what is said of each behind the last `=`; undefined where nothing is. */
export const readPairs = (text) => parts(text).map((part) => {
  const at = IS_QUOTED.test(part) ? -1 : part.lastIndexOf("=");
  return at < 0 ? [named(part), undefined] : [named(part.slice(0, at).trim()), part.slice(at + 1).trim()];
});
