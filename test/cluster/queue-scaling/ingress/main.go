// An HTTP server that puts the CloudEvents that it gets (binary mode) into a queue of RabbitMQ, as the ingress of
// Knative's RabbitMQ broker does. It declares the queue, and answers 202 after RabbitMQ has confirmed the event.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	connection, err := amqp.Dial(os.Getenv("RABBITMQ_URL"))
	if err != nil {
		return fmt.Errorf("connect to RabbitMQ: %w", err)
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return fmt.Errorf("open a channel: %w", err)
	}
	if err := channel.Confirm(false); err != nil {
		return fmt.Errorf("ask for confirms: %w", err)
	}
	queue := os.Getenv("QUEUE")
	// The type that infra/cluster/onprem/broker.yaml asks for.
	arguments := amqp.Table{"x-queue-type": "quorum"}
	if _, err := channel.QueueDeclare(queue, true, false, false, false, arguments); err != nil {
		return fmt.Errorf("declare the queue: %w", err)
	}
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	go func() { log.Fatalf("RabbitMQ closed the connection: %v", <-closed) }()
	http.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("POST /", func(answer http.ResponseWriter, request *http.Request) {
		if err := publish(channel, queue, request); err != nil {
			log.Printf("event %s: %v", request.Header.Get("Ce-Id"), err)
			http.Error(answer, err.Error(), http.StatusInternalServerError)
			return
		}
		answer.WriteHeader(http.StatusAccepted)
	})
	return http.ListenAndServe(":8080", nil)
}

// Publishes the event of a request, and waits for RabbitMQ's confirm.
func publish(channel *amqp.Channel, queue string, request *http.Request) error {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return err
	}
	headers := amqp.Table{}
	for name := range request.Header {
		if attribute, found := strings.CutPrefix(strings.ToLower(name), "ce-"); found {
			headers["cloudEvents:"+attribute] = request.Header.Get(name)
		}
	}
	ctx := request.Context()
	confirm, err := channel.PublishWithDeferredConfirmWithContext(ctx, "", queue, true, false, amqp.Publishing{
		Headers:      headers,
		ContentType:  request.Header.Get("Content-Type"),
		DeliveryMode: amqp.Persistent,
		MessageId:    request.Header.Get("Ce-Id"),
		Body:         body,
	})
	if err != nil {
		return err
	}
	confirmed, err := confirm.WaitContext(ctx)
	if err != nil {
		return err
	}
	if !confirmed {
		return fmt.Errorf("RabbitMQ refused the event")
	}
	return nil
}
