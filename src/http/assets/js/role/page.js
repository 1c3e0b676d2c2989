// A role: the form with the lint beside it, who has it, and what can be done with it as a whole.

import { Problem, address, ask } from "../api.js";
import { h } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { link } from "../router.js";
import { may } from "../session.js";
import { t } from "../texts.js";
import { staffPanel } from "./agents.js";
import { roleForm } from "./form.js";
import { lintPanel } from "./lint.js";
import { NEW } from "./list.js";
import { wholePanel } from "./whole.js";

export async function rolePage(main, name) {
  main.className = "editor";
  const isNew = name === NEW;
  const head = h("h1", {}, isNew ? t("roles.new") : name);
  main.append(h("header", { class: "page-head" }, head));
  let role = {};
  let tag = null;
  try {
    if (!isNew) {
      const answer = await ask("GET", address(["roles", name]));
      tag = answer.headers.get("ETag");
      role = await answer.json();
    }
  } catch (problem) {
    main.append(h("p", { class: "problem" }, problem.message));
    return undefined;
  }
  const mayWrite = may("roles.manage");
  const form = roleForm(role, isNew);
  const lint = lintPanel(form.read, form.mark);
  const place = outcome();
  const save = h("button", { class: "primary" }, t(isNew ? "role.create" : "role.save"));
  const submit = async (event) => {
    event.preventDefault();
    const said = form.read();
    const saved = await doing(save, place, async () => { tag = await write(said, isNew, tag); }, t("role.saved"));
    if (saved && isNew) location.hash = link("roles", said.name);
    else if (saved) lint.look();
  };
  const editor = h("form", { class: "panel", oninput: lint.soon, onchange: lint.soon, onsubmit: submit },
    h("fieldset", { disabled: !mayWrite }, h("legend", { class: "sr-only" }, t("role.form")), form.element),
    mayWrite ? h("div", { class: "form-foot" }, save, place) : h("p", { class: "soft" }, t("role.read-only")));
  const aside = h("div", { class: "beside" }, mayWrite ? lint.element : null);
  main.append(editor, aside);
  const staff = !isNew && may("agents.manage", "reports.view") ? staffPanel(name) : null;
  const whole = !isNew && mayWrite ? wholePanel(name, () => tag) : null;
  aside.append(...[staff?.element, whole].filter(Boolean));
  if (mayWrite) lint.look();
  await staff?.load();
  return lint.end;
}

/** Creates or replaces it, and gives back its new tag. Who has looked at an older one is told, and overwrites nothing. */
async function write(role, isNew, tag) {
  try {
    const answer = isNew
      ? await ask("POST", address(["roles"]), { body: role })
      : await ask("PUT", address(["roles", role.name]), { body: role, headers: tag ? { "If-Match": tag } : {} });
    return answer.headers.get("ETag");
  } catch (problem) {
    if (problem instanceof Problem && problem.code === "changed_meanwhile") problem.message = t("role.changed-meanwhile");
    throw problem;
  }
}
