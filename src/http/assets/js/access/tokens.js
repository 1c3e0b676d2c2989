// Tokens: made here and shown once, revoked here for good.

import { address, get, send } from "../api.js";
import { choice, h, labelled, table } from "../dom.js";
import { doing, outcome } from "../doing.js";
import { when } from "../format.js";
import { t } from "../texts.js";

const DAY_MS = 86_400_000;
const HEADS = ["name", "level", "agent", "made", "expires", "standing", "revoke"];

export function tokensPanel() {
  const results = h("div", {});
  const place = outcome();
  const load = async () => {
    try {
      const { tokens } = await get(address(["tokens"]));
      results.replaceChildren(tokens.length ? table(t("tokens.title"), HEADS.map((it) => t(`token-column.${it}`)), tokens.map((it) => row(it))) : h("p", { class: "empty" }, t("tokens.none")));
    } catch (problem) {
      results.replaceChildren(h("p", { class: "problem" }, problem.message));
    }
  };
  const row = (token) => {
    const revoke = h("button", { type: "button", class: "small danger", "aria-label": t("tokens.revoke-one", { name: token.name }), onclick: () => {
      if (!confirm(t("tokens.sure", { name: token.name }))) return;
      doing(revoke, place, async () => {
        await send("DELETE", address(["tokens", token.token_id]));
        await load();
      }, t("tokens.revoked", { name: token.name }));
    } }, t("tokens.revoke"));
    return [token.name, t(`level.${token.level}`), token.agent_id ?? "–", `${when(token.made_at)} ${token.made_by}`,
      token.expires_at ? when(token.expires_at) : "–", t(`standing.${token.standing}`), token.standing === "valid" ? revoke : "–"];
  };
  const element = h("section", { class: "panel", "aria-labelledby": "tokens-head" }, h("h2", { id: "tokens-head" }, t("tokens.title")), making(load), place, results);
  return { element, load };
}

function making(onMade) {
  const name = h("input", { required: true, maxlength: 64, pattern: "[A-Za-z0-9._@\\-]+", spellcheck: "false" });
  const level = choice(["agent", "admin", "owner"].map((it) => [it, t(`level.${it}`)]), "agent");
  const agent = h("input", { maxlength: 128, spellcheck: "false" });
  const days = h("input", { type: "number", min: 1, max: 3650 });
  const place = outcome();
  const secret = h("p", { class: "secret", role: "status", hidden: true });
  const button = h("button", { class: "primary" }, t("tokens.make"));
  const submit = (event) => {
    event.preventDefault();
    doing(button, place, async () => {
      const body = { name: name.value.trim(), level: level.value };
      if (agent.value.trim()) body.agent_id = agent.value.trim();
      if (days.value) body.expires_at = new Date(Date.now() + Number(days.value) * DAY_MS).toISOString();
      const made = await send("POST", address(["tokens"]), body);
      secret.hidden = false;
      secret.replaceChildren(h("span", {}, t("tokens.once", { name: made.name })), h("code", { class: "token" }, made.token));
      await onMade();
    });
  };
  return h("details", { class: "fold" }, h("summary", {}, t("tokens.new")),
    h("form", { class: "grid-form", autocomplete: "off", onsubmit: submit },
      labelled(t("token-column.name"), name), labelled(t("token-column.level"), level), labelled(t("tokens.for-agent"), agent, t("tokens.for-agent-hint")),
      labelled(t("tokens.days"), days), button), place, secret);
}
