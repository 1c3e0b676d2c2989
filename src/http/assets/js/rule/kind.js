// A rule as the catalogue knows it: a condition, and what it sets of the tickets for which it holds.

export const RULE = {
  name: "rule",
  part: "rules",
  right: "rules.manage",
  groups: [
    ["condition", [["when", "condition"]]],
    ["sets", [["set.role", "role"], ["set.split", "shares"], ["set.priority", "priority"], ["set.raise_priority", "number", 0, 9], ["set.skills", "levels"], ["set.permissions", "names"]]],
  ],
  folded: new Set(),
};
