// The page of one entry of the catalogue: the form with the lint beside it, and what the kind of entry has besides.

import { address, ask, isLostRace, tagOf } from "../api.js";
import { h } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { link } from "../router.js";
import { may } from "../session.js";
import { t } from "../texts.js";
import { entryForm } from "./form.js";
import { lintPanel } from "./lint.js";

export const NEW = " new"; // No name begins with a space that was typed: they are trimmed.

/** Fills the page. `more({ name, isNew, mayWrite, tag })` gives what the kind has besides: `placing`, an element of the form with
 *  the `query` that it adds; `panels` beside it; `load`, to be awaited when the page stands. Gives back what ends the page. */
export async function editorPage(main, kind, name, more) {
  main.className = "editor";
  const isNew = name === NEW;
  main.append(h("header", { class: "page-head" }, h("h1", { dir: "auto" }, isNew ? t(`editor.${kind.name}.new`) : name)));
  const state = { tag: null };
  let entry = {};
  try {
    if (!isNew) {
      const answer = await ask("GET", address([kind.part, name]));
      state.tag = tagOf(answer);
      entry = { ...(await answer.json()), name };
    }
  } catch (problem) {
    main.append(h("p", { class: "problem" }, problem.message));
    return undefined;
  }
  const mayWrite = may(kind.right);
  const besides = await more({ name, isNew, mayWrite, tag: () => state.tag });
  const form = entryForm(kind, entry, isNew);
  const query = () => besides.placing?.query() ?? {};
  const lint = lintPanel(() => draft(kind, form.read(), query()), form.mark);
  const place = outcome();
  const save = h("button", { class: "primary" }, t(isNew ? `editor.${kind.name}.create` : "editor.save"));
  const submit = async (event) => {
    event.preventDefault();
    const said = form.read();
    const saved = await doing(save, place, async () => { state.tag = await write(kind, said, isNew, state.tag, query()); }, t(`editor.${kind.name}.saved`));
    if (saved && isNew) location.hash = link(kind.part, said.name);
    else if (saved) {
      besides.placing?.reset();
      lint.look();
    }
  };
  const editor = h("form", { class: "panel", oninput: lint.soon, onchange: lint.soon, onsubmit: submit },
    h("fieldset", { disabled: !mayWrite }, h("legend", { class: "sr-only" }, t(`editor.${kind.name}.form`)), form.element, besides.placing?.element ?? null),
    mayWrite ? h("div", { class: "form-foot" }, save, place) : h("p", { class: "soft" }, t(`editor.${kind.name}.read-only`)));
  main.append(editor);
  // What stands below the lint would move under the pointer when that speaks for the first time.
  if (mayWrite) await lint.look();
  main.append(h("div", { class: "beside" }, mayWrite ? lint.element : null, ...besides.panels));
  await besides.load?.();
  return lint.end;
}

const draft = (kind, entry, query) => (entry.name ? { path: address([kind.part, entry.name], { ...query, dry_run: true }), body: bodyOf(kind, entry) } : null);

/** A channel's name is in the address, or in what makes it, and nowhere else. */
function bodyOf(kind, { name, ...rest }) {
  return kind.part === "channels" ? rest : { name, ...rest };
}

/** Creates or replaces it, and gives back its new tag. Who has looked at an older one is told, and overwrites nothing. */
async function write(kind, entry, isNew, tag, query) {
  try {
    const answer = isNew
      ? await ask("POST", address([kind.part], query), { body: entry })
      : await ask("PUT", address([kind.part, entry.name], query), { body: bodyOf(kind, entry), headers: tag ? { "If-Match": tag } : {} });
    return tagOf(answer);
  } catch (problem) {
    throw ofThisKind(problem, kind);
  }
}

/** That somebody was faster, in words for that kind of entry. */
export function ofThisKind(problem, kind) {
  if (isLostRace(problem)) problem.message = t(`editor.${kind.name}.changed-meanwhile`);
  return problem;
}
