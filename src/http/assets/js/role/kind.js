// A role as the catalogue knows it: where it is asked for, who may change it, and which control each of its members has.

const STRATEGIES = ["longest_idle", "least_loaded", "most_loaded", "round_robin", "random", "rank", "most_skilled", "least_flexible", "ring_all"];

export const ROLE = {
  name: "role",
  part: "roles",
  right: "roles.manage",
  /** Groups of `[member, kind, …]`. What is left empty is as by default. */
  groups: [
    ["about", [["description", "text"], ["responsibilities", "lines"]]],
    ["work", [["ticket_types", "names"], ["channels", "names"], ["strategy", "choice", STRATEGIES, "strategy"], ["order", "choice", ["priority", "deadline", "aged", "fifo"]], ["dispatch", "choice", ["push", "pull"]], ["weight", "number", 0, 1000]]],
    ["promise", [["target", "target"], ["overflow", "overflow"]]],
    ["rights", [["permissions", "names"], ["permissions_denied", "names"]]],
    ["offers", [["acceptance", "choice", ["auto", "offer"]], ["offer_timeout", "duration"], ["ring_max", "number", 1, 50], ["wrap_up", "duration"], ["decline_cooldown", "duration"], ["no_answer_cooldown", "duration"], ["busy_cooldown", "duration"]]],
    ["owners", [["owner_grace", "duration"], ["first_reply_within", "duration"], ["sticky_wait", "duration"], ["last_agent", "duration"], ["resume_within", "duration"], ["rank_max", "number", 1, 1000], ["reserve", "number", 0, 10_000], ["priority_worth", "duration"]]],
    ["bounds", [["hours", "text"], ["when_closed", "way"], ["max_wait", "duration"], ["when_waited", "way"], ["max_waiting", "number", 0, 1_000_000], ["when_full", "way"], ["replaces", "names"]]],
  ],
  /** Those that are shown folded at first: most roles leave them as they are. */
  folded: new Set(["offers", "owners", "bounds"]),
};
