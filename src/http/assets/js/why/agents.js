// The agents who might have a ticket, by what each lacks first.

import { h } from "../dom.js";
import { link } from "../router.js";
import { t, tCode } from "../texts.js";

export function agentsTable(why) {
  const groups = (why.agents ?? []).flatMap(({ code, agents, more }) => [
    h("dt", {}, tCode("lack", code)),
    h("dd", {}, agents.map((agent, place) => [place ? t("list.comma") : "", h("a", { href: link("agents", agent) }, agent)]),
      more ? ` ${t("list.more", { count: more })}` : ""),
  ]);
  return groups.length ? h("dl", { class: "why-agents" }, groups) : h("p", { hidden: true });
}
