// A channel: the form with the lint beside it, and the way back to what holds for channels that nobody named.

import { editorPage } from "../entry/editor.js";
import { removalPanel } from "../entry/removal.js";
import { CHANNEL } from "./kind.js";

export const channelPage = (main, name) => editorPage(main, CHANNEL, name, ({ isNew, mayWrite, tag }) =>
  ({ panels: !isNew && mayWrite ? [removalPanel(CHANNEL, name, tag)] : [] }));
