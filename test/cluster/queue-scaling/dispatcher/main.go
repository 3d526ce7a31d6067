// A consumer of one queue of RabbitMQ that does what the dispatcher of Knative's RabbitMQ broker does: it takes at most
// 100 events at a time, posts up to PARALLELISM of them to the subscriber at the same time, and acknowledges an event
// after the subscriber's answer. It has no retries, no replies and no dead letters: an event that is refused goes back
// to the queue.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// The number of unanswered events that a dispatcher may have (eventing-rabbitmq, pkg/rabbit/connections_handler.go).
const prefetched = 100

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	parallelism, err := strconv.Atoi(os.Getenv("PARALLELISM"))
	if err != nil {
		return fmt.Errorf("PARALLELISM is not a number: %w", err)
	}
	connection, err := amqp.Dial(os.Getenv("RABBITMQ_URL"))
	if err != nil {
		return fmt.Errorf("connect to RabbitMQ: %w", err)
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return fmt.Errorf("open a channel: %w", err)
	}
	if err := channel.Qos(prefetched, 0, false); err != nil {
		return fmt.Errorf("set the number of unanswered events: %w", err)
	}
	events, err := channel.Consume(os.Getenv("QUEUE"), "", false, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("consume the queue: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: parallelism}}
	subscriber := os.Getenv("SUBSCRIBER")
	for range parallelism {
		go func() {
			for event := range events {
				handle(ctx, client, subscriber, event)
			}
		}()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-connection.NotifyClose(make(chan *amqp.Error, 1)):
		return fmt.Errorf("RabbitMQ closed the connection: %w", err)
	}
}

// Posts one event and acknowledges it, or gives it back to the queue.
func handle(ctx context.Context, client *http.Client, subscriber string, event amqp.Delivery) {
	if err := post(ctx, client, subscriber, event); err != nil {
		log.Printf("event %s goes back to the queue: %v", event.MessageId, err)
		// RabbitMQ would deliver the event again at once, so the dispatcher waits a moment before it gives the event back.
		time.Sleep(time.Second)
		if err := event.Nack(false, true); err != nil {
			log.Printf("event %s: %v", event.MessageId, err)
		}
		return
	}
	if err := event.Ack(false); err != nil {
		log.Printf("event %s: %v", event.MessageId, err)
	}
}

func post(ctx context.Context, client *http.Client, subscriber string, event amqp.Delivery) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, subscriber, bytes.NewReader(event.Body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", event.ContentType)
	for name, value := range event.Headers {
		if attribute, found := strings.CutPrefix(name, "cloudEvents:"); found {
			request.Header.Set("Ce-"+attribute, fmt.Sprint(value))
		}
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the subscriber answered %s", response.Status)
	}
	return nil
}
