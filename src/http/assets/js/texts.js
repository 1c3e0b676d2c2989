// What the pages say, in the language of whoever reads. One file per language under texts/; all have the same keys.

import { LANGUAGES } from "./languages.js";

const KEPT_AS = "rolecall-language";
let words = {};
let plurals = new Intl.PluralRules("en");
let numbers = new Intl.NumberFormat("en");
let current = LANGUAGES[0];

/** The language in use: its `code`, `name`, `direction`, and the `locale` for numbers and times. */
export const language = () => current;

/** The chosen language, or the first of the browser's that there is, or English. */
function wanted() {
  const known = (code) => LANGUAGES.find((it) => it.code === code?.toLowerCase().split("-")[0]);
  return known(localStorage.getItem(KEPT_AS)) ?? navigator.languages.map(known).find(Boolean) ?? LANGUAGES[0];
}

/** Reads the texts of a language (the wanted one, where none is named) and turns the page to its direction. */
export async function speak(code) {
  if (code) localStorage.setItem(KEPT_AS, code);
  const next = wanted();
  const answer = await fetch(`/assets/texts/${next.code}.json`);
  if (!answer.ok) throw new Error(`the texts of ${next.name} can't be read`);
  words = await answer.json();
  current = next;
  plurals = new Intl.PluralRules(next.code);
  numbers = new Intl.NumberFormat(next.locale);
  document.documentElement.lang = next.code;
  document.documentElement.dir = next.direction;
}

/** Whether there is such a text. */
export const has = (key) => key in words;

/** A number as the language writes it. */
export const written = (value) => numbers.format(value);

/** Letters that are written from right to left. */
const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/gu;

/** A name among other words. One that runs against them would take figures and marks beside it along, so it is kept apart. */
export function apart(name) {
  const [isFromRight, isFromLeft] = [name.search(FROM_RIGHT) >= 0, /\p{L}/u.test(name.replace(FROM_RIGHT, ""))];
  return (current.direction === "rtl" ? isFromLeft : isFromRight) ? `\u2068${name}\u2069` : name;
}

/** A text, its `{names}` filled in. One with a `count` may have several forms; numbers are written as the language does. */
export function t(key, values = {}) {
  const found = words[key];
  if (found === undefined) return key;
  const form = typeof found === "string" ? found : found[plurals.select(values.count ?? 0)] ?? found.other;
  return form.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? written(value) : apart(String(value));
  });
}

/** The text for a code of the API under a heading, or else the code itself. */
export const tCode = (heading, code, values) => (has(`${heading}.${code}`) ? t(`${heading}.${code}`, values) : code);
