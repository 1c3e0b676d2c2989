// Where one shows a token to come in.

import { Problem } from "./api.js";
import { h, labelled } from "./dom.js";
import { logIn } from "./session.js";
import { t } from "./texts.js";

export function logInPage(main, message, onIn) {
  const field = h("input", { id: "token", type: "password", required: true, spellcheck: "false", autocomplete: "off" });
  const problem = h("p", { class: "problem", role: "alert" }, message ?? "");
  const button = h("button", { class: "primary" }, t("log-in.button"));
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await logIn(field.value.trim());
      return onIn();
    } catch (refusal) {
      problem.textContent = (await Problem.of(refusal)).message;
    }
    button.disabled = false;
    field.value = "";
    field.focus();
  };
  main.className = "centred";
  main.append(h("form", { class: "gate", id: "log-in", autocomplete: "off", onsubmit: submit },
    h("img", { src: "/assets/icon.svg", alt: "", width: 56, height: 56 }),
    h("h1", {}, t("log-in.title")), h("p", { class: "soft" }, t("log-in.text")),
    labelled(t("log-in.token"), field), problem, button, h("p", { class: "hint" }, t("log-in.hint"))));
  field.focus();
}
