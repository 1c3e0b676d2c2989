// Why a ticket is where it is: whatever carries data-why on the board can be asked. Uses what wallboard.js declares.
"use strict";

const WHY_AGENTS = { eligible: "may take it", role: "lack the role", rank: "not asked yet, by rank", skill: "lack a skill",
  permission: "lack a permission", offline: "not online", channel_off: "do not take the channel", no_slot: "no free slot",
  interrupted: "hold work that keeps it away", paced: "given enough for now", barred: "not to be asked",
  meant_for_another: "meant for another" };

/** Makes an element ask about a ticket when it is pressed, or not any more. */
function asksWhy(element, ticket) {
  if (element.dataset.why === (ticket ?? undefined)) return;
  if (ticket) element.dataset.why = ticket;
  else delete element.dataset.why;
  element.disabled = !ticket;
  element.title = ticket ? `Why is ${ticket} still here?` : "";
}

async function explain(ticket) {
  $("why-title").textContent = ticket;
  $("why-stage").textContent = "";
  $("why-lines").replaceChildren(make("li", "", "Asking…"));
  $("why-agents").replaceChildren();
  if (!$("why").open) $("why").showModal();
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(TOKEN_KEY)}` };
  try {
    const response = await fetch(`/api/v1/tickets/${encodeURIComponent(ticket)}/explanation?agents=all`, { headers, cache: "no-store" });
    if (!response.ok) throw await failureOf(response);
    if ($("why-title").textContent === ticket) showWhy(await response.json());
  } catch (failure) {
    $("why-lines").replaceChildren(make("li", "", failure.message));
  }
}

function showWhy(why) {
  const named = new Set((why.agents ?? []).map(({ code, agents, more }) => `${code}: ${agents.join(", ")}${more ? ` and ${more} more` : ""}.`));
  $("why-stage").textContent = why.phase;
  $("why-lines").replaceChildren(...why.summary.filter((line) => !named.has(line)).map((line) => make("li", "", readable(line))));
  $("why-agents").replaceChildren(...(why.agents ?? []).flatMap(({ code, agents, more }) => [
    make("dt", "", WHY_AGENTS[code] ?? code), make("dd", "", agents.join(", ") + (more ? ` and ${more} more` : ""))]));
}

/** Moments as the clock of this screen shows them. */
function readable(line) {
  return line.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (moment) => new Date(moment).toLocaleTimeString([], { hour12: false }));
}

document.addEventListener("click", (press) => {
  const asked = press.target.closest("[data-why]");
  if (asked) explain(asked.dataset.why);
});
$("why-close").addEventListener("click", () => $("why").close());
