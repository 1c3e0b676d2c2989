// The same figures for a spreadsheet. A browser follows a link with its cookie and with no token: then the file is fetched.

import { address, ask } from "../api.js";
import { h } from "../dom.js";
import { credentials } from "../session.js";
import { t } from "../texts.js";

export function csvLink(query) {
  const path = address(["reports"], { ...query, format: "csv" });
  const name = `rolecall-${query.by}.csv`;
  const download = async (press) => {
    if (!credentials("GET").Authorization) return;
    press.preventDefault();
    const file = URL.createObjectURL(await (await ask("GET", path)).blob());
    h("a", { href: file, download: name }).click();
    URL.revokeObjectURL(file);
  };
  return h("a", { class: "csv", href: path, download: name, onclick: download }, t("report.csv"));
}
