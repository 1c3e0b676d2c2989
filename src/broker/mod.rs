//! AMQP, and the embedded transport.
