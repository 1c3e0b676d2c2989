//! What is durable.
