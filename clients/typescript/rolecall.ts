// A client of rolecall in TypeScript, with amqplib: an agent's desktop, and a helpdesk that sends tickets.
//
//     npm ci && npx tsc
//     node build/rolecall.js desk anna billing         anna comes online, takes what she is given, completes it
//     node build/rolecall.js tickets billing 3         three tickets, and what becomes of them
//
// ROLECALL_AMQP_URI and ROLECALL_AMQP_PREFIX say where, as for the daemon.

import { randomUUID } from "node:crypto";
import amqp, { type ConfirmChannel } from "amqplib";

const URI = process.env.ROLECALL_AMQP_URI ?? "amqp://guest:guest@127.0.0.1:5672/%2f";
const PREFIX = process.env.ROLECALL_AMQP_PREFIX ?? "rolecall";
const REPEATS_REMEMBERED = 10_000;
const PATIENCE_MS = 60_000;

/** What rolecall says; the members of `data` are in docs/events.md. */
interface Event {
  id: string;
  type: string;
  data: { ticket_id?: string; agent_id?: string; assignment_id?: string; waited_ms?: number };
}

/** Says events and hears what the daemon says. */
class Rolecall {
  private constructor(private readonly appId: string, private readonly channel: ConfirmChannel, readonly close: () => Promise<void>) {}

  static async connect(appId: string): Promise<Rolecall> {
    const connection = await amqp.connect(URI);
    // Without a confirm nobody knows whether the broker has an event.
    const channel = await connection.createConfirmChannel();
    // What no queue takes comes back, and is lost where nobody looks.
    channel.on("return", ({ fields }) => {
      throw new Error(`no queue takes ${fields.routingKey}: does the daemon run?`);
    });
    return new Rolecall(appId, channel, () => connection.close());
  }

  /** Publishes an event. Send it again with the same id where this fails: the daemon knows a repeat by its id. */
  say(type: string, data: object, id: string = randomUUID()): Promise<void> {
    const options = { type, messageId: id, appId: this.appId, contentType: "application/json", persistent: true, mandatory: true };
    return new Promise((resolve, reject) => {
      this.channel.publish(`${PREFIX}.events`, type, Buffer.from(JSON.stringify(data)), options, (error: unknown) => (error ? reject(error) : resolve()));
    });
  }

  /** Hears what is said from now on, in a queue of one's own; `over` is done when `take` says that it is enough. Whoever waits for
   * something that has to come says for how long. */
  async listen(keys: string[], take: (event: Event) => Promise<boolean>, patienceMs?: number): Promise<{ over: Promise<void> }> {
    const { queue } = await this.channel.assertQueue("", { exclusive: true });
    for (const key of keys) await this.channel.bindQueue(queue, `${PREFIX}.assignments`, key);
    await this.channel.prefetch(1);
    const heard = new Set<string>();
    const over = new Promise<void>((done, failed) => {
      const silence = patienceMs && setTimeout(() => failed(new Error(`nothing was said within ${patienceMs} ms`)), patienceMs);
      this.channel.consume(queue, async (message) => {
        if (!message) return failed(new Error("the broker has taken the queue away"));
        if (silence) silence.refresh();
        const event: Event = JSON.parse(message.content.toString());
        try {
          // Whatever is said may come twice, under the same id.
          const isEnough = !heard.has(event.id) && (await take(event));
          heard.add(event.id);
          if (heard.size > REPEATS_REMEMBERED) heard.delete(heard.values().next().value!);
          this.channel.ack(message);
          if (!isEnough) return;
          if (silence) clearTimeout(silence);
          done();
        } catch (error) {
          failed(error);
        }
      }).catch(failed);
    });
    return { over };
  }
}

/** An agent who accepts what is offered, and completes what is assigned: for ever, or so many. */
async function desk(agent: string, role: string, count = Infinity): Promise<void> {
  const rolecall = await Rolecall.connect(`desk-${agent}`);
  let done = 0;
  // Who works for ever may have nothing to do for ever.
  const patienceMs = count === Infinity ? undefined : PATIENCE_MS;
  const { over } = await rolecall.listen(["assignment.offered.#", "assignment.assigned.#", "assignment.revoked.#"], async ({ type, data }) => {
    if (data.agent_id !== agent) return false;
    const ticket = { ticket_id: data.ticket_id, agent_id: agent };
    if (type === "assignment.offered") {
      // The assignment's id says which offer: one that is over is answered with stale_assignment.
      await rolecall.say("ticket.accepted", { ...ticket, assignment_id: data.assignment_id });
    } else if (type === "assignment.assigned") {
      console.log(`${agent} has ${data.ticket_id} after ${data.waited_ms} ms`);
      await rolecall.say("ticket.completed", { ...ticket, outcome: "solved" });
      done += 1;
    }
    return done >= count;
  }, patienceMs);
  await rolecall.say("agent.registered", { agent_id: agent, roles: [role] });
  await rolecall.say("agent.presence", { agent_id: agent, status: "online" });
  await over;
  await rolecall.say("agent.presence", { agent_id: agent, status: "offline" });
  await rolecall.close();
}

/** Sends so many tickets and waits until they are done. */
async function tickets(role: string, count: number): Promise<void> {
  const rolecall = await Rolecall.connect("helpdesk");
  const batch = randomUUID().slice(0, 8);
  const waiting = new Set(Array.from({ length: count }, (_, number) => `${batch}-${number}`));
  // First the ear, then the mouth: what is said before one listens is not heard.
  const { over } = await rolecall.listen(["assignment.#", "ticket.#"], async ({ type, data }) => {
    if (!data.ticket_id || !waiting.has(data.ticket_id)) return false;
    console.log(`${data.ticket_id}: ${type}`);
    if (type === "assignment.completed") waiting.delete(data.ticket_id);
    return waiting.size === 0;
  }, PATIENCE_MS);
  for (const id of [...waiting]) {
    // The same event has the same id, however often it is sent.
    await rolecall.say("ticket.created", { ticket_id: id, role, channel: "chat", subject: "It does not work" }, `${id}-created`);
  }
  await over;
  await rolecall.close();
}

const [command, ...rest] = process.argv.slice(2);
if (command === "desk" && rest.length >= 2) await desk(rest[0], rest[1], rest[2] ? Number(rest[2]) : undefined);
else if (command === "tickets" && rest.length === 2) await tickets(rest[0], Number(rest[1]));
else {
  console.error("desk AGENT ROLE [COUNT], or tickets ROLE COUNT");
  process.exit(64);
}
