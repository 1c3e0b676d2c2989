// Who may come in, and who did what.

import { h } from "../dom.js";
import { may } from "../session.js";
import { t } from "../texts.js";
import { auditPanel } from "./audit.js";
import { tokensPanel } from "./tokens.js";

export async function accessPage(main) {
  main.className = "listing";
  const panels = [may("tokens.manage") && tokensPanel(), may("audit.view") && auditPanel()].filter(Boolean);
  main.append(h("header", { class: "page-head" }, h("h1", {}, t("nav.access"))), ...panels.map((panel) => panel.element));
  await Promise.all(panels.map((panel) => panel.load()));
}
