// A channel as the catalogue knows it: what one piece of its work costs an agent, and how it is handed over.

export const CHANNEL = {
  name: "channel",
  part: "channels",
  right: "roles.manage",
  groups: [
    ["slots", [["cost", "number", 0, 1_000_000], ["limit", "number", 0, 10_000], ["interrupts", "names"]]],
    ["handover", [["acceptance", "choice", ["auto", "offer"]], ["offer_timeout", "duration"], ["wrap_up", "duration"], ["owner_grace", "grace"]]],
  ],
  folded: new Set(),
};
