#!/usr/bin/env python3
"""A client of rolecall in Python, with pika: an agent's desktop, and a helpdesk that sends tickets.

    pip install pika
    python rolecall.py desk anna billing            # anna comes online, takes what she is given, completes it
    python rolecall.py tickets billing 3            # three tickets, and what becomes of them

ROLECALL_AMQP_URI and ROLECALL_AMQP_PREFIX say where, as for the daemon.
"""

import json
import os
import sys
import uuid

import pika

URI = os.environ.get("ROLECALL_AMQP_URI", "amqp://guest:guest@127.0.0.1:5672/%2f")
PREFIX = os.environ.get("ROLECALL_AMQP_PREFIX", "rolecall")
REPEATS_REMEMBERED = 10_000
PATIENCE_S = 60


class Rolecall:
    """Says events and hears what the daemon says."""

    def __init__(self, app_id):
        self.app_id = app_id
        self.channel = pika.BlockingConnection(pika.URLParameters(URI)).channel()
        # Without a confirm nobody knows whether the broker has an event.
        self.channel.confirm_delivery()
        self.heard = {}

    def say(self, kind, data, event_id=None):
        """Publishes an event. Send it again with the same id where this fails: the daemon knows a repeat by its id."""
        properties = pika.BasicProperties(
            type=kind,
            message_id=event_id or str(uuid.uuid4()),
            app_id=self.app_id,
            content_type="application/json",
            delivery_mode=pika.DeliveryMode.Persistent,
        )
        # Mandatory: what no queue takes is an error, and not lost.
        self.channel.basic_publish(f"{PREFIX}.events", kind, json.dumps(data).encode(), properties, mandatory=True)

    def listen(self, *keys):
        """A queue of one's own, from now on. One that is to outlive the process has a name and is durable."""
        queue = self.channel.queue_declare("", exclusive=True).method.queue
        for key in keys:
            self.channel.queue_bind(queue, f"{PREFIX}.assignments", key)
        return queue

    def events(self, queue, patience_s=None):
        """What is said, one after the other; each is acknowledged when the next is asked for. Whoever waits for something that
        has to come says for how long."""
        for method, _, body in self.channel.consume(queue, inactivity_timeout=patience_s):
            if method is None:
                raise TimeoutError(f"nothing was said within {patience_s} s")
            event = json.loads(body)
            # Whatever is said may come twice, under the same id.
            if event["id"] not in self.heard:
                self.heard[event["id"]] = True
                if len(self.heard) > REPEATS_REMEMBERED:
                    del self.heard[next(iter(self.heard))]
                yield event["type"], event["data"]
            self.channel.basic_ack(method.delivery_tag)


def desk(agent_id, role, count=None):
    """An agent who accepts what is offered, and completes what is assigned: for ever, or so many."""
    rolecall = Rolecall(f"desk-{agent_id}")
    queue = rolecall.listen("assignment.offered.#", "assignment.assigned.#", "assignment.revoked.#")
    rolecall.say("agent.registered", {"agent_id": agent_id, "roles": [role]})
    rolecall.say("agent.presence", {"agent_id": agent_id, "status": "online"})
    done = 0
    # Who works for ever may have nothing to do for ever.
    for kind, data in rolecall.events(queue, None if count is None else PATIENCE_S):
        if data.get("agent_id") != agent_id:
            continue
        ticket = {"ticket_id": data["ticket_id"], "agent_id": agent_id}
        if kind == "assignment.offered":
            # The assignment's id says which offer: one that is over is answered with stale_assignment.
            rolecall.say("ticket.accepted", ticket | {"assignment_id": data["assignment_id"]})
        elif kind == "assignment.assigned":
            print(f"{agent_id} has {data['ticket_id']} after {data['waited_ms']} ms", flush=True)
            rolecall.say("ticket.completed", ticket | {"outcome": "solved"})
            done += 1
        if done == count:
            rolecall.say("agent.presence", {"agent_id": agent_id, "status": "offline"})
            return


def tickets(role, count):
    """Sends so many tickets and waits until they are done."""
    rolecall = Rolecall("helpdesk")
    # First the ear, then the mouth: what is said before one listens is not heard.
    queue = rolecall.listen("assignment.#", "ticket.#")
    batch = uuid.uuid4().hex[:8]
    waiting = {f"{batch}-{number}" for number in range(count)}
    for ticket_id in sorted(waiting):
        rolecall.say(
            "ticket.created",
            {"ticket_id": ticket_id, "role": role, "channel": "chat", "subject": "It does not work"},
            # The same event has the same id, however often it is sent.
            event_id=f"{ticket_id}-created",
        )
    for kind, data in rolecall.events(queue, PATIENCE_S):
        if data.get("ticket_id") in waiting:
            print(f"{data['ticket_id']}: {kind}", flush=True)
            if kind == "assignment.completed":
                waiting.discard(data["ticket_id"])
        if not waiting:
            return


def main(arguments):
    match arguments:
        case ["desk", agent_id, role, *count]:
            desk(agent_id, role, *map(int, count[:1]))
        case ["tickets", role, count]:
            tickets(role, int(count))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
