"""A program that speaks to a Redis through kombu and Celery, as its test tells it.

kombu_peer.py URL TRANSPORT_OPTIONS     the options as JSON

Reads one JSON command a line, and answers each with one JSON line:
  {"do": "publish", "type", "exchange", "key", "body", "priority"}
  {"do": "declare", "type", "exchange", "key", "queue"}
  {"do": "consume", "type", "exchange", "key", "queue"}     from now on
  {"do": "take"}     the body of the next message that comes; it is acknowledged
  {"do": "lookup", "type", "exchange", "key"}     the queues that kombu would put a message into
  {"do": "ping"}     what app.control.ping gets within 5 s, or from the first who answers
"""

import json
import sys
from queue import Queue as Mailbag

from celery import Celery
from kombu import Connection, Consumer, Exchange, Producer, Queue

url, options = sys.argv[1], json.loads(sys.argv[2])
connection = Connection(url, transport_options=options)
channel = connection.channel()
received = Mailbag()


def receive(body, message):
    message.ack()
    received.put(body)


def publish(command):
    exchange = Exchange(command["exchange"], type=command["type"])
    Producer(channel).publish(
        command["body"],
        exchange=exchange,
        routing_key=command["key"],
        declare=[exchange],
        priority=command.get("priority", 0),
    )


def queue_of(command):
    exchange = Exchange(command["exchange"], type=command["type"])
    return Queue(command["queue"], exchange, routing_key=command["key"])


def declare(command):
    queue_of(command)(channel).declare()


def consume(command):
    consumer = Consumer(channel, [queue_of(command)], callbacks=[receive], accept=["json"])
    consumer.consume()
    # The subscription is made when events are drained for the first time.
    try:
        connection.drain_events(timeout=0.1)
    except TimeoutError:
        pass


def take(_command):
    while received.empty():
        connection.drain_events(timeout=60)
    return received.get()


def lookup(command):
    Exchange(command["exchange"], type=command["type"])(channel).declare()
    return sorted(channel._lookup(command["exchange"], command["key"]))


def ping(_command):
    app = Celery("asker", broker=url)
    app.conf.broker_transport_options = options
    return app.control.ping(timeout=5, limit=1)


commands = [publish, declare, consume, take, lookup, ping]
known = {command.__name__: command for command in commands}
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    told = json.loads(line)
    print(json.dumps(known[told["do"]](told)), flush=True)
