// A role: the form with the lint beside it, who has it, and what can be done with it as a whole.

import { editorPage } from "../entry/editor.js";
import { may } from "../session.js";
import { staffPanel } from "./agents.js";
import { ROLE } from "./kind.js";
import { wholePanel } from "./whole.js";

export const rolePage = (main, name) => editorPage(main, ROLE, name, ({ isNew, mayWrite, tag }) => {
  const staff = !isNew && may("agents.manage", "reports.view") ? staffPanel(name) : null;
  const whole = !isNew && mayWrite ? wholePanel(name, tag) : null;
  return { panels: [staff?.element, whole].filter(Boolean), load: staff?.load };
});
