// A client of rolecall in Go, with amqp091-go: an agent's desktop, and a helpdesk that sends tickets.
//
//	go run . desk anna billing         anna comes online, takes what she is given, completes it
//	go run . tickets billing 3         three tickets, and what becomes of them
//
// ROLECALL_AMQP_URI and ROLECALL_AMQP_PREFIX say where, as for the daemon.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	repeatsRemembered = 10_000
	patience          = 60 * time.Second
)

// Event is what rolecall says; the members of data are in docs/events.md.
type Event struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Data struct {
		TicketID     string `json:"ticket_id"`
		AgentID      string `json:"agent_id"`
		AssignmentID string `json:"assignment_id"`
		WaitedMs     int64  `json:"waited_ms"`
	} `json:"data"`
}

// Rolecall says events and hears what the daemon says.
type Rolecall struct {
	appID    string
	prefix   string
	channel  *amqp.Channel
	returns  chan amqp.Return
	confirms chan amqp.Confirmation
}

// Connect opens a connection for one program.
func Connect(appID string) (*Rolecall, error) {
	connection, err := amqp.Dial(setting("ROLECALL_AMQP_URI", "amqp://guest:guest@127.0.0.1:5672/%2f"))
	if err != nil {
		return nil, err
	}
	channel, err := connection.Channel()
	if err != nil {
		return nil, err
	}
	// Without a confirm nobody knows whether the broker has an event.
	if err := channel.Confirm(false); err != nil {
		return nil, err
	}
	// A return comes before its confirm.
	returns := channel.NotifyReturn(make(chan amqp.Return, 1))
	// Not its deferred confirms: before 1.8, one that comes at once is waited for in vain (rabbitmq/amqp091-go#182).
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, 1))
	return &Rolecall{appID, setting("ROLECALL_AMQP_PREFIX", "rolecall"), channel, returns, confirms}, nil
}

// Say publishes an event. Send it again with the same id where this fails: the daemon knows a repeat by its id.
func (r *Rolecall) Say(kind, id string, data map[string]any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	message := amqp.Publishing{
		Type: kind, MessageId: id, AppId: r.appID, ContentType: "application/json", DeliveryMode: amqp.Persistent, Body: body,
	}
	number := r.channel.GetNextPublishSeqNo()
	if err := r.channel.PublishWithContext(ctx, r.prefix+".events", kind, true, false, message); err != nil {
		return err
	}
	if err := r.confirmed(ctx, number); err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	select {
	case <-r.returns:
		return fmt.Errorf("no queue takes %s: does the daemon run?", kind)
	default:
		return nil
	}
}

// confirmed waits until the broker has the message of that number, and passes over what an earlier call has given up.
func (r *Rolecall) confirmed(ctx context.Context, number uint64) error {
	for {
		select {
		case confirm, open := <-r.confirms:
			switch {
			case !open:
				return errors.New("the broker has ended the connection")
			case confirm.DeliveryTag == number && !confirm.Ack:
				return errors.New("the broker did not take it")
			case confirm.DeliveryTag == number:
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("no confirm within %s", patience)
		}
	}
}

// Listen gives a queue of one's own what is said from now on. One that is to outlive the process has a name and is durable.
func (r *Rolecall) Listen(keys ...string) (<-chan amqp.Delivery, error) {
	queue, err := r.channel.QueueDeclare("", false, true, true, false, nil)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if err := r.channel.QueueBind(queue.Name, key, r.prefix+".assignments", false, nil); err != nil {
			return nil, err
		}
	}
	if err := r.channel.Qos(1, 0, false); err != nil {
		return nil, err
	}
	return r.channel.Consume(queue.Name, "", false, true, false, false, nil)
}

// Each hands on what is said until take says that it is enough, or nothing is said for so long (0: that may be). Whatever is
// said may come twice, under the same id.
func Each(deliveries <-chan amqp.Delivery, silence time.Duration, take func(Event) (bool, error)) error {
	heard := map[string]bool{}
	for {
		var silent <-chan time.Time
		if silence > 0 {
			silent = time.After(silence)
		}
		select {
		case delivery, open := <-deliveries:
			if !open {
				return errors.New("the broker has ended the connection")
			}
			var event Event
			if err := json.Unmarshal(delivery.Body, &event); err != nil {
				return err
			}
			enough := false
			if !heard[event.ID] {
				var err error
				if enough, err = take(event); err != nil {
					return err
				}
			}
			if len(heard) >= repeatsRemembered {
				heard = map[string]bool{}
			}
			heard[event.ID] = true
			if err := delivery.Ack(false); err != nil || enough {
				return err
			}
		case <-silent:
			return fmt.Errorf("nothing was said within %s", silence)
		}
	}
}

// desk is an agent who accepts what is offered, and completes what is assigned: for ever (-1), or so many.
func desk(agent, role string, count int) error {
	rolecall, err := Connect("desk-" + agent)
	if err != nil {
		return err
	}
	deliveries, err := rolecall.Listen("assignment.offered.#", "assignment.assigned.#", "assignment.revoked.#")
	if err != nil {
		return err
	}
	registered := map[string]any{"agent_id": agent, "roles": []string{role}}
	if err := rolecall.Say("agent.registered", newID(), registered); err != nil {
		return err
	}
	presence := func(status string) error {
		return rolecall.Say("agent.presence", newID(), map[string]any{"agent_id": agent, "status": status})
	}
	if err := presence("online"); err != nil {
		return err
	}
	// Who works for ever may have nothing to do for ever.
	silence := patience
	if count < 0 {
		silence = 0
	}
	done := 0
	err = Each(deliveries, silence, func(event Event) (bool, error) {
		if event.Data.AgentID != agent {
			return false, nil
		}
		ticket := map[string]any{"ticket_id": event.Data.TicketID, "agent_id": agent}
		switch event.Type {
		case "assignment.offered":
			// The assignment's id says which offer: one that is over is answered with stale_assignment.
			ticket["assignment_id"] = event.Data.AssignmentID
			return false, rolecall.Say("ticket.accepted", newID(), ticket)
		case "assignment.assigned":
			fmt.Printf("%s has %s after %d ms\n", agent, event.Data.TicketID, event.Data.WaitedMs)
			ticket["outcome"] = "solved"
			done++
			return done == count, rolecall.Say("ticket.completed", newID(), ticket)
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	return presence("offline")
}

// tickets sends so many tickets and waits until they are done.
func tickets(role string, count int) error {
	rolecall, err := Connect("helpdesk")
	if err != nil {
		return err
	}
	// First the ear, then the mouth: what is said before one listens is not heard.
	deliveries, err := rolecall.Listen("assignment.#", "ticket.#")
	if err != nil {
		return err
	}
	batch, waiting := newID()[:8], map[string]bool{}
	for number := 0; number < count; number++ {
		id := fmt.Sprintf("%s-%d", batch, number)
		waiting[id] = true
		data := map[string]any{"ticket_id": id, "role": role, "channel": "chat", "subject": "It does not work"}
		// The same event has the same id, however often it is sent.
		if err := rolecall.Say("ticket.created", id+"-created", data); err != nil {
			return err
		}
	}
	return Each(deliveries, patience, func(event Event) (bool, error) {
		if waiting[event.Data.TicketID] {
			fmt.Printf("%s: %s\n", event.Data.TicketID, event.Type)
			if event.Type == "assignment.completed" {
				delete(waiting, event.Data.TicketID)
			}
		}
		return len(waiting) == 0, nil
	})
}

func newID() string {
	bytes := make([]byte, 16)
	if _, err := rand.Read(bytes); err != nil {
		log.Fatal(err)
	}
	return hex.EncodeToString(bytes)
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	arguments := os.Args[1:]
	number := func(place, otherwise int) int {
		if len(arguments) <= place {
			return otherwise
		}
		count, err := strconv.Atoi(arguments[place])
		if err != nil {
			log.Fatal(err)
		}
		return count
	}
	var err error
	switch {
	case len(arguments) >= 3 && arguments[0] == "desk":
		err = desk(arguments[1], arguments[2], number(3, -1))
	case len(arguments) == 3 && arguments[0] == "tickets":
		err = tickets(arguments[1], number(2, 1))
	default:
		fmt.Fprintln(os.Stderr, "desk AGENT ROLE [COUNT], or tickets ROLE COUNT")
		os.Exit(64)
	}
	if err != nil {
		log.Fatal(err)
	}
}
